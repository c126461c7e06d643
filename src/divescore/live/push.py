"""Posting to one connection of the WebSocket API."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from botocore.exceptions import ClientError, ReadTimeoutError

from divescore.aws import throttled
from divescore.live.messages import Outgoing

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


class Management(Protocol):
    """The two calls of a WebSocket API's `@connections` that are made here; each raises botocore's errors."""

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> object:
        """Send a message."""

    def delete_connection(self, *, ConnectionId: str) -> object:
        """End a connection."""


@dataclass(frozen=True)
class Pusher:
    """Posts messages; errors of the service itself are raised (botocore's ClientError or BotoCoreError)."""

    management: Management  # with POST_TIMEOUTS and no retries of its own

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
