"""What can go wrong on the client's side, each with a code and a sentence.

ClientError
├── ApiError         the HTTP API answered with an error
├── Unreachable      nothing answered at that address
├── UploadError      the video did not get into the bucket
│   └── UploadRefused    ... because storage refused it: trying again with the same input is useless
├── LiveRefused      this token may not follow this job; final
└── NotFinished      the time allowed ran out before the job was finished
"""


class ClientError(Exception):
    """Base of this package's errors."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class ApiError(ClientError):
    """The API's error envelope, with the HTTP status and the seconds of Retry-After where it gave some."""

    def __init__(self, code: str, message: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.status = status
        self.retry_after = retry_after


class Unreachable(ClientError):
    """No HTTP answer at all: wrong address, nothing listening, network down."""

    def __init__(self, message: str) -> None:
        super().__init__("UNREACHABLE", message)


class UploadError(ClientError):
    """The upload did not succeed."""


class UploadRefused(UploadError):
    """Storage refused the upload: `reason` is its own word for it (the Code of the XML answer)."""

    def __init__(self, code: str, message: str, status: int, reason: str) -> None:
        super().__init__(code, message)
        self.status = status
        self.reason = reason


class LiveRefused(ClientError):
    """The service refused to let this token follow this job; asking again would not help."""


class NotFinished(ClientError):
    """The job had not reached a final state within the time allowed."""

    def __init__(self, message: str) -> None:
        super().__init__("NOT_FINISHED", message)
