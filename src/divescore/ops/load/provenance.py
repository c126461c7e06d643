"""Where a report comes from: enough to run the same again, and to know what it was run on."""

import hashlib
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from divescore import __version__
from divescore.stack.deployed import Stack


def describe(owner: Stack, via: str, schedule: str, seed: int, clips: list[Path], words: list[str]) -> dict[str, Any]:
    """Of this run on this system, by this program."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": words,
        "via": via,
        "schedule": schedule,
        "seed": seed,
        "stack": f"{owner.name} on this machine" if owner.local else owner.name,
        "api": owner.outputs.get("ApiUrl"),
        "workers": owner.number("WorkerConcurrency"),
        "model": None,  # told by the API when the run has ended
        "clips": [
            {"name": clip.name, "bytes": clip.stat().st_size, "sha256": hashlib.sha256(clip.read_bytes()).hexdigest()}
            for clip in clips
        ],
        "version": __version__,
        "commit": _commit(),
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "niceness": os.nice(0),
        },
    }


def _commit() -> str | None:
    """The checkout's commit, with a plus when there are changes; None when this is no checkout."""
    root = Path(__file__).resolve().parents[4]
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "--short", "HEAD")
        return head + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"The commit is not known: {error}\n")
        return None


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603  # fixed words
        ["git", "-C", str(root), *words],  # noqa: S607  # whichever git there is
        check=True,
        capture_output=True,
        text=True,
        timeout=10,
    )
    return done.stdout.strip()
