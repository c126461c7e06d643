"""What a run writes down as it goes, so that after a SIGKILL the next one knows what is held and what is sure."""

import fcntl
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from divescore.ops.replay.dead_letters import Letter, Source, Work
from divescore.ops.replay.errors import AtWork
from divescore.ops.replay.planning import Confirmed
from divescore.ops.replay.queues import Hold


class Journal:
    """A file of JSON lines, locked by the run that writes it. A file that is there tells of a run that did not end.

    Nothing is lost without it. It saves waiting, since it holds the receipts by which letters that a dead run
    had taken are given back at once, and it saves sending again what is known to have been sent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.holds: dict[str, Hold] = {}
        self._letters: set[str] = set()
        self._works: set[Work] = set()
        self._lock = Lock()
        self._file = _locked(path)
        text = self._file.read()
        if text and not text.endswith("\n"):
            self._file.write("\n")  # half a line must not spoil the next one
        for line in text.splitlines():
            try:
                self._read(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # the run died while it wrote this line, so nothing that followed from it has happened

    @property
    def confirmed(self) -> Confirmed:
        """What has been sent for sure, its jobs' states set, and perhaps not yet been deleted."""
        return Confirmed(frozenset(self._letters), frozenset(self._works))

    def held(self, letters: Sequence[Letter]) -> None:
        """These are hidden now."""
        holds = [Hold(letter.source, letter.message_id, letter.receipt) for letter in letters if letter.receipt]
        self._write({"held": [[hold.source, hold.message_id, hold.receipt] for hold in holds]}, holds)

    def done(self, letters: Iterable[Letter], works: Iterable[Work]) -> None:
        """These were sent or told for sure; what is left is to delete them."""
        ids, finished = [letter.message_id for letter in letters], list(works)
        self._write({"done": ids, "works": [[work.job_id, work.object_version] for work in finished]}, [])
        self._letters.update(ids)
        self._works.update(finished)

    def close(self, ended: bool) -> None:
        """Let the next run at it; `ended`: nothing is left for it to know."""
        if ended:
            self.path.unlink(missing_ok=True)
            if not any(self.path.parent.iterdir()):
                self.path.parent.rmdir()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        if not self._file.closed:
            self.close(ended=False)

    def _write(self, entry: dict[str, Any], holds: Iterable[Hold]) -> None:
        with self._lock:  # letters are taken from several queues at once
            self.holds |= {hold.message_id: hold for hold in holds}
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()  # to the kernel, which outlives us; a power cut costs a message too many, no letter

    def _read(self, entry: dict[str, Any]) -> None:
        for source, message_id, receipt in entry.get("held", []):
            self.holds[message_id] = Hold(Source(source), message_id, receipt)
        self._letters.update(entry.get("done", []))
        self._works.update(Work(job_id, version) for job_id, version in entry.get("works", []))


def _locked(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        # Receipts are keys to messages, so the file is its owner's alone.
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise AtWork(f"Another replay of this system is at work ({path}); wait until it has ended.") from None
        try:
            if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                return file
        except FileNotFoundError:
            pass
        file.close()  # the run before removed the file between our opening and our lock
