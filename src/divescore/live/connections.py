"""The `@connections` API of a WebSocket API: two calls, signed and sent by botocore's parts.

A fan-out posts to thousands, and most of the processor that a post takes goes through what a boto3 client does for any
call of any service: its model, its rules of addresses, its hooks. Here is what is left without: half the cost.
"""

import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.credentials import Credentials


class Connections:
    """The connections of one stage, with the signature of boto3's client `apigatewaymanagementapi`. Thread-safe.

    `endpoint` is the stage's address; `timeouts` are for connecting and for reading, in seconds. Calls raise botocore's
    errors and are not tried again. `parallel` is how many run at once.
    """

    def __init__(
        self,
        endpoint: str,
        timeouts: tuple[float, float],
        parallel: int = 10,
        session: "boto3.Session | None" = None,
    ) -> None:
        session = session or boto3.Session()
        self._endpoint = endpoint
        self._region = session.region_name
        self._credentials: Credentials | None = session.get_credentials()
        # Head and body are sent apart: the body must not wait until the head is acknowledged.
        options: Any = {"timeout": timeouts, "socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]}
        self._http = URLLib3Session(max_pool_connections=parallel, **options)

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:
        """Send a message. Raises ClientError (GoneException: it has ended), or BotoCoreError when nothing answers."""
        self._call("POST", "PostToConnection", ConnectionId, Data)

    def delete_connection(self, *, ConnectionId: str) -> None:
        """End a connection. Raises as `post_to_connection` does."""
        self._call("DELETE", "DeleteConnection", ConnectionId, b"")

    def _call(self, method: str, operation: str, connection_id: str, body: bytes) -> None:
        if self._credentials is None:
            raise NoCredentialsError
        address = f"{self._endpoint}/@connections/{quote(connection_id, safe='')}"
        request = AWSRequest(method, address, data=body)
        SigV4Auth(self._credentials.get_frozen_credentials(), "execute-api", self._region).add_auth(request)
        answer = self._http.send(request.prepare())
        # Read to its end, also where nobody looks at it, or the next call needs a new connection.
        content = answer.content
        if answer.status_code >= 300:
            refusal: Any = {
                "Error": {"Code": _code(answer), "Message": content.decode("utf-8", "replace")},
                "ResponseMetadata": {"HTTPStatusCode": answer.status_code},
            }
            raise ClientError(refusal, operation)


def _code(answer: "AWSResponse") -> str:
    """Why a call was refused: in a header or in the body, before a colon or after a #; else the status."""
    named = answer.headers.get("x-amzn-errortype", "")
    if not named:
        try:
            body = json.loads(answer.content)
            named = str(body.get("__type") or body.get("code") or "")
        except (ValueError, AttributeError):
            named = ""
    return named.partition(":")[0].rpartition("#")[2] or str(answer.status_code)
