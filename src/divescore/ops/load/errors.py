"""What keeps a load test from being run, each with a sentence that somebody can act on.

LoadError
├── InvalidOptions     what was asked for makes no sense; nothing was done
├── QuotaTooSmall      the system's own quota would stop the run
├── QueueWithoutWorker the scoring queue has no worker behind it
├── NotPrepared        the jobs of a flood could not be prepared
└── SendFailed         one job could not be sent; counted, and the run goes on
"""


class LoadError(Exception):
    """Base of this package's errors."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidOptions(LoadError):
    """The options contradict each other or the service's limits."""


class QuotaTooSmall(LoadError):
    """A quota of the system is smaller than the run."""


class QueueWithoutWorker(LoadError):
    """The scoring queue is missing, or no function reads it."""


class NotPrepared(LoadError):
    """Preparing the jobs did not succeed; nothing was sent."""


class SendFailed(LoadError):
    """A send that ended in an error; `code` is what the report counts it under."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
