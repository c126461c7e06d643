"""Which limit a demand meets first: every limit on a dive's way, its use in the busiest minute, what to raise."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, sqrt
from typing import Literal

from divescore.jobs.items import OPEN_SHARDS
from divescore.jobs.quota import BUDGET_SHARES
from divescore.lab.capacity.scaling import INVOCATIONS_PER_POLLER, STANDARD_MOST
from divescore.lab.capacity.usage import Ledger
from divescore.lab.capacity.workload import Assumed, Deployment, Workload

# Whose limit it is: a parameter of the template, a quota that AWS raises on request, AWS's for good, our own design.
Owner = Literal["parameter", "quota", "fixed", "design"]

PARTITION_WRITES = 1000.0  # write units a second of one partition, and so of one item
PREFIX_PUTS, PREFIX_GETS = 3500.0, 5500.0  # a second and prefix; S3 splits prefixes that stay busy
SECRET_READS = 10_000.0
IN_FLIGHT = 120_000.0  # messages of a standard queue
SHARD_BYTES = 2e6  # a second, read from one shard of a stream
STARTS_PER_TEN_SECONDS = 1000.0
QUEUE_SECONDS = 86_400.0  # for which the scoring queue, and a QUEUED job, wait


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

    def jobs_per_day(self, workload: Workload) -> float:
        """The daily dives at which it is reached, everything else in proportion."""
        return workload.jobs_per_day / self.share if self.share else float("inf")


def concurrency(rate: float, seconds: float) -> float:
    """Invocations at once at a rate (a second): Little's law, and two standard deviations of chance on top."""
    mean = rate * seconds
    return mean + 2 * sqrt(mean)


def scoring_most(deployment: Deployment) -> float:
    """The most workers that the scoring queue's event source lets run."""
    if deployment.pollers is not None:
        return float(deployment.pollers[1] * INVOCATIONS_PER_POLLER)
    return float(min(deployment.worker_concurrency, STANDARD_MOST))


def light_concurrency(workload: Workload, assumed: Assumed, book: Ledger) -> float:
    """Invocations at once of everything but the worker, in the busiest minute."""
    calls = book.invocations
    seconds = (
        calls["presign"] * assumed.presign
        + calls["ws_connect"] * (assumed.ws_connect + assumed.notify_post)
        + assumed.enqueue
        + calls["notify"] * assumed.notify
        + book.posts * assumed.notify_post / 16
    )
    return concurrency(workload.peak, seconds)


def environments(workload: Workload, assumed: Assumed, attempt: float) -> float:
    """Workers that are started in a day: when a dive comes after ten idle minutes, and when one is replaced."""
    alone = workload.jobs_per_day * exp(-workload.average * 600)
    replaced = concurrency(workload.average, attempt) * 24 / assumed.environment_hours
    return min(workload.jobs_per_day, alone + replaced)


def limits(workload: Workload, deployment: Deployment, assumed: Assumed, book: Ledger, attempt: float) -> list[Limit]:
    """All limits, the most used first."""
    found = [
        *_own(workload, deployment, assumed, book, attempt),
        *_functions(workload, deployment, assumed, book, attempt),
        *_gateway(workload, deployment, book),
        *_storage(workload, deployment, assumed, book),
    ]
    return sorted(found, key=lambda limit: limit.share, reverse=True)


def _own(workload: Workload, deployment: Deployment, assumed: Assumed, book: Ledger, attempt: float) -> Iterator[Limit]:
    peak = workload.peak
    yield Limit(
        *("daily budget", workload.jobs_per_day, deployment.jobs_per_day, "dives a day"),
        *("parameter", "JobsPerDay", True),
    )
    yield Limit(
        *("workers over the day", workload.average * attempt, scoring_most(deployment), "at once, on average"),
        *("parameter", "WorkerConcurrency (up to 1,000), then provisioned mode", True),
    )
    yield Limit(
        *("workers in the busiest minute", concurrency(peak, attempt), scoring_most(deployment), "at once"),
        *("parameter", "WorkerConcurrency (up to 1,000), then provisioned mode"),
    )
    # Two transactions meet when one begins while the other runs; at one half, every second create has to be repeated.
    yield Limit(
        *("budget counters", peak / BUDGET_SHARES, 0.5 / assumed.transaction, "transactions a second and item"),
        *("design", "BUDGET_SHARES in jobs/quota.py"),
    )
    per_dive = sum(row.times * row.index_writes for row in book.rows) - 2  # the client index is spread over clients
    yield Limit(
        *("index on open jobs", peak * per_dive / OPEN_SHARDS, PARTITION_WRITES, "write units a second and shard"),
        *("design", "OPEN_SHARDS in jobs/items.py"),
    )
    lanes = 4 * deployment.parallelization
    busy = peak * (
        book.invocations["notify"] * assumed.notify + book.posts * assumed.notify_post / min(16.0, max(1.0, book.posts))
    )
    yield Limit(
        *("lanes of the stream", busy, lanes, "calls of notify at once"),
        *("parameter", "ParallelizationFactor (up to 10); shards grow with the table"),
    )


