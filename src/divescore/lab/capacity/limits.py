"""Which limit a demand meets first: every limit on a dive's way, its use in the busiest minute, what to raise."""

import tomllib
from dataclasses import dataclass, replace
from math import exp, sqrt
from pathlib import Path
from typing import Any, Literal

from divescore.jobs.items import OPEN_SHARDS
from divescore.jobs.quota import BUDGET_SHARES
from divescore.lab.capacity.simulation import INVOCATIONS_PER_POLLER, STANDARD
from divescore.lab.capacity.usage import SHARDS, Usage
from divescore.lab.capacity.workload import Deployment, Inputs, Workload

Owner = Literal["parameter", "quota", "fixed", "design"]

PARTITION_WRITES = 1000.0  # write units a second of one partition, and so of one item
PREFIX_PUTS, PREFIX_GETS = 3500.0, 5500.0  # a second and prefix; S3 splits prefixes that stay busy
SECRET_READS = 10_000.0
IN_FLIGHT = 120_000.0  # messages of a standard queue
SHARD_BYTES = 2e6  # a second, read from one shard of a stream
STARTS_PER_TEN_SECONDS = 1000.0

# Of each limit what `Limit` says of it beyond the figures, and the setting of `Deployment` that moves it.
_KINDS: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("limits.toml").read_text())
SETTINGS: dict[str, str] = {name: kind.pop("setting") for name, kind in _KINDS.items() if "setting" in kind}


@dataclass(frozen=True)
class Limit:
    """One limit and its use: `used` and `limit` in `unit`."""

    name: str
    used: float
    limit: float
    unit: str
    owner: Owner
    raise_it: str
    refuses: bool = False  # whether what is beyond it is refused, and not just later

    @property
    def share(self) -> float:
        """How much of it is used; over 1 it is broken."""
        return self.used / self.limit

    def jobs_per_day(self, workload: Workload, digits: int) -> float | None:
        """The daily dives at which it is reached, everything else in proportion; none if it is not used."""
        return float(f"{workload.jobs_per_day / self.share:.{digits}g}") if self.share else None


def limit_named(name: str, used: float, limit: float) -> Limit:
    """The limit of this name, used so much."""
    return Limit(name, used, limit, **_KINDS[name])


def concurrency(rate: float, seconds: float) -> float:
    """Invocations at once at a rate (a second): Little's law, and two standard deviations of chance on top."""
    mean = rate * seconds
    return mean + 2 * sqrt(mean)


def scoring_most(deployment: Deployment) -> float:
    """The most workers that the scoring queue's event source lets run."""
    if deployment.pollers is not None:
        return float(deployment.pollers[1] * INVOCATIONS_PER_POLLER)
    return float(min(deployment.worker_concurrency, STANDARD.most))


def environments(inputs: Inputs) -> float:
    """Workers that are started in a day: when a dive comes after ten idle minutes, and when one is replaced."""
    workload = inputs.workload
    alone = workload.jobs_per_day * exp(-workload.average * 600)
    replaced = concurrency(workload.average, inputs.attempt) * 24 / inputs.assumed.environment_hours
    return min(workload.jobs_per_day, alone + replaced)


def limits(inputs: Inputs, usage: Usage) -> list[Limit]:
    """All limits, the most used first."""
    workload, deployment, assumed, peak = inputs.workload, inputs.deployment, inputs.assumed, inputs.workload.peak
    most_workers = scoring_most(deployment)
    wanted_workers = concurrency(peak, usage.attempt)
    workers = min(wanted_workers, most_workers)
    # Notify posts to sixteen sockets at a time.
    light = concurrency(peak, usage.light_seconds(replace(assumed, notify_post=assumed.notify_post / 16)))
    index_writes = usage.total("index_writes") - 2  # the client index is spread over clients
    lanes = usage.invocations["notify"] * assumed.notify
    lanes += usage.posts * assumed.notify_post / min(16.0, max(1.0, usage.posts))
    second_lanes = usage.invocations["settle"] * assumed.settle + usage.calls("sns") * assumed.settle_publish
    connects = peak * workload.watchers
    inward = peak * usage.asked + connects
    gateway = peak * (usage.http_requests + usage.posts) + inward
    writes = peak * usage.total("writes")
    # Both images of every record travel; the last change carries the result.
    record_bytes = 1e3 * (workload.result_kb + 1.4 * usage.total("records"))
    used_of = {
        "daily budget": (workload.jobs_per_day, deployment.jobs_per_day),
        "workers over the day": (workload.average * usage.attempt, most_workers),
        "workers in the busiest minute": (wanted_workers, most_workers),
        # Two transactions meet when one begins while the other runs; at one half, every second create is repeated.
        "budget counters": (peak / BUDGET_SHARES, 0.5 / assumed.transaction),
        "index on open jobs": (peak * index_writes / OPEN_SHARDS, PARTITION_WRITES),
        "lanes of the stream": (peak * lanes, SHARDS * deployment.parallelization),
        "lanes of the stream's second reader": (peak * second_lanes, SHARDS),
        "messages of the topic": (peak * usage.calls("sns"), deployment.published_per_second),
        "Lambda concurrency of the account": (workers + light, deployment.account_concurrency),
        "event source of enqueue": (concurrency(peak, assumed.enqueue), STANDARD.most),
        "starts of one function": (min(workers, peak * 10), STARTS_PER_TEN_SECONDS),
        "messages in flight": (workers, IN_FLIGHT),
        "throttle of the HTTP API": (peak * usage.http_requests, deployment.api_rate),
        "throttle of the WebSocket API": (inward, deployment.live_rate),
        "WebSocket connects": (connects, deployment.connects_per_second),
        "API Gateway of the account": (gateway, deployment.gateway_rate),
        "writes of the table": (writes, deployment.table_writes),
        "writes of a new table": (writes, SHARDS * PARTITION_WRITES),
        "reads of the table": (peak * usage.total("reads"), deployment.table_reads),
        "bytes of the stream": (peak * record_bytes / SHARDS, SHARD_BYTES),
        "uploads into one prefix": (peak, PREFIX_PUTS),
        "reads from one prefix": (peak * usage.calls("s3", "get_object"), PREFIX_GETS),
        "reads of the signing keys": (light / 300, SECRET_READS),
    }
    if deployment.pollers is not None:
        del used_of["event source of enqueue"]
    found = [limit_named(name, used, limit) for name, (used, limit) in used_of.items()]
    return sorted(found, key=lambda limit: limit.share, reverse=True)
