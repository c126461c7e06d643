"""A burst of uploads, in this design set up in four ways and in the polling design that it replaced.

In the polling design each upload invoked a function of 4 GB, and the page asked every five seconds. The function scored
with C3D in double precision and read its weights in every call: 9.7 to 12.9 s warm on two cores of the measuring
machine, 11.3 to 11.9 s from a cold process.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any

from divescore.lab.capacity.cost import cost
from divescore.lab.capacity.documents import Prices, Quantiles
from divescore.lab.capacity.limits import Limit, limit_named, limits
from divescore.lab.capacity.simulation import STANDARD, Function, Pipeline, Ramp, Simulation, provisioned
from divescore.lab.capacity.usage import SHARDS, usage_of_dive
from divescore.lab.capacity.workload import DAY, Assumed, Inputs, slower

POLL_SECONDS, POLLING_MB = 5.0, 4096
C3D_DOUBLE = ((0.0, 9.7), (0.5, 11.3), (1.0, 12.9))
# C3D in single precision, clip by clip, took 3.5 times less in the same run.
C3D_SINGLE = tuple((share, seconds / 3.5) for share, seconds in C3D_DOUBLE)
DASHES = ("-", "--", ":", "-.", (0, (5, 1)))


@dataclass(frozen=True)
class PollingCost:
    """What a dive took of the polling design, on average."""

    requests: float  # of the page for one score
    seconds: float  # from the upload's end until the page shows it
    per_thousand: float  # US dollars


@dataclass(frozen=True)
class Scenario:
    """One way to meet the burst, what became of it, and what it cost."""

    name: str
    run: Simulation
    requests: float  # of a page for its score, beyond the upload itself
    dollars: float  # for all dives

    def document(self) -> dict[str, Any]:
        """The figures as JSON, in seconds."""
        return {
            "name": self.name,
            "drain": round(self.run.drain, 1),
            "to_score": {f"p{share * 100:g}": round(self.run.latency(share), 2) for share in (0.5, 0.9, 0.99)},
            "peak_workers": self.run.worker.peak,
            "cold_starts": self.run.worker.cold_starts,
            "requests_per_score": round(self.requests, 2),
            "dollars": round(self.dollars, 2),
        }


@dataclass(frozen=True)
class Burst:
    """So many uploads within so many seconds: its scenarios, and the limits that would turn uploads away."""

    jobs: int
    seconds: float
    refused: Sequence[Limit]  # the simulation begins when the uploads are in
    scenarios: Sequence[Scenario]

    @property
    def title(self) -> str:
        """What it is, in words."""
        return f"{self.jobs:,} uploads within {self.seconds / 60:g} minutes"

    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "jobs": self.jobs,
            "seconds": self.seconds,
            "refused_until_raised": [asdict(limit) for limit in self.refused],
            "scenes": [scenario.document() for scenario in self.scenarios],
        }

    def picture(self) -> str:
        """Scores shown, dives that wait and workers at work, over minutes, as one SVG element.

        The first scenario, which may take far longer than the others, is cut where they end.
        """
        from divescore.ops.charts import drawn, svg

        longest = max(scenario.run.samples[-1][0] for scenario in self.scenarios[1:] or self.scenarios)
        with drawn(9, 11) as figure:
            figure.suptitle(self.title, fontsize="large")
            panels = figure.subplots(3, sharex=True)
            for scenario, dashes in zip(self.scenarios, DASHES, strict=False):
                samples = [sample for sample in scenario.run.samples if sample[0] <= longest]
                times, waiting, busy, done = zip(*samples, strict=True)
                minutes = [time / 60 for time in times]
                for axes, values in zip(panels, (done, waiting, busy), strict=True):
                    axes.plot(minutes, values, linestyle=dashes, label=scenario.name)
            names = {"Scores shown": "dives", "Waiting for a worker": "dives", "Workers at work": "at once"}
            for axes, (name, unit) in zip(panels, names.items(), strict=True):
                axes.set(title=name, ylabel=unit, xlim=0, ylim=0)
                axes.yaxis.set_major_formatter("{x:,.0f}")
            panels[-1].set_xlabel("minutes")
            figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left")
            return svg(figure, self.title)


def simulate(jobs: int, seconds: float, inputs: Inputs, seed: int = 1) -> Burst:
    """The burst as deployed, with the quotas raised, and in the polling design with as much concurrency as deployed."""
    arrivals, every = [number * seconds / jobs for number in range(jobs)], max(0.5, seconds / 150)
    deployed, assumed = inputs.deployment, inputs.assumed
    raised = replace(deployed, worker_concurrency=1000, parallelization=10)
    provided = replace(raised, pollers=(40, 400), account_concurrency=5000)
    c3d = Quantiles(C3D_SINGLE, slower(assumed, deployed.memory_mb))
    scenarios = [
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
    scenarios.append(Scenario(name, old, sum(requests_of(old)) / jobs, dollars))
    return Burst(jobs, seconds, refused(jobs, seconds, inputs), scenarios)


def attempts(inputs: Inputs) -> Quantiles:
    """A worker's attempts on Lambda: as widely spread as measured, with the mean that the capacity arithmetic uses."""
    worker = inputs.measurement.worker
    if worker.mean == 0:
        return Quantiles([(0.0, inputs.attempt), (1.0, inputs.attempt)])
    return replace(worker, scale=inputs.attempt / worker.mean)


