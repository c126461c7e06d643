"""What one dive that is scored at its first attempt asks of each service, call by call.

The rows are counted from the code, which `tests/unit/lab/capacity/test_usage.py` runs and compares. Units are what AWS
bills: write units of 1 KB (twice in a transaction), read units of 4 KB (half when eventually consistent), index writes
beside the table's. An update of an index's key is two writes: one item goes, one comes.
"""

from dataclasses import dataclass
from math import ceil, floor

from divescore.lab.capacity.workload import Assumed, Inputs, Workload
from divescore.uploads.multipart import PART_BYTES, PartPlan

PROGRESS_SECONDS = 0.5  # the worker writes progress at most this often
HEARTBEAT_SECONDS = 10.0
RESUBSCRIBE_SECONDS = 240.0
FORM_BYTES = 16 * 2**20  # what is larger is sent in parts: the template's PartsAboveBytes
PARTS_IN_A_QUESTION = 3  # addresses that a client asks for at once, as many as it sends at a time
# Bytes of log per invocation: lines and metrics, counted in the logs of a local run.
LOG_BYTES = {"presign": 1000, "ws_connect": 800, "enqueue": 1200, "worker": 2000, "notify": 950, "settle": 650}
SHARDS = 4  # a new table on demand has four partitions, so as many shards


@dataclass(frozen=True)
class Calls:
    """Calls of one kind by one function. `times` is per dive; units are per call."""

    who: str
    service: str
    operation: str
    times: float
    writes: float = 0.0  # write units of the table
    index_writes: float = 0.0
    reads: float = 0.0
    records: float = 0.0  # on the table's stream


@dataclass(frozen=True)
class Usage:
    """Everything that one dive takes, on average."""

    attempt: float  # seconds of a worker
    rows: tuple[Calls, ...]
    invocations: dict[str, float]
    asked: float  # messages from sockets; each is answered by what the function returns
    posts: float  # messages to sockets that nobody asked for
    connection_minutes: float
    http_requests: float

    @property
    def messages(self) -> float:
        """Messages of the WebSocket API, both ways."""
        return 2 * self.asked + self.posts

    def total(self, unit: str) -> float:
        """Sum of a unit over all rows: writes, index_writes, reads, records."""
        return sum(row.times * float(getattr(row, unit)) for row in self.rows)

    def light_seconds(self, assumed: Assumed) -> float:
        """Seconds of everything but the worker."""
        times = self.invocations
        return (
            times["presign"] * assumed.presign
            + times["ws_connect"] * assumed.ws_connect
            + assumed.enqueue
            + times["notify"] * assumed.notify
            + self.posts * assumed.notify_post
            + times["settle"] * assumed.settle
            + self.calls("sns") * assumed.settle_publish
        )

    def calls(self, service: str, *operations: str, who: str | None = None) -> float:
        """Calls of a service, of these operations (all if none is named), by one function or all."""
        return sum(
            row.times
            for row in self.rows
            if row.service == service and (not operations or row.operation in operations) and who in (None, row.who)
        )


