"""What a fresh worker process takes on this machine until its first score, and how much memory."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from divescore.client.errors import ClientError

ENDS_WITHIN = 300.0


def fresh_worker(weights: Path, clip: Path) -> dict[str, Any]:
    """Have a worker measure itself in a process of its own: `{model, seconds, megabytes}`. Raises ClientError."""
    command = [sys.executable, "-m", "divescore.worker", str(weights), str(clip)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ENDS_WITHIN, check=False)  # noqa: S603 - our own code
    except subprocess.TimeoutExpired as error:
        raise ClientError("NOT_FINISHED", f"A fresh worker had no score after {ENDS_WITHIN:g} s.") from error
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["it does not say why"]
        raise ClientError("NOT_SCORED", f"A fresh worker could not score: {last[0]}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document