def refused(jobs: int, seconds: float, inputs: Inputs) -> list[Limit]:
    """The limits that turn uploads of a burst away."""
    rate = replace(inputs, workload=replace(inputs.workload, jobs_per_day=jobs / seconds * DAY, peak_factor=1.0))
    found = limits(rate, usage_of_dive(rate, rate.attempt, 0.0))
    front = [limit for limit in found if limit.refuses and limit.unit not in ("dives a day", "at once, on average")]
    budget = limit_named("daily budget", jobs, inputs.deployment.jobs_per_day)
    return [limit for limit in [budget, *front] if limit.share > 1]


def _pipeline(inputs: Inputs, worker: Quantiles) -> Pipeline:
    """The functions as deployed on Lambda; `worker` are its attempts' seconds there.

    Workers get what is left of the account's concurrency when the other functions have a tenth of it.
    """
    deployment, assumed, room = inputs.deployment, inputs.assumed, inputs.deployment.account_concurrency
    standard = STANDARD.capped(deployment.worker_concurrency)
    scaling = provisioned(*deployment.pollers) if deployment.pollers else standard
    light, lanes = assumed.light_cold_start, Ramp(SHARDS * deployment.parallelization)
    # All pushes about one dive count at its last one; sixteen go at a time.
    pushes = assumed.notify_post * usage_of_dive(inputs, worker.mean, 0.0).posts / 16
    return Pipeline(
        notice=assumed.notice,
        enqueue=Function(STANDARD.capped(0.1 * room), assumed.enqueue, deployment.enqueue_batch, light),
        worker=Function(scaling.capped(0.9 * room), worker, 1, assumed.cold_start),
        stream=assumed.stream,
        notify=Function(lanes, pushes, deployment.stream_batch, light, around=assumed.notify),
    )


def _scenario(
    name: str, arrivals: Sequence[float], inputs: Inputs, worker: Quantiles, seed: int, every: float
) -> Scenario:
    jobs = len(arrivals)
    run = Simulation(_pipeline(inputs, worker), arrivals, seed).run(every)
    wait = sum(there - here for here, there in zip(run.arrived, run.claimed, strict=True)) / jobs
    day = replace(inputs, workload=replace(inputs.workload, jobs_per_day=float(jobs)))
    bill = cost(day, usage_of_dive(inputs, worker.mean, wait), run.worker.cold_starts)
    return Scenario(name, run, 0.0, sum(bill.per_thousand.values()) * jobs / 1000)


def polling_attempts(assumed: Assumed) -> Quantiles:
    """What a call of the polling design's function took on Lambda."""
    return Quantiles(C3D_DOUBLE, slower(assumed, POLLING_MB))


def simulate_polling(
    arrivals: Sequence[float], assumed: Assumed, concurrency: float, seed: int = 1, every: float | None = None
) -> Simulation:
    """The same arrivals in the polling design; kindly, as if no call were ever throttled, retried or lost.

    `queued` is when the function was invoked, and `pushed` when the page's next question was answered.
    """
    run = Simulation(
        Pipeline(assumed.notice, Function(Ramp(concurrency), polling_attempts(assumed))), arrivals, seed
    ).run(every)
    # A page begins to ask when its upload ends.
    for job, (arrived, scored) in enumerate(zip(run.arrived, run.scored, strict=True)):
        run.pushed[job] = arrived + ceil((scored - arrived) / POLL_SECONDS) * POLL_SECONDS
    return run


def requests_of(run: Simulation) -> list[float]:
    """How often each page asked."""
    return [(seen - came) / POLL_SECONDS for came, seen in zip(run.arrived, run.pushed, strict=True)]


def polling_cost(prices: Prices, assumed: Assumed, wait: float = 0.0) -> PollingCost:
    """A dive that waits `wait` seconds for a free function; every question is a call of the API, a function and S3."""
    attempt = polling_attempts(assumed).mean
    requests = (assumed.notice + wait + attempt) / POLL_SECONDS + 0.5
    question = (
        prices["http_request"]
        + prices["lambda_request"]
        + 0.03 * 0.5 * prices["lambda_gb_second"]
        + prices["s3_get"]
        + 1e-6 * prices["transfer_gb"]
    )
    scoring = prices["lambda_request"] + attempt * POLLING_MB / 1024 * prices["lambda_gb_second"]
    return PollingCost(requests, requests * POLL_SECONDS, 1000 * (scoring + prices["s3_put"] + requests * question))
