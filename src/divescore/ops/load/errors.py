"""What keeps a load test from being run, each with a code and a sentence.

LoadError
├── Misused          what was asked for makes no sense; nothing was done
├── QuotaInTheWay    the system's own quota would stop the run
├── NobodyListens    the scoring queue has no worker behind it
├── NotPrepared      the jobs of a flood could not be made ready
└── SendFailed       one job could not be sent; counted, and the run goes on
"""


class LoadError(Exception):
    """Base of this package's errors."""

    code = "LOAD_FAILED"
    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Misused(LoadError):
    """The options contradict each other or the service's limits."""

    code = "USAGE"
    exit_code = 2


class QuotaInTheWay(LoadError):
    """A quota of the system is smaller than the run."""

    code = "QUOTA"


class NobodyListens(LoadError):
    """The scoring queue is missing, or no function reads it."""

    code = "NOBODY_LISTENS"


class NotPrepared(LoadError):
    """Making the jobs ready did not succeed; nothing was sent."""

    code = "NOT_PREPARED"


class SendFailed(LoadError):
    """A send that ended in an error; `reason` is the code under which the report counts it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
