"""What harness and injected functions share: a folder with the plan of faults, and a journal of what happened."""

import json
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

SETTINGS = "faults.json"  # lies beside the wrapper in the package: {"folder", "environment"}
JOURNAL = "journal.jsonl"
POISON = b"this film kills its worker"  # at the end of a file; players and decoders do not look there
STAGES = ("download", "decode", "inference", "before write", "after write")


@dataclass(frozen=True)
class Faults:
    """A folder: `kills/<job>` holds a stage, each file of `pushes/` and `publishes/` one to fail and holds how."""

    folder: Path

    @classmethod
    def beside(cls, module: str) -> "Faults":
        """As the harness put it into the package of `module` (a path); applies its environment first."""
        settings = json.loads(Path(module).with_name(SETTINGS).read_text())
        os.environ.update(settings["environment"])
        return cls(Path(settings["folder"]))

    def create(self) -> None:
        """Make the folders, empty."""
        for name in ("kills", "pushes", "publishes"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / JOURNAL).touch()

    def plan_kill(self, job_id: str, stage: str) -> None:
        """Have a worker of this job killed, once, at this stage."""
        (self.folder / "kills" / job_id).write_text(stage)

    def kill_of(self, job_id: str) -> str | None:
        """The stage at which this job's worker is still to die."""
        try:
            return (self.folder / "kills" / job_id).read_text()
        except FileNotFoundError:
            return None

    def plan_push(self, number: int, how: str) -> None:
        """Have some push fail."""
        (self.folder / "pushes" / f"{number}").write_text(how)

    def take_push(self, chance: float) -> str | None:
        """How the push that is about to happen is to fail; None (mostly) when it is not."""
        return None if random.random() > chance else self._take("pushes")

    def plan_publish(self, number: int, how: str) -> None:
        """Have some message to servers fail."""
        (self.folder / "publishes" / f"{number}").write_text(how)

    def take_publish(self) -> str | None:
        """How the message that is about to be published is to fail; None when none is to any more."""
        return self._take("publishes")

    def _take(self, plan: str) -> str | None:
        for path in sorted((self.folder / plan).iterdir()):
            how = path.read_text()
            path.unlink()
            return how
        return None

    def note(self, event: str, **fields: Any) -> None:
        """Add a line to the journal: one write, so that lines of several processes stay whole."""
        line = json.dumps({"event": event, "at": time.time(), "pid": os.getpid(), **fields}) + "\n"
        handle = os.open(self.folder / JOURNAL, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def notes(self) -> list[dict[str, Any]]:
        """The journal so far."""
        lines = (self.folder / JOURNAL).read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def die(self, stage: str, job_id: str, attempt: int) -> NoReturn:
        """Write down where, then end this process as the kernel does when it needs memory."""
        (self.folder / "kills" / job_id).unlink(missing_ok=True)
        self.note("killed", stage=stage, job=job_id, attempt=attempt)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("the signal cannot be survived")