def usage_of_dive(inputs: Inputs, attempt: float, wait: float) -> Usage:
    """What a dive takes whose attempt takes `attempt` seconds after `wait` seconds in queues."""
    workload, deployment = inputs.workload, inputs.deployment
    progress = floor(attempt / PROGRESS_SECONDS)
    beats = floor(attempt / HEARTBEAT_SECONDS)
    again = floor((wait + attempt) / RESUBSCRIBE_SECONDS)
    watchers = workload.watchers
    changes = 4 + progress  # created, QUEUED, PROCESSING, progress, SCORED
    subscribes = watchers * (1 + again)
    pushes = watchers * (changes - 1)  # nobody can watch a job before it is created
    batch = min(deployment.enqueue_batch, max(1.0, workload.average * 0.1))
    parts = _parts(workload.video_mb)
    in_parts, asks = min(1, parts), ceil(parts / PARTS_IN_A_QUESTION)
    rows = (
        Calls("presign", "dynamodb", "query", 1, reads=0.5),
        Calls("presign", "dynamodb", "get_item", 1, reads=1),
        # The record with its two index entries, two counters, the idempotency key.
        Calls("presign", "dynamodb", "transact_write_items", 1, writes=8, index_writes=2, records=4),
        Calls("browser", "s3", "post_object", 1 - in_parts),
        # What a large video takes instead. Each question for addresses moves the deadline, which is in an index.
        Calls("presign", "dynamodb", "get_item", in_parts * (asks + 2), reads=1),
        Calls("presign", "dynamodb", "update_item", asks, writes=1, index_writes=2, records=1),
        Calls("presign", "s3", "create_multipart_upload", in_parts),
        Calls("presign", "s3", "list_parts", asks),  # not at the first, but at the completion
        Calls("presign", "s3", "complete_multipart_upload", in_parts),
        Calls("browser", "s3", "upload_part", parts),
        Calls("s3", "sqs", "send_message", 1),
        Calls("enqueue", "sqs", "receive_and_delete", 2 / batch),
        Calls("enqueue", "dynamodb", "get_item", 1, reads=1),
        Calls("enqueue", "s3", "get_object", 1),
        Calls("enqueue", "sqs", "get_queue_attributes", 1),
        Calls("enqueue", "dynamodb", "update_item", 1, writes=1, index_writes=2, records=1),
        Calls("enqueue", "sqs", "send_message", 1),
        Calls("worker", "sqs", "receive_and_delete", 2),
        Calls("worker", "dynamodb", "get_item", 1, reads=1),
        Calls("worker", "sqs", "change_message_visibility", 1 + beats),
        Calls("worker", "s3", "get_object", 1),
        # Its claim, progress, heartbeats (a new deadline each), the score.
        Calls("worker", "dynamodb", "update_item", 1, writes=1, index_writes=2, records=1),
        Calls("worker", "dynamodb", "update_item", progress, writes=1, records=1),
        Calls("worker", "dynamodb", "update_item", beats, writes=1, index_writes=2, records=1),
        Calls("worker", "dynamodb", "update_item", 1, writes=ceil(workload.result_kb), index_writes=2, records=1),
        Calls("ws_connect", "dynamodb", "put_item", watchers + subscribes, writes=1, records=1),
        Calls("ws_connect", "dynamodb", "update_item", subscribes, writes=1, records=1),
        Calls("ws_connect", "dynamodb", "get_item", subscribes, reads=1),
        Calls("ws_connect", "dynamodb", "delete_item", 2 * watchers, writes=1, records=1),
        Calls("notify", "dynamodb", "query", changes, reads=1),
        Calls("notify", "apigatewaymanagementapi", "post_to_connection", pushes),
        Calls("settle", "sns", "publish", 1),
    )
    return Usage(
        attempt=attempt,
        rows=tuple(row for row in rows if row.times),
        invocations={
            "presign": 1 + asks + in_parts,
            "ws_connect": 2 * watchers + subscribes,
            "enqueue": 1 / batch,
            "worker": 1,
            "notify": changes
            / _batch(workload, deployment.stream_batch, changes + beats, SHARDS * deployment.parallelization),
            "settle": 1 / _batch(workload, deployment.settle_batch, 1, SHARDS),
        },
        asked=subscribes,
        posts=pushes,
        connection_minutes=watchers * (workload.minutes_open + (wait + attempt) / 60),
        # The browser asks first whether it may (CORS), once for each address in an hour.
        http_requests=2 + asks + 3 * in_parts,
    )


def _parts(video_mb: float) -> int:
    """In how many parts a video is sent; none for one that is sent as a form."""
    size = ceil(video_mb * 1e6)
    return PartPlan(size, PART_BYTES).count if size > FORM_BYTES else 0


def _batch(workload: Workload, most: int, records: float, lanes: int) -> float:
    """Records in one call of a reader of the stream: each lane of each shard is read about four times a second."""
    return min(most, max(1.0, workload.average * records / lanes / 4))
