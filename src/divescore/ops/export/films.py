"""What is copied out of a system: the films whose uploaders gave marks and agreed, each with its line in a table."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from divescore.containers import HEAD_BYTES, Container, sniff
from divescore.jobs.errors import JobNotFound
from divescore.jobs.marks import Marked, MarksTable
from divescore.jobs.model import Job
from divescore.jobs.table import JobTable
from divescore.ops.export import table as tables
from divescore.ops.export.table import Row, row_of
from divescore.uploads.store import ObjectGone, UploadStore

Notice = Callable[[str], None]


class Became(StrEnum):
    """What became of one dive with marks."""

    COPIED = "copied"
    THERE = "there"  # the film was copied by an earlier run; its line is as new as the marks
    EXPIRED = "expired"
    ERASED = "erased"
    EMPTY = "empty"  # its video has not arrived


@dataclass(frozen=True)
class Export:
    """One run from one system into one folder; a run that was stopped goes on where it was."""

    jobs: JobTable
    marks: MarksTable
    store: UploadStore
    folder: Path
    notice: Notice

    def run(self, since: int) -> Counter[Became]:
        """Copy what got marks at `since` (ms) or later; how many dives became what. Raises NotOurTable.

        A line stays when its job has expired or was erased since: the copy was agreed to.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / tables.FILE
        rows = tables.read(path)
        counts: Counter[Became] = Counter()
        try:
            for marked in self.marks.since(since):
                became = self._copy(marked, rows)
                counts[became] += 1
                if became not in (Became.COPIED, Became.THERE):
                    self.notice(f"{marked.job_id}: {_WHY[became]}")
        finally:
            # A run that is stopped leaves no film without its line.
            tables.write(path, rows)
        return counts

    def _copy(self, marked: Marked, rows: dict[str, Row]) -> Became:
        try:
            job = self.jobs.get(marked.job_id)
        except JobNotFound:
            return Became.EXPIRED
        if job.expires_at <= self.jobs.now():  # the table removes rows some time after their time
            return Became.EXPIRED
        if job.object_version is None:
            return Became.EMPTY
        became = Became.THERE
        try:
            container = sniff(self.store.head(job.job_id, job.object_version, HEAD_BYTES))
            name = f"{job.job_id}.{container}" if isinstance(container, Container) else job.job_id
            if not (self.folder / name).exists():
                self._download(job, job.object_version, self.folder / name)
                became = Became.COPIED
        except ObjectGone:
            return Became.ERASED
        rows[name] = row_of(job, marked.marks, name)
        return became

    def _download(self, job: Job, version: str, target: Path) -> None:
        draft = target.with_name(target.name + ".part")
        draft.touch(mode=0o600)
        try:
            self.store.download(job.job_id, version, draft, lambda _fraction: None)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)


_WHY = {
    Became.EXPIRED: "skipped, its time of keeping is over",
    Became.ERASED: "skipped, its video was erased",
    Became.EMPTY: "skipped, its video has not arrived",
}
