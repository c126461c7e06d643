"""What a day of dives costs, part by part."""

from dataclasses import dataclass

from divescore.lab.capacity.prices import Prices
from divescore.lab.capacity.usage import LOG_BYTES, Ledger
from divescore.lab.capacity.workload import DAY, Assumed, Deployment, Workload

MONTH_DAYS = 30.0
GB = 1e9
METRICS = 45  # names times dimensions that the functions write
ALARMS = 9
IDLE_POLLS_PER_DAY = 2 * 5 * DAY / 20  # five pollers of each of two queues ask, and wait twenty seconds
SECRET_SECONDS = 300.0  # for which a function keeps the signing keys
RECORD_KB, ROW_KB = 0.7, 0.25  # a record without its result; a counter, a key, a subscription


@dataclass(frozen=True)
class Cost:
    """US dollars by part: for a thousand dives, and what is due each day however many there are."""

    per_thousand: dict[str, float]
    per_day: dict[str, float]

    def total_per_thousand(self, jobs_per_day: float) -> float:
        """A thousand dives with their share of the day's fixed part."""
        return sum(self.per_thousand.values()) + sum(self.per_day.values()) * 1000 / jobs_per_day

    def day(self, jobs_per_day: float) -> float:
        """A whole day."""
        return sum(self.per_thousand.values()) * jobs_per_day / 1000 + sum(self.per_day.values())


def cost(
    workload: Workload,
    deployment: Deployment,
    prices: Prices,
    assumed: Assumed,
    book: Ledger,
    attempt: float,
    environments: float,
) -> Cost:
    """The cost when an attempt takes `attempt` seconds and `environments` workers are started in a day."""
    one = {
        "worker": _worker(workload, deployment, prices, assumed, attempt, environments),
        "other functions": _light(deployment, prices, assumed, book),
        "HTTP API": book.http_requests * prices.http_request,
        "WebSocket API": book.messages * prices.socket_message + book.connection_minutes * prices.socket_minute,
        "queues": book.calls("sqs") * prices.sqs_request
        + book.calls("sqs", "send_message", who="enqueue") * prices.sqs_fair_request
        + book.calls("sqs", who="worker") * prices.sqs_fair_request,
        "table": _table(workload, deployment, prices, book),
        "video storage": _video(workload, deployment, prices, book),
        "data out": _transfer(workload, assumed, book) * prices.transfer_gb,
        "page": workload.page_loads
        * (assumed.page_kb * 1e3 / GB * prices.cloudfront_gb + assumed.page_requests * prices.cloudfront_request),
        "logs": sum(book.invocations[name] * LOG_BYTES[name] for name in book.invocations)
        / GB
        * (prices.log_gb + prices.log_gb_month * deployment.log_retention_days / MONTH_DAYS),
        "traces": sum(book.invocations.values()) * assumed.trace_share * prices.trace,
    }
    keepers = 2 * DAY / SECRET_SECONDS  # presign and ws_connect, when one environment of each is up all day
    fixed = {
        "sweep": 1440
        * (prices.lambda_request + assumed.sweep * _gb(deployment.light_memory_mb) * prices.lambda_gb_second),
        "idle polling": IDLE_POLLS_PER_DAY * prices.sqs_request,
        "alarms, metrics, dashboard": (
            ALARMS * prices.alarm_month + METRICS * prices.metric_month + prices.dashboard_month
        )
        / MONTH_DAYS,
        "signing keys": prices.secret_month / MONTH_DAYS + keepers * prices.secret_call,
        "provisioned concurrency": deployment.provisioned_concurrency
        * _gb(deployment.memory_mb)
        * prices.provisioned_gb_second
        * DAY,
        "provisioned pollers": (deployment.pollers[0] if deployment.pollers else 0) * prices.poller_hour * 24,
    }
    return Cost({name: 1000 * price for name, price in one.items()}, fixed)


def _gb(memory_mb: float) -> float:
    return memory_mb / 1024


def _worker(
    workload: Workload,
    deployment: Deployment,
    prices: Prices,
    assumed: Assumed,
    attempt: float,
    environments: float,
) -> float:
    # An environment's start is billed like its work, and shared by the dives that it then scores.
    starting = environments / max(workload.jobs_per_day, 1.0) * assumed.cold_start
    gb, disk = _gb(deployment.memory_mb), max(0.0, deployment.storage_mb - 512) / 1024
    kept = min(1.0, deployment.provisioned_concurrency / max(workload.average * attempt, 1e-9))
    rate = kept * prices.provisioned_run_gb_second + (1 - kept) * prices.lambda_gb_second
    return (
        prices.lambda_request
        + attempt * (gb * rate + disk * prices.lambda_storage_gb_second)
        + starting * (1 - kept) * gb * prices.lambda_gb_second
    )


def _light(deployment: Deployment, prices: Prices, assumed: Assumed, book: Ledger) -> float:
    calls = {name: times for name, times in book.invocations.items() if name != "worker"}
    seconds = (
        calls["presign"] * assumed.presign
        + calls["ws_connect"] * assumed.ws_connect
        + assumed.enqueue
        + calls["notify"] * assumed.notify
        + book.posts * assumed.notify_post
    )
    return (
        sum(calls.values()) * prices.lambda_request
        + seconds * _gb(deployment.light_memory_mb) * prices.lambda_gb_second
    )


def _table(workload: Workload, deployment: Deployment, prices: Prices, book: Ledger) -> float:
    # Reading a stream costs nothing when Lambda reads it.
    gb = (RECORD_KB + workload.result_kb + 4 * ROW_KB) * 1e3 / GB
    months = deployment.retention_days / MONTH_DAYS
    return (
        (book.total("writes") + book.total("index_writes")) * prices.dynamodb_write
        + book.total("reads") * prices.dynamodb_read
        + gb * months * (prices.dynamodb_gb_month + prices.dynamodb_backup_gb_month)
    )


def _video(workload: Workload, deployment: Deployment, prices: Prices, book: Ledger) -> float:
    gb_months = workload.video_mb * 1e6 / GB * (deployment.retention_days + 1) / MONTH_DAYS
    gets = book.calls("s3", "get_object") + workload.plays
    return prices.s3_put + gets * prices.s3_get + gb_months * prices.s3_gb_month


def _transfer(workload: Workload, assumed: Assumed, book: Ledger) -> float:
    """GB to the internet: answers, pushes, videos played."""
    scored = workload.watchers * workload.result_kb
    others = max(0.0, book.posts - workload.watchers) * assumed.post_kb
    return (scored + others + 3.0) * 1e3 / GB + workload.plays * workload.video_mb * 1e6 / GB
