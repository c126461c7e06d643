"""What can keep an operator from replaying, each with a code and a sentence that says what to do.

ReplayError
├── AwsError             UNREACHABLE: nothing answers; NOT_ALLOWED: credentials that have expired, or without a right;
│                        NOT_FOUND: a queue, table or function is missing; REFUSED: for another reason
├── AlreadyRunning       another replay of the same system has not ended
├── DeadLetterNotFound   nothing of that id lies in the queues
└── BadExport            the file is no export, or cannot be read
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


class AwsError(ReplayError):
    """AWS, or the local engine, did not do what we asked. `code` says which of the four kinds it is."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class AlreadyRunning(ReplayError):
    """Two replays of one system would wait for each other's dead letters."""

    code = "AT_WORK"


class DeadLetterNotFound(ReplayError):
    """Nothing of that id lies in the queues."""

    code = "NO_SUCH_LETTER"


class BadExport(ReplayError):
    """A file that is no export, or cannot be read."""

    code = "BAD_EXPORT"


def explained(error: BotoCoreError | ClientError) -> AwsError:
    """What boto3 raised, as a sentence for an operator."""
    match error:
        case EndpointConnectionError() | ConnectTimeoutError() | ReadTimeoutError():
            address = error.kwargs["endpoint_url"]
            hint = f" {START_IT}" if on_this_machine(address) else ""
            return AwsError("UNREACHABLE", f"Nothing answers at {address}.{hint}")
        case ClientError():
            code, operation = error.response["Error"]["Code"], error.operation_name
            sentence = error.response["Error"].get("Message", code)
            if code in _MISSING:
                return AwsError(
                    "NOT_FOUND", f"{operation}: what the stack names is not there ({sentence}). Is it the right stack?"
                )
            if code in _FORBIDDEN:
                return AwsError("NOT_ALLOWED", f"These credentials may not do {operation}: {sentence}")
            return AwsError("REFUSED", f"{operation} was refused: {code}: {sentence}")
        case _:
            return AwsError("REFUSED", str(error))
