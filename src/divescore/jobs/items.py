"""The record as a DynamoDB item, in the wire form that tables and streams share (`{"S": …}`, `{"N": …}`)."""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from divescore.jobs.model import Cause, Job
from divescore.views import Status

Item = dict[str, dict[str, Any]]
RECORD_SORT_KEY = "JOB"
OPEN_SHARDS = 8


@dataclass(frozen=True, slots=True)
class _Field:
    attribute: str
    kind: str  # DynamoDB's type: S or N
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str


def _read_cause(text: str) -> Cause:
    return Cause(**json.loads(text))


def _write_cause(cause: Cause) -> str:
    return json.dumps({"code": cause.code, "message": cause.message, "retryable": cause.retryable})


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


# Result and error are JSON text: they are read whole, and floats stay exactly what the worker computed.
_FIELDS: Mapping[str, _Field] = {
    "job_id": _Field("jobId", "S", str),
    "client": _Field("client", "S", str),
    "filename": _Field("filename", "S", str),
    "content_type": _Field("contentType", "S", str),
    "size_bytes": _Field("sizeBytes", "N", int),
    "created_at": _Field("createdAt", "N", int),
    "expires_at": _Field("expiresAt", "N", int),
    "status": _Field("status", "S", Status),
    "version": _Field("version", "N", int),
    "rev": _Field("rev", "N", int),
    "updated_at": _Field("updatedAt", "N", int),
    "deadline": _Field("deadline", "N", int),
    "dive": _Field("dive", "S", str),
    "height": _Field("height", "N", float, repr),
    "difficulty": _Field("difficulty", "N", float, repr),
    "reference": _Field("reference", "S", str),
    "amendments": _Field("amendments", "N", int),
    "part_bytes": _Field("partBytes", "N", int),
    "upload_id": _Field("uploadId", "S", str),
    "object_version": _Field("objectVersion", "S", str),
    "attempt": _Field("attempt", "N", int),
    "owner": _Field("owner", "S", str),
    "lease_until": _Field("leaseUntil", "N", int),
    "stage": _Field("stage", "S", str),
    "fraction": _Field("fraction", "N", float, repr),
    "ahead": _Field("ahead", "N", int),
    "result": _Field("result", "S", json.loads, _compact),
    "error": _Field("error", "S", _read_cause, _write_cause),
}


def record_key(job_id: str) -> Item:
    """The primary key of a job's record."""
    return {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": RECORD_SORT_KEY}}


def to_item(job: Job) -> Item:
    """The whole item: key, fields that have a value, TTL, and the keys of the sparse indexes while the job is open."""
    item = record_key(job.job_id) | {"ttl": {"N": str(job.expires_at // 1000)}}
    for name, field in _FIELDS.items():
        value = getattr(job, name)
        if value is not None:
            item[field.attribute] = {field.kind: field.write(value)}
    if job.is_open:
        item["openShard"] = {"S": open_shard(shard_of(job.job_id))}
        item["openClient"] = {"S": job.client}
    else:
        # The index on open jobs is sparse: whoever has no deadline left is not in it.
        del item["deadline"]
    return item


def from_item(item: Mapping[str, Mapping[str, Any]]) -> Job:
    """The job in an item; attributes that this version does not know are ignored, absent ones take their default."""
    values = {
        name: field.read(item[field.attribute][field.kind])
        for name, field in _FIELDS.items()
        if field.attribute in item
    }
    return Job(**values)


def shard_of(job_id: str) -> int:
    """The index partition of a job, spread evenly and the same in every process."""
    return zlib.crc32(job_id.encode()) % OPEN_SHARDS


def open_shard(shard: int) -> str:
    """The partition key of one shard of the index on open jobs."""
    return f"OPEN#{shard}"


@dataclass(frozen=True, slots=True)
class Update:
    """The difference between two items as arguments of UpdateItem."""

    expression: str
    names: dict[str, str]
    values: Item


def difference(old: Item, new: Item) -> Update:
    """What turns `old` into `new`: only changed attributes are written, so a newer version's own ones survive."""
    changed = [name for name in new if old.get(name) != new[name]]
    gone = [name for name in old if name not in new]
    names = {f"#{name}": name for name in [*changed, *gone]}
    parts = []
    if changed:
        parts.append("SET " + ", ".join(f"#{name} = :{name}" for name in changed))
    if gone:
        parts.append("REMOVE " + ", ".join(f"#{name}" for name in gone))
    return Update(" ".join(parts), names, {f":{name}": new[name] for name in changed})
