"""Everything about one scale together: what a dive takes, what a day costs, which limit comes first."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from divescore.lab.capacity.cost import Cost, cost
from divescore.lab.capacity.limits import Limit, concurrency, environments, limits, scoring_most
from divescore.lab.capacity.measured import Measurement
from divescore.lab.capacity.prices import Prices
from divescore.lab.capacity.usage import Ledger, ledger
from divescore.lab.capacity.workload import Assumed, Deployment, Workload, attempt_seconds

SCALES = (1e3, 1e4, 1e5, 1e6, 1e7)


@dataclass(frozen=True)
class Analysis:
    """One workload on one deployment. `attempt` is a worker's time for a dive on Lambda, in seconds."""

    workload: Workload
    deployment: Deployment
    attempt: float
    workers: float  # at once in the busiest minute, if nothing kept them
    book: Ledger
    cost: Cost
    limits: Sequence[Limit]

    @property
    def first(self) -> Limit:
        """The limit that is used most, so the one that growth meets first."""
        return self.limits[0]

    @property
    def broken(self) -> list[Limit]:
        """The limits that the busiest minute goes beyond."""
        return [limit for limit in self.limits if limit.share > 1]

    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        daily = self.workload.jobs_per_day
        return {
            "workload": asdict(self.workload),
            "deployment": asdict(self.deployment),
            "dives_per_second": {"average": round(self.workload.average, 3), "peak": round(self.workload.peak, 3)},
            "attempt_seconds": round(self.attempt, 3),
            "workers_at_peak": round(self.workers, 1),
            "per_dive": {
                "calls": [asdict(row) for row in self.book.rows],
                "invocations": {name: round(value, 3) for name, value in self.book.invocations.items()},
                "write_units": self.book.total("writes") + self.book.total("index_writes"),
                "read_units": self.book.total("reads"),
                "stream_records": self.book.total("records"),
                "pushes": round(self.book.posts, 2),
            },
            "cost": {
                "per_thousand": {name: round(price, 5) for name, price in self.cost.per_thousand.items()},
                "fixed_per_day": {name: round(price, 4) for name, price in self.cost.per_day.items()},
                "total_per_thousand": round(self.cost.total_per_thousand(daily), 4),
                "total_per_day": round(self.cost.day(daily), 2),
            },
            "limits": [
                asdict(limit)
                | {"share": round(limit.share, 4), "jobs_per_day": _rounded(limit.jobs_per_day(self.workload))}
                for limit in self.limits
            ],
            "first_limit": self.first.name,
        }


def analyse(
    workload: Workload, deployment: Deployment, prices: Prices, assumed: Assumed, measurement: Measurement
) -> Analysis:
    """Work everything out."""
    attempt = attempt_seconds(measurement.work, workload, deployment, assumed)
    book = ledger(workload, deployment, attempt, assumed.notice + assumed.enqueue)
    started = environments(workload, assumed, attempt)
    return Analysis(
        workload=workload,
        deployment=deployment,
        attempt=attempt,
        workers=concurrency(workload.peak, attempt),
        book=book,
        cost=cost(workload, deployment, prices, assumed, book, attempt, started),
        limits=limits(workload, deployment, assumed, book, attempt),
    )


def raised(found: Analysis) -> Deployment:
    """The deployment with every parameter and quota raised to what the workload needs, with half as much to spare."""
    deployment = found.deployment
    need = {limit.name: limit.used * 1.5 for limit in found.limits}

    def at_least(present: float, name: str) -> float:
        return max(present, need[name])

    workers = round(max(deployment.worker_concurrency, found.workers * 1.5))
    pollers = deployment.pollers
    if workers > 1000 and pollers is None:
        most = -(-workers // 10)
        pollers = (max(2, min(200, most // 4)), most)
    grown = replace(
        deployment,
        jobs_per_day=round(at_least(deployment.jobs_per_day, "daily budget")),
        worker_concurrency=min(1000, workers),
        pollers=pollers,
        api_rate=at_least(deployment.api_rate, "throttle of the HTTP API"),
        live_rate=at_least(deployment.live_rate, "throttle of the WebSocket API"),
        connects_per_second=at_least(deployment.connects_per_second, "WebSocket connects"),
        gateway_rate=at_least(deployment.gateway_rate, "API Gateway of the account"),
        table_writes=at_least(deployment.table_writes, "writes of the table"),
        table_reads=at_least(deployment.table_reads, "reads of the table"),
        parallelization=10
        if need["lanes of the stream"] > 4 * deployment.parallelization
        else deployment.parallelization,
    )
    light = need["Lambda concurrency of the account"] - min(found.workers, scoring_most(deployment)) * 1.5
    return replace(grown, account_concurrency=round(max(deployment.account_concurrency, workers + light)))


def scales(
    workload: Workload, deployment: Deployment, prices: Prices, assumed: Assumed, measurement: Measurement
) -> list[tuple[Analysis, Analysis]]:
    """For each scale: as deployed, and with everything raised that can be."""
    found = []
    for jobs in SCALES:
        here = replace(workload, jobs_per_day=jobs)
        before = analyse(here, deployment, prices, assumed, measurement)
        found.append((before, analyse(here, raised(before), prices, assumed, measurement)))
    return found


def _rounded(number: float) -> float | None:
    return None if number == float("inf") else float(f"{number:.3g}")
