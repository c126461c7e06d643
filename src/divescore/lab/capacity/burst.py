"""A burst of uploads, in this design set up in three ways and in the one that it replaces."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from divescore.lab.capacity.cost import cost
from divescore.lab.capacity.limits import Limit, limits
from divescore.lab.capacity.measured import Measurement
from divescore.lab.capacity.pipeline import Design, Function, Run, evenly, simulate
from divescore.lab.capacity.polling import replaced, requests_of, simulate_replaced
from divescore.lab.capacity.prices import Prices
from divescore.lab.capacity.scaling import Ramp, fixed, provisioned, standard
from divescore.lab.capacity.svg import Curve, Panel, drawing
from divescore.lab.capacity.times import Always, Quantiles, Times
from divescore.lab.capacity.usage import ledger
from divescore.lab.capacity.workload import DAY, MEASURED_CORES, Assumed, Deployment, Workload, attempt_seconds, vcpus

SAMPLES = 600
# C3D in single precision, clip by clip, took 3.5 times less than the published way (9.7 to 12.9 s) in the same run.
C3D_SINGLE = ((0.0, 9.7 / 3.5), (0.5, 11.3 / 3.5), (1.0, 12.9 / 3.5))


@dataclass(frozen=True)
class Scene:
    """One way to meet the burst, what became of it, and what it cost."""

    name: str
    run: Run
    requests: float  # of a page for its score, beyond the upload itself
    dollars: float  # for all dives

    def document(self) -> dict[str, Any]:
        """The figures as JSON, in seconds."""
        run = self.run
        return {
            "name": self.name,
            "drain": round(run.drain, 1),
            "to_score": {f"p{share * 100:g}": round(run.latency(share), 2) for share in (0.5, 0.9, 0.99)},
            "peak_workers": run.peak_workers,
            "cold_starts": run.cold_starts,
            "requests_per_score": round(self.requests, 2),
            "dollars": round(self.dollars, 2),
        }


def design(deployment: Deployment, assumed: Assumed, worker: Times, posts: float, room: float = float("inf")) -> Design:
    """The stations as deployed on Lambda; `worker` are its attempts' seconds there, `room` the account's concurrency.

    Workers get what is left of the account's concurrency when the other functions have a tenth of it.
    """
    scaling: Ramp = provisioned(*deployment.pollers) if deployment.pollers else standard()
    if deployment.pollers is None:
        scaling = scaling.capped(deployment.worker_concurrency)
    lanes = 4 * deployment.parallelization
    light = Always(assumed.light_cold_start)
    return Design(
        notice=Always(assumed.notice),
        enqueue=Function(standard().capped(0.1 * room), Always(assumed.enqueue), deployment.enqueue_batch, light),
        worker=Function(scaling.capped(0.9 * room), worker, 1, Always(assumed.cold_start)),
        stream=Always(assumed.stream),
        # All pushes about one dive count at its last one.
        notify=Function(
            fixed(lanes),
            Always(assumed.notify_post * posts / 16),
            deployment.stream_batch,
            light,
            Always(assumed.notify),
        ),
    )


def on_lambda(measurement: Measurement, workload: Workload, deployment: Deployment, assumed: Assumed) -> Times:
    """A worker's attempts on Lambda: as widely spread as measured, with the mean that the capacity arithmetic uses."""
    mean = attempt_seconds(measurement.work, workload, deployment, assumed)
    worker = measurement.worker
    if isinstance(worker, Quantiles) and worker.mean > 0:
        return replace(worker, scale=mean / worker.mean)
    return Always(mean)


