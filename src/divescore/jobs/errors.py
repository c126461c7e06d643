"""What can go wrong with a job record.

JobsError
├── JobNotFound      no such record (never created, or removed after its retention)
├── IdempotencyClash a key was used before with another request
├── QuotaExceeded    a client or the whole system has had its share for now
├── MarkedTooOften   the marks of a job were given as often as they may be
└── Contended        too many writers at once; transient
"""


class JobsError(Exception):
    """Base of this domain's errors; carries a `code` for programs and a sentence for people."""

    code = "INTERNAL"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class JobNotFound(JobsError):
    """No record of that id."""

    code = "JOB_NOT_FOUND"

    def __init__(self, job_id: str) -> None:
        super().__init__("There is no such job: it was never created, or its time of keeping is over.")
        self.job_id = job_id


class IdempotencyClash(JobsError):
    """An idempotency key came back with a different request."""

    code = "CONFLICT"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used before for a different request; use a new key.")


class QuotaExceeded(JobsError):
    """A limit on the number of jobs is reached; `retry_after` is in seconds."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class MarkedTooOften(JobsError):
    """The marks of one job were written as often as they may be."""

    code = "MARKED_TOO_OFTEN"

    def __init__(self, times: int) -> None:
        super().__init__(f"The marks of this dive were given {times} times, which is as often as they may be.")


class Contended(JobsError):
    """A conditional write lost against other writers too many times in a row."""

    code = "UNAVAILABLE"

    def __init__(self, job_id: str) -> None:
        super().__init__("The job is being changed by too many writers at once; try again.")
        self.job_id = job_id
