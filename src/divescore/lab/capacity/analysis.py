"""Everything about one scale together: what a dive takes, what a day costs, which limit comes first."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from divescore.lab.capacity.cost import Cost, cost
from divescore.lab.capacity.limits import SETTINGS, Limit, concurrency, environments, limits, scoring_most
from divescore.lab.capacity.usage import SHARDS, Usage, usage_of_dive
from divescore.lab.capacity.workload import Deployment, Inputs

SCALES = (1e3, 1e4, 1e5, 1e6, 1e7)


@dataclass(frozen=True)
class Analysis:
    """One workload on one deployment."""

    inputs: Inputs
    workers: float  # at once in the busiest minute, if nothing kept them
    usage: Usage
    cost: Cost
    limits: Sequence[Limit]  # the most used first

    @property
    def broken(self) -> list[Limit]:
        """The limits that the busiest minute goes beyond."""
        return [limit for limit in self.limits if limit.share > 1]

    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        workload, usage = self.inputs.workload, self.usage
        return {
            "workload": asdict(workload),
            "deployment": asdict(self.inputs.deployment),
            "dives_per_second": {"average": round(workload.average, 3), "peak": round(workload.peak, 3)},
            "attempt_seconds": round(usage.attempt, 3),
            "workers_at_peak": round(self.workers, 1),
            "per_dive": {
                "calls": [asdict(row) for row in usage.rows],
                "invocations": {name: round(value, 3) for name, value in usage.invocations.items()},
                "write_units": usage.total("writes") + usage.total("index_writes"),
                "read_units": usage.total("reads"),
                "stream_records": usage.total("records"),
                "pushes": round(usage.posts, 2),
            },
            "cost": {
                "per_thousand": {name: round(price, 5) for name, price in self.cost.per_thousand.items()},
                "fixed_per_day": {name: round(price, 4) for name, price in self.cost.per_day.items()},
                "total_per_thousand": round(self.cost.total_per_thousand, 4),
                "total_per_day": round(self.cost.total_per_day, 2),
            },
            "limits": [
                asdict(limit) | {"share": round(limit.share, 4), "jobs_per_day": limit.jobs_per_day(workload, digits=3)}
                for limit in self.limits
            ],
            "first_limit": self.limits[0].name,
        }


def analyse(inputs: Inputs) -> Analysis:
    """Work everything out."""
    usage = usage_of_dive(inputs, inputs.attempt, inputs.assumed.notice + inputs.assumed.enqueue)
    return Analysis(
        inputs=inputs,
        workers=concurrency(inputs.workload.peak, usage.attempt),
        usage=usage,
        cost=cost(inputs, usage, environments(inputs)),
        limits=limits(inputs, usage),
    )


def raised(found: Analysis) -> Deployment:
    """The deployment with every parameter and quota raised to what the workload needs, with half as much to spare."""
    deployment = found.inputs.deployment
    need = {limit.name: limit.used * 1.5 for limit in found.limits}
    workers = round(max(deployment.worker_concurrency, found.workers * 1.5))
    pollers = deployment.pollers
    if workers > 1000 and pollers is None:
        most = -(-workers // 10)
        pollers = (max(2, min(200, most // 4)), most)
    more_lanes = need["lanes of the stream"] > SHARDS * deployment.parallelization
    light = need["Lambda concurrency of the account"] - min(found.workers, scoring_most(deployment)) * 1.5
    rates: dict[str, Any] = {field: max(getattr(deployment, field), need[name]) for name, field in SETTINGS.items()}
    return replace(
        deployment,
        **rates | {"jobs_per_day": round(rates["jobs_per_day"])},
        worker_concurrency=min(1000, workers),
        pollers=pollers,
        parallelization=10 if more_lanes else deployment.parallelization,
        account_concurrency=round(max(deployment.account_concurrency, workers + light)),
    )


def scales(inputs: Inputs) -> list[tuple[Analysis, Analysis]]:
    """For each scale: as deployed, and with everything raised that can be."""
    found = []
    for jobs in SCALES:
        before = analyse(replace(inputs, workload=replace(inputs.workload, jobs_per_day=jobs)))
        found.append((before, analyse(replace(before.inputs, deployment=raised(before)))))
    return found
