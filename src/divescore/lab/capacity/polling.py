"""The design that this one replaces: each upload invokes a 4 GB function, and the page asks every five seconds.

The function scores with C3D in double precision and reads its weights in every call: 9.7 to 12.9 s warm on two cores of
the measuring machine, 11.3 to 11.9 s from a cold process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from divescore.lab.capacity.events import Clock
from divescore.lab.capacity.pipeline import Run
from divescore.lab.capacity.prices import Prices
from divescore.lab.capacity.scaling import fixed
from divescore.lab.capacity.server import Station
from divescore.lab.capacity.times import Quantiles
from divescore.lab.capacity.workload import MEASURED_CORES, Assumed, vcpus

POLL_SECONDS = 5.0
MEMORY_MB = 4096
MEASURED = ((0.0, 9.7), (0.5, 11.3), (1.0, 12.9))


@dataclass(frozen=True)
class Replaced:
    """What a dive took of the old design, on average."""

    requests: float  # of the page for one score
    seconds: float  # from the upload's end until the page shows it
    per_thousand: float  # US dollars


def service(assumed: Assumed) -> Quantiles:
    """What a call took on Lambda."""
    return Quantiles(MEASURED, assumed.slowdown * MEASURED_CORES / min(MEASURED_CORES, vcpus(MEMORY_MB)))


def simulate_replaced(
    arrivals: Sequence[float], assumed: Assumed, concurrency: float, seed: int = 1, every: float | None = None
) -> Run:
    """The same arrivals in the old design; kindly, as if no call were ever throttled, retried or lost.

    In the run `queued` is when the function was invoked, and `pushed` when the page's next question was answered.
    """
    clock, chance = Clock(), Random(seed)  # noqa: S311 - a simulation wants the same chance every time
    run, finished = Run.of(arrivals), [0]

    def scored(job: int) -> None:
        run.scored[job] = clock.now
        # The page began to ask when its upload ended.
        asked = -(-(clock.now - run.arrived[job]) // POLL_SECONDS) * POLL_SECONDS
        run.pushed[job] = run.arrived[job] + asked
        finished[0] += 1

    def claimed(job: int) -> None:
        run.claimed[job] = clock.now

    station = Station(clock, chance, fixed(concurrency), service(assumed), scored, started=claimed)

    def arrive(job: int) -> None:
        run.queued[job] = clock.now
        station.arrive(job)

    for job, moment in enumerate(arrivals):
        clock.at(moment + assumed.notice, partial(arrive, job))

    def sample() -> None:
        run.times.append(clock.now)
        run.waiting.append(station.waiting)
        run.busy.append(station.busy)
        run.done.append(finished[0])
        if every is not None and finished[0] < len(arrivals):
            clock.after(every, sample)

    if every is not None:
        sample()
    clock.run()
    run.peak_workers, run.worker_seconds = station.peak, station.busy_seconds
    run.invocations = int(sum(requests_of(run)))
    return run


def requests_of(run: Run) -> list[float]:
    """How often each page asked."""
    return [(seen - came) / POLL_SECONDS for came, seen in zip(run.arrived, run.pushed, strict=True)]


def replaced(prices: Prices, assumed: Assumed, wait: float = 0.0) -> Replaced:
    """A dive that waits `wait` seconds for a free function; every question is a call of the API, a function and S3."""
    attempt = service(assumed).mean
    until = assumed.notice + wait + attempt
    requests = until / POLL_SECONDS + 0.5
    question = (
        prices.http_request
        + prices.lambda_request
        + 0.03 * 0.5 * prices.lambda_gb_second
        + prices.s3_get
        + 1e-6 * prices.transfer_gb
    )
    scoring = prices.lambda_request + attempt * MEMORY_MB / 1024 * prices.lambda_gb_second
    return Replaced(requests, requests * POLL_SECONDS, 1000 * (scoring + prices.s3_put + requests * question))
