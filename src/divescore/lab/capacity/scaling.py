"""How many invocations may run at once, as time goes on: Lambda's event sources for SQS, and a plain pool.

The figures are AWS's published ones (docs: lambda/latest/dg/services-sqs-scaling, with-sqs): a standard event source
starts with 5 concurrent invocations and adds up to 300 a minute up to 1,250; in provisioned mode a poller carries 10
concurrent invocations, and up to 1,000 are added in a minute.
"""

from dataclasses import dataclass
from math import inf

STANDARD_START, STANDARD_PER_MINUTE, STANDARD_MOST = 5, 300, 1250
PROVISIONED_PER_MINUTE, INVOCATIONS_PER_POLLER = 1000, 10


@dataclass(frozen=True)
class Ramp:
    """`start` invocations at once, then so many more a minute, evenly, up to `most`."""

    start: float
    per_minute: float
    most: float

    def reaches(self, concurrency: float) -> float:
        """Seconds of work until this concurrency is permitted; infinite when it never is."""
        if concurrency > self.most:
            return inf
        missing = concurrency - self.start
        return 0.0 if missing <= 0 else inf if self.per_minute == 0 else missing * 60 / self.per_minute

    def capped(self, most: float) -> "Ramp":
        """The same ramp with a lower end (MaximumConcurrency, reserved or account concurrency)."""
        return Ramp(min(self.start, most), self.per_minute, min(self.most, most))


def fixed(concurrency: float) -> Ramp:
    """A pool that is there from the beginning."""
    return Ramp(concurrency, 0.0, concurrency)


def standard() -> Ramp:
    """An SQS event source as it comes."""
    return Ramp(STANDARD_START, STANDARD_PER_MINUTE, STANDARD_MOST)


def provisioned(least_pollers: int, most_pollers: int) -> Ramp:
    """An SQS event source in provisioned mode."""
    return Ramp(least_pollers * INVOCATIONS_PER_POLLER, PROVISIONED_PER_MINUTE, most_pollers * INVOCATIONS_PER_POLLER)