def scenes(
    jobs: int,
    seconds: float,
    measurement: Measurement,
    workload: Workload,
    deployment: Deployment,
    prices: Prices,
    assumed: Assumed,
    seed: int = 1,
) -> list[Scene]:
    """The burst as deployed, with the quotas raised, and in the old design with as much concurrency as the former."""
    arrivals = evenly(jobs, seconds)
    room = deployment.account_concurrency
    raised = replace(deployment, worker_concurrency=1000, parallelization=10)
    provided = replace(raised, pollers=(40, 400))
    slower = assumed.slowdown * MEASURED_CORES / min(MEASURED_CORES, vcpus(deployment.memory_mb))
    shipped = on_lambda(measurement, workload, deployment, assumed)
    ways: list[tuple[str, Deployment, Times, float]] = [
        (f"as deployed: {deployment.worker_concurrency} workers", deployment, shipped, room),
        ("WorkerConcurrency 1,000", raised, shipped, room),
        ("provisioned mode, 40 to 400 pollers, quota 5,000", provided, shipped, 5000),
        ("WorkerConcurrency 1,000, C3D in single precision", raised, Quantiles(C3D_SINGLE, slower), room),
    ]
    found = [
        _scene(name, arrivals, way, worker, limit, workload, prices, assumed, seed) for name, way, worker, limit in ways
    ]
    old = simulate_replaced(arrivals, assumed, room, seed, _every(seconds))
    asked = sum(requests_of(old)) / jobs
    waited = sum(there - here for here, there in zip(old.queued, old.claimed, strict=True)) / jobs
    dollars = replaced(prices, assumed, waited).per_thousand * jobs / 1000
    return [*found, Scene("replaced: S3 invokes, polling, C3D in double precision", old, asked, dollars)]


def refused(
    jobs: int, seconds: float, measurement: Measurement, workload: Workload, deployment: Deployment, assumed: Assumed
) -> list[Limit]:
    """The limits that would turn uploads of the burst away; the simulation begins when they are in."""
    rate = replace(workload, jobs_per_day=jobs / seconds * DAY, peak_factor=1.0)
    attempt = attempt_seconds(measurement.work, workload, deployment, assumed)
    book = ledger(rate, deployment, attempt, 0.0)
    found = limits(rate, deployment, assumed, book, attempt)
    front = [limit for limit in found if limit.refuses and limit.unit not in ("dives a day", "at once, on average")]
    budget = Limit("daily budget", jobs, deployment.jobs_per_day, "dives a day", "parameter", "JobsPerDay", True)
    return [limit for limit in [budget, *front] if limit.share > 1]


def _scene(
    name: str,
    arrivals: Sequence[float],
    deployment: Deployment,
    worker: Times,
    room: float,
    workload: Workload,
    prices: Prices,
    assumed: Assumed,
    seed: int,
) -> Scene:
    book = ledger(workload, deployment, worker.mean, 0.0)
    run = simulate(design(deployment, assumed, worker, book.posts, room), arrivals, seed, _every(arrivals[-1]))
    wait = sum(there - here for here, there in zip(run.arrived, run.claimed, strict=True)) / len(arrivals)
    book = ledger(workload, deployment, worker.mean, wait)
    day = replace(workload, jobs_per_day=float(len(arrivals)))
    bill = cost(day, deployment, prices, assumed, book, worker.mean, run.cold_starts)
    return Scene(name, run, 0.0, sum(bill.per_thousand.values()) * len(arrivals) / 1000)


def _every(seconds: float) -> float:
    return max(0.5, seconds / SAMPLES * 4)


def picture(jobs: int, seconds: float, found: Sequence[Scene]) -> str:
    """The burst as SVG: scores shown, dives that wait, workers, over minutes."""
    longest = max(scene.run.times[-1] for scene in found[1:]) if len(found) > 1 else found[0].run.times[-1]

    def curve(scene: Scene, values: Sequence[float]) -> Curve:
        shown = [index for index, time in enumerate(scene.run.times) if time <= longest]
        return Curve(scene.name, [scene.run.times[index] / 60 for index in shown], [values[index] for index in shown])

    return drawing(
        f"{jobs:,} uploads within {seconds / 60:g} minutes",
        [
            Panel("Scores shown", "minutes", "dives", [curve(scene, scene.run.done) for scene in found]),
            Panel("Waiting for a worker", "minutes", "dives", [curve(scene, scene.run.waiting) for scene in found]),
            Panel("Workers at work", "minutes", "at once", [curve(scene, scene.run.busy) for scene in found]),
        ],
    )
