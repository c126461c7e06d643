"""A burst of uploads, in this design set up in three ways and in the polling design that it replaced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from divescore.lab.capacity.cost import cost
from divescore.lab.capacity.limits import Limit, limit_named, limits
from divescore.lab.capacity.pipeline import Pipeline, Simulation, SimulationTrace, evenly
from divescore.lab.capacity.polling import polling_cost, requests_of, simulate_polling
from divescore.lab.capacity.scaling import fixed, provisioned, standard
from divescore.lab.capacity.simulation import Function
from divescore.lab.capacity.times import Quantiles
from divescore.lab.capacity.usage import usage_of_dive
from divescore.lab.capacity.workload import DAY, Inputs, slower

# C3D in single precision, clip by clip, took 3.5 times less than the published way (9.7 to 12.9 s) in the same run.
C3D_SINGLE = ((0.0, 9.7 / 3.5), (0.5, 11.3 / 3.5), (1.0, 12.9 / 3.5))


@dataclass(frozen=True)
class Scenario:
    """One way to meet the burst, what became of it, and what it cost."""

    name: str
    trace: SimulationTrace
    requests: float  # of a page for its score, beyond the upload itself
    dollars: float  # for all dives

    def document(self) -> dict[str, Any]:
        """The figures as JSON, in seconds."""
        trace = self.trace
        return {
            "name": self.name,
            "drain": round(trace.drain, 1),
            "to_score": {f"p{share * 100:g}": round(trace.latency(share), 2) for share in (0.5, 0.9, 0.99)},
            "peak_workers": trace.peak_workers,
            "cold_starts": trace.cold_starts,
            "requests_per_score": round(self.requests, 2),
            "dollars": round(self.dollars, 2),
        }


def pipeline(inputs: Inputs, worker: Quantiles, posts: float) -> Pipeline:
    """The functions as deployed on Lambda; `worker` are its attempts' seconds there, `posts` those about one dive.

    Workers get what is left of the account's concurrency when the other functions have a tenth of it.
    """
    deployment, assumed = inputs.deployment, inputs.assumed
    room = deployment.account_concurrency
    if deployment.pollers:
        scaling = provisioned(*deployment.pollers)
    else:
        scaling = standard().capped(deployment.worker_concurrency)
    light, lanes = assumed.light_cold_start, 4 * deployment.parallelization
    pushes = assumed.notify_post * posts / 16  # all pushes about one dive count at its last one
    return Pipeline(
        notice=assumed.notice,
        enqueue=Function(standard().capped(0.1 * room), assumed.enqueue, deployment.enqueue_batch, light),
        worker=Function(scaling.capped(0.9 * room), worker, 1, assumed.cold_start),
        stream=assumed.stream,
        notify=Function(fixed(lanes), pushes, deployment.stream_batch, light, around=assumed.notify),
    )


def attempts(inputs: Inputs) -> Quantiles:
    """A worker's attempts on Lambda: as widely spread as measured, with the mean that the capacity arithmetic uses."""
    worker = inputs.measurement.worker
    if worker.mean == 0:
        return Quantiles([(0.0, inputs.attempt), (1.0, inputs.attempt)])
    return replace(worker, scale=inputs.attempt / worker.mean)


def scenarios(jobs: int, seconds: float, inputs: Inputs, seed: int = 1) -> list[Scenario]:
    """The burst as deployed, with the quotas raised, and in the polling design with as much concurrency as deployed."""
    arrivals, every = evenly(jobs, seconds), max(0.5, seconds / 150)
    deployed, assumed = inputs.deployment, inputs.assumed
    raised = replace(deployed, worker_concurrency=1000, parallelization=10)
    provided = replace(raised, pollers=(40, 400), account_concurrency=5000)
    c3d = Quantiles(C3D_SINGLE, slower(assumed, deployed.memory_mb))
    found = [
        _scenario(name, arrivals, replace(inputs, deployment=deployment), worker, seed, every)
        for name, deployment, worker in (
            (f"as deployed: {deployed.worker_concurrency} workers", deployed, attempts(inputs)),
            ("WorkerConcurrency 1,000", raised, attempts(inputs)),
            ("provisioned mode, 40 to 400 pollers, quota 5,000", provided, attempts(inputs)),
            ("WorkerConcurrency 1,000, C3D in single precision", raised, c3d),
        )
    ]
    old = simulate_polling(arrivals, assumed, deployed.account_concurrency, seed, every)
    waited = sum(there - here for here, there in zip(old.queued, old.claimed, strict=True)) / jobs
    dollars = polling_cost(inputs.prices, assumed, waited).per_thousand * jobs / 1000
    name = "replaced: S3 invokes, polling, C3D in double precision"
    return [*found, Scenario(name, old, sum(requests_of(old)) / jobs, dollars)]


def refused(jobs: int, seconds: float, inputs: Inputs) -> list[Limit]:
    """The limits that would turn uploads of the burst away; the simulation begins when they are in."""
    rate = replace(inputs, workload=replace(inputs.workload, jobs_per_day=jobs / seconds * DAY, peak_factor=1.0))
    found = limits(rate, usage_of_dive(rate, rate.attempt, 0.0))
    front = [limit for limit in found if limit.refuses and limit.unit not in ("dives a day", "at once, on average")]
    budget = limit_named("daily budget", jobs, inputs.deployment.jobs_per_day)
    return [limit for limit in [budget, *front] if limit.share > 1]


def _scenario(
    name: str, arrivals: Sequence[float], inputs: Inputs, worker: Quantiles, seed: int, every: float
) -> Scenario:
    jobs = len(arrivals)
    posts = usage_of_dive(inputs, worker.mean, 0.0).posts
    trace = Simulation(pipeline(inputs, worker, posts), arrivals, seed).run(every)
    wait = sum(there - here for here, there in zip(trace.arrived, trace.claimed, strict=True)) / jobs
    usage = usage_of_dive(inputs, worker.mean, wait)
    day = replace(inputs, workload=replace(inputs.workload, jobs_per_day=float(jobs)))
    bill = cost(day, usage, trace.cold_starts)
    return Scenario(name, trace, 0.0, sum(bill.per_thousand.values()) * jobs / 1000)
