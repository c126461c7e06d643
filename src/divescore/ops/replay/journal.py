"""What a run writes down as it goes, so that after a SIGKILL the next one knows what is in flight and what was sent."""

import fcntl
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from divescore.ops.replay.dead_letters import DeadLetter, QueueName, Receipt
from divescore.ops.replay.errors import AlreadyRunning
from divescore.ops.replay.planning import Confirmed
from divescore.uploads.notifications import Upload


class Journal:
    """A file of JSON lines, locked by the run that writes it. A file that is there tells of a run that did not end.

    Nothing is lost without it. It saves waiting, since it holds the receipts of what a dead run had in flight, so that
    this is released at once, and it saves sending again what is known to have been sent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.receipts: dict[str, Receipt] = {}  # by message id
        # What has been sent for sure, its jobs' states set, and perhaps not yet been deleted.
        self.confirmed = Confirmed()
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

    def in_flight(self, letters: Sequence[DeadLetter]) -> None:
        """These were received, and nobody else sees them now."""
        receipts = [receipt for letter in letters if (receipt := letter.receipt)]
        self._write({"held": [[receipt.queue, receipt.message_id, receipt.handle] for receipt in receipts]}, receipts)

    def done(self, letters: Iterable[DeadLetter], uploads: Iterable[Upload]) -> None:
        """These were sent or pushed for sure; what is left is to delete them."""
        ids, sent = [letter.message_id for letter in letters], list(uploads)
        self._write({"done": ids, "works": [[upload.job_id, upload.object_version] for upload in sent]}, [])
        self.confirmed.letters.update(ids)
        self.confirmed.uploads.update(sent)

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

    def _write(self, entry: dict[str, Any], receipts: Iterable[Receipt]) -> None:
        with self._lock:  # several queues are received from at once
            self.receipts |= {receipt.message_id: receipt for receipt in receipts}
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()  # to the kernel, which outlives us; a power cut costs a message too many, no dead letter

    def _read(self, entry: dict[str, Any]) -> None:
        for queue, message_id, handle in entry.get("held", []):
            self.receipts[message_id] = Receipt(QueueName(queue), message_id, handle)
        self.confirmed.letters.update(entry.get("done", []))
        self.confirmed.uploads.update(Upload(job_id, version) for job_id, version in entry.get("works", []))


def _locked(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        # Receipts are keys to messages, so the file is its owner's alone.
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise AlreadyRunning(
                f"Another replay of this system is running ({path}); wait until it has ended."
            ) from None
        try:
            if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                return file
        except FileNotFoundError:
            pass
        file.close()  # the run before removed the file between our opening and our lock
