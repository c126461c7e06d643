"""What became of files that were scored before, so that `score --resume` does nothing twice.

One file of JSON lines for each service, its owner's alone, since a line holds a job's token. A line is about a file as
it was (its size and time of change) and as it was declared; the last line about it counts.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from divescore.client.models import Job
from divescore.ops.score.declarations import Entry

# What another try would end in again.
DONE = frozenset({"SCORED", "REJECTED"})


@dataclass(frozen=True)
class Known:
    """The job of a file, and its token."""

    job: Job
    token: str

    @property
    def done(self) -> bool:
        """Whether nothing is left to do for this file."""
        return self.job.status in DONE


def journal_of(api: str) -> Path:
    """Where the journal of one service lies: in the user's folder for what programs keep (XDG_STATE_HOME)."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "divescore" / f"scored-{hashlib.sha256(api.encode()).hexdigest()[:16]}.jsonl"


class ScoreJournal:
    """The journal at `path`. What it cannot read of itself counts as unknown: such a file is scored again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, Known] = {}

    @classmethod
    def load(cls, path: Path) -> Self:
        """What earlier runs wrote down."""
        journal = cls(path)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return journal
        for line in lines:
            try:
                record = json.loads(line)
                journal._known[record["file"]] = Known(Job.model_validate(record["job"]), record["token"])
            except (ValueError, KeyError, TypeError):
                continue  # the line at which a run was killed
        return journal

    def find(self, entry: Entry) -> Known | None:
        """The job that this very file was given before, declared in the same way."""
        return self._known.get(_identity(entry))

    def note(self, entry: Entry, job: Job, token: str) -> None:
        """Write down how far a file is. Raises OSError."""
        identity = _identity(entry)
        self._known[identity] = Known(job, token)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        record: dict[str, Any] = {"file": identity, "path": str(entry.path), "token": token, "job": job.document()}
        if "result" in record["job"]:
            record["job"]["result"] = record["job"]["result"] | {"strip": []}  # pictures are no account
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, (json.dumps(record) + "\n").encode())  # one write: lines of several runs stay whole
        finally:
            os.close(handle)


def _identity(entry: Entry) -> str:
    path = entry.path.resolve()
    try:
        stat = path.stat()
        state = [stat.st_size, stat.st_mtime_ns]
    except OSError:
        state = []
    what = json.dumps([str(path), state, asdict(entry.declared), entry.reference])
    return hashlib.sha256(what.encode("utf-8", "surrogateescape")).hexdigest()
