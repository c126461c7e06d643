"""The polling design that this one replaced: each upload invokes a 4 GB function; the page asks every five seconds.

The function scores with C3D in double precision and reads its weights in every call: 9.7 to 12.9 s warm on two cores of
the measuring machine, 11.3 to 11.9 s from a cold process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from divescore.lab.capacity.pipeline import Pipeline, Simulation, SimulationTrace
from divescore.lab.capacity.prices import Prices
from divescore.lab.capacity.scaling import fixed
from divescore.lab.capacity.simulation import Function
from divescore.lab.capacity.times import Quantiles
from divescore.lab.capacity.workload import Assumed, slower

POLL_SECONDS = 5.0
MEMORY_MB = 4096
MEASURED = ((0.0, 9.7), (0.5, 11.3), (1.0, 12.9))


@dataclass(frozen=True)
class PollingCost:
    """What a dive took of the polling design, on average."""

    requests: float  # of the page for one score
    seconds: float  # from the upload's end until the page shows it
    per_thousand: float  # US dollars


def service(assumed: Assumed) -> Quantiles:
    """What a call took on Lambda."""
    return Quantiles(MEASURED, slower(assumed, MEMORY_MB))


def simulate_polling(
    arrivals: Sequence[float], assumed: Assumed, concurrency: float, seed: int = 1, every: float | None = None
) -> SimulationTrace:
    """The same arrivals in the polling design; kindly, as if no call were ever throttled, retried or lost.

    In the trace `queued` is when the function was invoked, and `pushed` when the page's next question was answered.
    """
    pipeline = Pipeline(assumed.notice, Function(fixed(concurrency), service(assumed)))
    trace = Simulation(pipeline, arrivals, seed).run(every)
    # A page begins to ask when its upload ends.
    for job, (arrived, scored) in enumerate(zip(trace.arrived, trace.scored, strict=True)):
        trace.pushed[job] = arrived + ceil((scored - arrived) / POLL_SECONDS) * POLL_SECONDS
    return trace


def requests_of(trace: SimulationTrace) -> list[float]:
    """How often each page asked."""
    return [(seen - came) / POLL_SECONDS for came, seen in zip(trace.arrived, trace.pushed, strict=True)]


def polling_cost(prices: Prices, assumed: Assumed, wait: float = 0.0) -> PollingCost:
    """A dive that waits `wait` seconds for a free function; every question is a call of the API, a function and S3."""
    attempt = service(assumed).mean
    until = assumed.notice + wait + attempt
    requests = until / POLL_SECONDS + 0.5
    question = (
        prices["http_request"]
        + prices["lambda_request"]
        + 0.03 * 0.5 * prices["lambda_gb_second"]
        + prices["s3_get"]
        + 1e-6 * prices["transfer_gb"]
    )
    scoring = prices["lambda_request"] + attempt * MEMORY_MB / 1024 * prices["lambda_gb_second"]
    return PollingCost(requests, requests * POLL_SECONDS, 1000 * (scoring + prices["s3_put"] + requests * question))
