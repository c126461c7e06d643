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
from divescore.ops.load.schedule import Schedule
from divescore.stack.deployed import Stack


def describe(stack: Stack, via: str, schedule: Schedule, clips: list[Path], command: list[str]) -> dict[str, Any]:
    """Of this run on this system, by this program."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "via": via,
        "schedule": schedule.words,
        "seed": schedule.seed,
        "stack": f"{stack.name} on this machine" if stack.local else stack.name,
        "api": stack.outputs.get("ApiUrl"),
        "workers": stack.number("WorkerConcurrency"),
        "model": None,  # the API says it when the run has ended
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
    command = ["git", "-C", str(root), "describe", "--always", "--exclude=*", "--dirty=+"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=10)  # noqa: S603 - fixed words
    except (OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"The commit is not known: {error}\n")
        return None
    return done.stdout.strip()
