"""What can keep an operator from replaying, each with a code and a sentence that says what to do.

ReplayError
├── NotReachable     nothing answers at the system's address
├── NotAllowed       credentials that have expired, or without a right
├── NoQueue          a queue, table or function of the stack does not exist
├── Refused          the service refused for another reason
├── AtWork           another replay of the same system has not ended
├── NoSuchLetter     nothing of that id lies in the queues
├── BadFilter        an expression or a time that cannot be read
└── BadExport        the file is no export, or does not hold what is to be removed
"""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from divescore.client.loopback import on_this_machine
from divescore.stack.errors import START_IT

_MISSING = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "NoSuchBucket",
    }
)
_FORBIDDEN = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "403",
    }
)


class ReplayError(Exception):
    """Base of this package's errors."""

    code = "REPLAY"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotReachable(ReplayError):
    """Nothing answers."""

    code = "UNREACHABLE"


class NotAllowed(ReplayError):
    """Without the right."""

    code = "NOT_ALLOWED"


class NoQueue(ReplayError):
    """Something of the stack is not there."""

    code = "NOT_FOUND"


class Refused(ReplayError):
    """The service said no."""

    code = "REFUSED"


class AtWork(ReplayError):
    """Two replays of one system would wait for each other's letters."""

    code = "AT_WORK"


class NoSuchLetter(ReplayError):
    """Nothing of that id."""

    code = "NO_SUCH_LETTER"


class BadFilter(ReplayError):
    """A filter that cannot be read; a matter of usage."""

    code = "BAD_FILTER"


class BadExport(ReplayError):
    """A file that cannot stand for what is to be removed."""

    code = "BAD_EXPORT"


def explained(error: BotoCoreError | ClientError, address: str | None = None) -> ReplayError:
    """What boto3 raised, as a sentence for an operator; `address` is where the system should have answered."""
    match error:
        case EndpointConnectionError() | ConnectTimeoutError() | ReadTimeoutError():
            where = address or "the address of the service"
            hint = f" {START_IT}" if address and on_this_machine(address) else ""
            return NotReachable(f"Nothing answers at {where}.{hint}")
        case ClientError():
            code, operation = error.response["Error"]["Code"], error.operation_name
            sentence = error.response["Error"].get("Message", code)
            if code in _MISSING:
                return NoQueue(f"{operation}: what the stack names is not there ({sentence}). Is it the right stack?")
            if code in _FORBIDDEN:
                return NotAllowed(f"These credentials may not do {operation}: {sentence}")
            return Refused(f"{operation} was refused: {code}: {sentence}")
        case _:
            return Refused(str(error))
