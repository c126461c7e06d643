"""Posting to one connection of the WebSocket API."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from divescore.aws import throttled
from divescore.live.messages import Outgoing

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

# One try takes no longer than this: connect, read, in seconds. A push that comes much later helps nobody.
POST_TIMEOUTS = (1.0, 2.0)
# Pauses before each further try; a client that takes nothing for about a second is better off with a fresh snapshot.
BACK_OFF_SECONDS = (0.05, 0.2, 0.6)


class Pushed(StrEnum):
    """What became of a push."""

    SENT = "sent"
    GONE = "gone"  # the connection has ended
    SLOW = "slow"  # it takes nothing for now: its buffer at API Gateway is full, or the post was not answered in time
    CLOSED = "closed"  # it took nothing for too long, so we closed it: its client reconnects and gets a snapshot


def jittered(pause: float) -> float:
    """A pause of half to one and a half its length, so that those who failed together do not come back together."""
    return pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret


@dataclass(frozen=True)
class Pusher:
    """Posts messages; errors of the service itself are raised (botocore's ClientError or BotoCoreError)."""

    management: "ApiGatewayManagementApiClient"  # with POST_TIMEOUTS and no retries of its own
    sleep: Callable[[float], None] = time.sleep

    def post(self, connection_id: str, message: Outgoing) -> Pushed:
        """One try: SENT, GONE or SLOW."""
        try:
            self.management.post_to_connection(ConnectionId=connection_id, Data=message.data)
        except ReadTimeoutError:
            return Pushed.SLOW
        except ClientError as error:
            if _is_gone(error):
                return Pushed.GONE
            if throttled(error):
                return Pushed.SLOW
            raise
        return Pushed.SENT

    def push(self, connection_id: str, message: Outgoing) -> Pushed:
        """Post until it is sent or the back-off is used up: SENT, GONE or SLOW."""
        for pause in BACK_OFF_SECONDS:
            try:
                outcome = self.post(connection_id, message)
            except (BotoCoreError, ClientError):
                outcome = Pushed.SLOW  # the last try, after the pauses, raises it
            if outcome is not Pushed.SLOW:
                return outcome
            self.sleep(jittered(pause))
        return self.post(connection_id, message)

    def close(self, connection_id: str) -> None:
        """End a connection from our side; one that has ended already is fine."""
        try:
            self.management.delete_connection(ConnectionId=connection_id)
        except ClientError as error:
            if not _is_gone(error):
                raise


def _is_gone(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return error.response["Error"]["Code"] in ("GoneException", "410") or status == 410
