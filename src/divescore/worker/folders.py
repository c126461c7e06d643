"""The folder of an attempt, in which its video lies.

A worker that is killed leaves its folder behind, and a Lambda environment keeps its /tmp when its process is replaced,
so that a few videos fill it. Each attempt therefore first removes the folders whose owner is dead. Workers of one
machine share the temporary folder, and process numbers are used again; so an owner is alive while it holds the lock on
its folder, which the kernel gives back whatever the owner dies of.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "divescore-dive-"


@contextmanager
def attempt_folder(report: Callable[..., None]) -> Iterator[Path]:
    """A folder that is gone afterwards; `report` hears of those that had to be removed, or could not be.

    Raises OSError when none can be made.
    """
    _remove_dead(report)
    folder, lock = _make()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what is left of it goes with the next attempt
        os.close(lock)


def _make() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        # Between making and locking it looks dead: who starts at this moment may have removed it.
        with suppress(FileNotFoundError):
            lock = _open(folder)
            with suppress(OSError):  # refused; nobody can remove it then, since that takes the lock as well
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _remove_dead(report: Callable[..., None]) -> None:
    removed = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            lock = _open(folder)
        except OSError:  # another user's, no folder, or removed meanwhile
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
        except BlockingIOError:  # its owner is alive
            continue
        except OSError as error:
            report("videos of dead workers stay", error=repr(error))
            return
        finally:
            os.close(lock)
    if removed:
        report("videos of dead workers removed", count=removed)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
