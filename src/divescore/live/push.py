"""Posting to one connection of the WebSocket API."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from divescore.live.messages import Outgoing

# Delays before each further try at a connection whose client reads slowly (its buffer at API Gateway is full).
BACK_OFF_SECONDS = (0.05, 0.2)
_SLOW = frozenset({"LimitExceededException", "ThrottlingException", "TooManyRequestsException", "429"})


class Pushed(StrEnum):
    """What became of a push."""

    SENT = "sent"
    GONE = "gone"  # the connection has ended
    CLOSED = "closed"  # it took nothing, so we closed it: its client reconnects and gets a snapshot


@dataclass(frozen=True)
class Pusher:
    """Posts messages; errors of the service itself are raised (botocore's ClientError or BotoCoreError)."""

    management: Any  # boto3's apigatewaymanagementapi client
    sleep: Callable[[float], None] = time.sleep

    def push(self, connection_id: str, message: Outgoing) -> Pushed:
        """Send one message to one connection."""
        for delay in (*BACK_OFF_SECONDS, None):
            try:
                self.management.post_to_connection(ConnectionId=connection_id, Data=message.data)
                return Pushed.SENT
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if _is_gone(error):
                    return Pushed.GONE
                if code not in _SLOW:
                    raise
                if delay is not None:
                    self.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
        self.close(connection_id)
        return Pushed.CLOSED

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
