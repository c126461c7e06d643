"""What a day of dives costs, part by part."""

from dataclasses import dataclass

from divescore.lab.capacity.usage import LOG_BYTES, Usage
from divescore.lab.capacity.workload import DAY, Inputs

MONTH_DAYS = 30.0
GB = 1e9
METRICS = 47  # names times dimensions that the functions write
ALARMS = 11
IDLE_POLLS_PER_DAY = 2 * 5 * DAY / 20  # five pollers of each of two queues ask, and wait twenty seconds
SECRET_SECONDS = 300.0  # for which a function keeps the signing keys
RECORD_KB, ROW_KB = 0.7, 0.25  # a record without its result; a counter, a key, a subscription


@dataclass(frozen=True)
class Cost:
    """US dollars by part: for a thousand dives, and what is due each day however many there are."""

    per_thousand: dict[str, float]
    per_day: dict[str, float]
    jobs_per_day: float

    @property
    def total_per_day(self) -> float:
        """A whole day."""
        return sum(self.per_thousand.values()) * self.jobs_per_day / 1000 + sum(self.per_day.values())

    @property
    def total_per_thousand(self) -> float:
        """A thousand dives with their share of what is due each day."""
        return self.total_per_day * 1000 / self.jobs_per_day


def cost(inputs: Inputs, usage: Usage, environments: float) -> Cost:
    """The cost of dives with this usage when `environments` workers are started in a day."""
    workload, deployment, prices, assumed = inputs.workload, inputs.deployment, inputs.prices, inputs.assumed
    light_gb, gb = deployment.light_memory_mb / 1024, deployment.memory_mb / 1024
    light_calls = sum(times for name, times in usage.invocations.items() if name != "worker")
    log_bytes = sum(usage.invocations[name] * LOG_BYTES[name] for name in usage.invocations)
    one = {
        "worker": _worker(inputs, usage.attempt, environments),
        "other functions": light_calls * prices["lambda_request"]
        + usage.light_seconds(assumed) * light_gb * prices["lambda_gb_second"],
        "HTTP API": usage.http_requests * prices["http_request"],
        "WebSocket API": usage.messages * prices["socket_message"] + usage.connection_minutes * prices["socket_minute"],
        "queues": usage.calls("sqs") * prices["sqs_request"]
        + usage.calls("sqs", "send_message", who="enqueue") * prices["sqs_fair_request"]
        + usage.calls("sqs", who="worker") * prices["sqs_fair_request"],
        # One that is delivered to a queue or a function of the account costs no more.
        "topic": usage.calls("sns") * prices["sns_publish"],
        "table": _table(inputs, usage),
        "video storage": _video(inputs, usage),
        "data out": _gb_out(inputs, usage) * prices["transfer_gb"],
        "page": workload.page_loads
        * (assumed.page_kb * 1e3 / GB * prices["cloudfront_gb"] + assumed.page_requests * prices["cloudfront_request"]),
        "logs": log_bytes
        / GB
        * (prices["log_gb"] + prices["log_gb_month"] * deployment.log_retention_days / MONTH_DAYS),
        "traces": sum(usage.invocations.values()) * assumed.trace_share * prices["trace"],
    }
    if parts := usage.calls("s3", "upload_part"):
        # Those calls, and presign's about them, cost what a PUT does; one PUT is in the storage already.
        one["upload in parts"] = (parts + usage.calls("s3", who="presign") - 1) * prices["s3_put"]
    keepers = 2 * DAY / SECRET_SECONDS  # presign and ws_connect, when one environment of each is up all day
    watching = ALARMS * prices["alarm_month"] + METRICS * prices["metric_month"] + prices["dashboard_month"]
    fixed = {
        "sweep": 1440 * (prices["lambda_request"] + assumed.sweep * light_gb * prices["lambda_gb_second"]),
        "idle polling": IDLE_POLLS_PER_DAY * prices["sqs_request"],
        "alarms, metrics, dashboard": watching / MONTH_DAYS,
        "signing keys": prices["secret_month"] / MONTH_DAYS + keepers * prices["secret_call"],
        "provisioned concurrency": deployment.provisioned_concurrency * gb * prices["provisioned_gb_second"] * DAY,
        "provisioned pollers": (deployment.pollers[0] if deployment.pollers else 0) * prices["poller_hour"] * 24,
    }
    return Cost({name: 1000 * price for name, price in one.items()}, fixed, workload.jobs_per_day)


def _worker(inputs: Inputs, attempt: float, environments: float) -> float:
    workload, deployment, prices = inputs.workload, inputs.deployment, inputs.prices
    # An environment's start is billed like its work, and shared by the dives that it then scores.
    starting = environments / max(workload.jobs_per_day, 1.0) * inputs.assumed.cold_start
    gb, disk = deployment.memory_mb / 1024, max(0.0, deployment.storage_mb - 512) / 1024
    kept = min(1.0, deployment.provisioned_concurrency / max(workload.average * attempt, 1e-9))
    rate = kept * prices["provisioned_run_gb_second"] + (1 - kept) * prices["lambda_gb_second"]
    return (
        prices["lambda_request"]
        + attempt * (gb * rate + disk * prices["lambda_storage_gb_second"])
        + starting * (1 - kept) * gb * prices["lambda_gb_second"]
    )


def _table(inputs: Inputs, usage: Usage) -> float:
    # Reading a stream costs nothing when Lambda reads it.
    prices = inputs.prices
    gb = (RECORD_KB + inputs.workload.result_kb + 4 * ROW_KB) * 1e3 / GB
    months = inputs.deployment.retention_days / MONTH_DAYS
    return (
        (usage.total("writes") + usage.total("index_writes")) * prices["dynamodb_write"]
        + usage.total("reads") * prices["dynamodb_read"]
        + gb * months * (prices["dynamodb_gb_month"] + prices["dynamodb_backup_gb_month"])
    )


def _video(inputs: Inputs, usage: Usage) -> float:
    workload, prices = inputs.workload, inputs.prices
    gb_months = workload.video_mb * 1e6 / GB * (inputs.deployment.retention_days + 1) / MONTH_DAYS
    gets = usage.calls("s3", "get_object") + workload.plays
    return prices["s3_put"] + gets * prices["s3_get"] + gb_months * prices["s3_gb_month"]


def _gb_out(inputs: Inputs, usage: Usage) -> float:
    """To the internet: answers, pushes, videos played."""
    workload = inputs.workload
    scored = workload.watchers * workload.result_kb
    others = max(0.0, usage.asked + usage.posts - workload.watchers) * inputs.assumed.post_kb
    return (scored + others + 3.0) * 1e3 / GB + workload.plays * workload.video_mb * 1e6 / GB