def _functions(
    workload: Workload, deployment: Deployment, assumed: Assumed, book: Ledger, attempt: float
) -> Iterator[Limit]:
    workers = min(concurrency(workload.peak, attempt), scoring_most(deployment))
    light = light_concurrency(workload, assumed, book)
    yield Limit(
        *("Lambda concurrency of the account", workers + light, deployment.account_concurrency, "at once"),
        *("quota", "Lambda quota L-B99A9384, ConcurrentExecutions"),
    )
    if deployment.pollers is None:
        yield Limit(
            *("event source of enqueue", concurrency(workload.peak, assumed.enqueue), STANDARD_MOST, "at once"),
            *("fixed", "provisioned mode of the uploads queue"),
        )
    yield Limit(
        *("starts of one function", min(workers, workload.peak * 10), STARTS_PER_TEN_SECONDS, "in ten seconds"),
        *("fixed", "provisioned concurrency ahead of a known peak"),
    )
    yield Limit(
        *("messages in flight", workers, IN_FLIGHT, "at once"),
        *("quota", "SQS in-flight messages"),
    )


def _gateway(workload: Workload, deployment: Deployment, book: Ledger) -> Iterator[Limit]:
    peak = workload.peak
    connects = peak * workload.watchers
    inward = peak * (book.messages - book.posts) + connects
    yield Limit(
        *("throttle of the HTTP API", peak * book.http_requests, deployment.api_rate, "requests a second"),
        *("parameter", "ApiRate, ApiBurst", True),
    )
    yield Limit(
        *("throttle of the WebSocket API", inward, deployment.live_rate, "connects and messages a second"),
        *("parameter", "LiveRate, LiveBurst", True),
    )
    yield Limit(
        *("WebSocket connects", connects, deployment.connects_per_second, "a second"),
        *("quota", "API Gateway: new connections per second", True),
    )
    all_of_it = peak * (book.http_requests + book.posts) + inward
    yield Limit(
        *("API Gateway of the account", all_of_it, deployment.gateway_rate, "requests and @connections a second"),
        *("quota", "API Gateway: throttle rate per account", True),
    )


def _storage(workload: Workload, deployment: Deployment, assumed: Assumed, book: Ledger) -> Iterator[Limit]:
    peak = workload.peak
    yield Limit(
        *("writes of the table", peak * book.total("writes"), deployment.table_writes, "write units a second"),
        *("quota", "DynamoDB: table-level write throughput, on demand"),
    )
    yield Limit(
        *("writes of a new table", peak * book.total("writes"), 4 * PARTITION_WRITES, "write units a second"),
        *("fixed", "grows by itself, doubling within half an hour; or warm throughput"),
    )
    yield Limit(
        *("reads of the table", peak * book.total("reads"), deployment.table_reads, "read units a second"),
        *("quota", "DynamoDB: table-level read throughput, on demand"),
    )
    # Both images of every record travel; the last change carries the result.
    size = 1e3 * (workload.result_kb + 1.4 * book.total("records"))
    yield Limit(
        *("bytes of the stream", peak * size / 4, SHARD_BYTES, "bytes a second and shard"),
        *("fixed", "shards grow with the table's partitions"),
    )
    yield Limit(
        *("uploads into one prefix", peak, PREFIX_PUTS, "a second"),
        *("fixed", "S3 splits a busy prefix by itself; job ids are random"),
    )
    yield Limit(
        *("reads from one prefix", peak * book.calls("s3", "get_object"), PREFIX_GETS, "a second"),
        *("fixed", "S3 splits a busy prefix by itself; job ids are random"),
    )
    kept = light_concurrency(workload, assumed, book) / 300
    yield Limit(
        *("reads of the signing keys", kept, SECRET_READS, "a second"),
        *("quota", "Secrets Manager: GetSecretValue"),
    )
