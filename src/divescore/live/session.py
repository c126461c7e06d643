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
from divescore.live.subscriptions import SubscriptionError, Subscriptions
from divescore.tokens.tokens import Scope, TokenError, Tokens


class OriginRefused(Exception):
    """The page that connects is not ours."""


@dataclass(frozen=True)
class Session:
    """The server's side of every socket."""

    table: JobTable
    subscriptions: Subscriptions
    tokens: Tokens
    allowed_origins: frozenset[str]

    def connect(self, connection_id: str, ticket: str | None, headers: Mapping[str, str]) -> None:
        """Let a connection in. Raises OriginRefused, or TokenError when the ticket is not good."""
        origin = next((value for name, value in headers.items() if name.lower() == "origin"), None)
        # Programs send no origin; a browser always does, and may only come from our page.
        if origin is not None and origin not in self.allowed_origins:
            raise OriginRefused(origin)
        self.tokens.verify(ticket, Scope.CONNECT)
        self.subscriptions.connect(connection_id)

    def disconnect(self, connection_id: str) -> None:
        """Clean up after a connection."""
        self.subscriptions.forget(connection_id)

    def answer(self, connection_id: str, text: str | None) -> Outgoing:
        """The reply to a client's message: every message gets one."""
        try:
            match parse_client_message(text):
                case Subscribe(token=token):
                    return self._subscribe(connection_id, token)
                case Unsubscribe(job_id=job_id):
                    self.subscriptions.unsubscribe(connection_id, job_id)
                    return unsubscribed_message(job_id)
                case Ping():
                    return pong_message()
        except MessageError as error:
            return error_message(error.code, error.message)
        except TokenError as error:
            return error_message(error.code, error.message, error.job_id)

    def _subscribe(self, connection_id: str, token: str) -> Outgoing:
        claims = self.tokens.verify(token, Scope.READ)
        job_id = claims.job_id
        try:
            # First the subscription, then the consistent read: whatever changes after the read is pushed.
            self.subscriptions.subscribe(connection_id, job_id, claims.expires_at)
            return job_message(self.table.get(job_id))
        except JobNotFound as error:
            self.subscriptions.unsubscribe(connection_id, job_id)
            return error_message(error.code, error.message, job_id)
        except SubscriptionError as error:
            return error_message(error.code, error.message, job_id)
