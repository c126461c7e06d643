"""What `ws_connect` does: tickets at the door, then one message at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

from divescore.jobs.errors import JobNotFound
from divescore.jobs.table import JobTable
from divescore.live.messages import (
    MessageError,
    Outgoing,
    Ping,
    Subscribe,
    Unsubscribe,
    error_message,
    job_message,
    parse_client_message,
    pong_message,
    unsubscribed_message,
)
from divescore.live.subscriptions import NotConnected, Subscriptions, TooManyJobs
from divescore.live.tokens import Scope, TokenError, TokenForbidden, Tokens


@dataclass(frozen=True)
class Session:
    """The server's side of every socket."""

    table: JobTable
    subscriptions: Subscriptions
    tokens: Tokens
    allowed_origins: frozenset[str]

    def connect(self, connection_id: str, ticket: str | None, headers: Mapping[str, str]) -> None:
        """Let a connection in. Raises TokenError when the ticket or the page's origin is not good."""
        origin = next((value for name, value in headers.items() if name.lower() == "origin"), None)
        # Programs send no origin; a browser always does, and may only come from our page.
        if origin is not None and origin not in self.allowed_origins:
            raise TokenForbidden("Connections from this page are not allowed.")
        self.tokens.verify(ticket, Scope.CONNECT)
        self.subscriptions.connect(connection_id)

    def disconnect(self, connection_id: str) -> None:
        """Clean up after a connection."""
        self.subscriptions.forget(connection_id)

    def answer(self, connection_id: str, text: str | None) -> Outgoing | None:
        """The reply to a client's message: every message gets one, unless its connection has ended (None)."""
        try:
            match parse_client_message(text):
                case Subscribe(token=token):
                    return self._subscribe(connection_id, token)
                case Unsubscribe(job_id=job_id):
                    self.subscriptions.unsubscribe(connection_id, job_id)
                    return unsubscribed_message(job_id)
                case Ping():
                    return pong_message()
        except (MessageError, TokenError, TooManyJobs, JobNotFound) as error:
            return error_message(error.code, error.message)
        except NotConnected:
            return None

    def _subscribe(self, connection_id: str, token: str) -> Outgoing:
        job_id = self.tokens.verify(token, Scope.READ).job_id
        # First the subscription, then the consistent read: whatever changes after the read is pushed.
        self.subscriptions.subscribe(connection_id, job_id)
        try:
            return job_message(self.table.get(job_id))
        except JobNotFound:
            self.subscriptions.unsubscribe(connection_id, job_id)
            raise
