"""What is needed to take an upload up again later: a small file for each, in the user's folder for state."""

import hashlib
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ENDS = 64 * 1024  # bytes of each end of the file that are looked at


@dataclass(frozen=True)
class Unfinished:
    """An upload that was begun. `token` is the job's, so the file is its owner's alone."""

    api: str
    job_id: str
    token: str
    part_size: int
    count: int


def state_folder() -> Path:
    """Where uploads are remembered: XDG_STATE_HOME/divescore/uploads, or what the system has in its place."""
    if told := os.environ.get("XDG_STATE_HOME"):
        base = Path(told)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    else:
        base = Path.home() / ".local" / "state"
    return base / "divescore" / "uploads"


def fingerprint(path: Path, api: str) -> str:
    """By what a file is known again: its size, time, and both ends; and where it was being sent. Raises OSError."""
    digest = hashlib.sha256(api.encode())
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        digest.update(f" {about.st_size} {about.st_mtime_ns} ".encode())
        digest.update(file.read(ENDS))
        file.seek(max(0, about.st_size - ENDS))
        digest.update(file.read(ENDS))
    return digest.hexdigest()


class Notebook:
    """The unfinished uploads of this user."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or state_folder()

    def write(self, key: str, unfinished: Unfinished) -> None:
        """Remember an upload, in place of an earlier one of the same file. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = self._folder / f"{key}.{os.getpid()}"
        # With its rights from the beginning: it holds a token.
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(unfinished), file)
        scratch.replace(self._path(key))

    def read(self, key: str) -> Unfinished | None:
        """The upload of this file; None when there is none, or none that this version can read."""
        try:
            return Unfinished(**json.loads(self._path(key).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def forget(self, key: str) -> None:
        """It is over."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"
