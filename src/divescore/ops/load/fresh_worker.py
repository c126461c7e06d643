"""What a fresh worker process takes on this machine until its first score, and how much memory.

    python -m divescore.ops.load.fresh_worker WEIGHTS CLIP

prints one JSON document: seconds by stage, megabytes resident at the most. It needs a process of its own, since
whatever imported torch before would hide what it costs.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from divescore.client.errors import ClientError

ENDS_WITHIN = 300.0


def cold_start(weights: Path, clip: Path) -> dict[str, Any]:
    """Run the measurement in a process of its own. Raises ClientError."""
    command = [sys.executable, "-m", "divescore.ops.load.fresh_worker", str(weights), str(clip)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ENDS_WITHIN, check=False)  # noqa: S603 - our own code
    except subprocess.TimeoutExpired as error:
        raise ClientError("NOT_FINISHED", f"A fresh worker had no score after {ENDS_WITHIN:g} s.") from error
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no word of why"]
        raise ClientError("NOT_SCORED", f"A fresh worker could not score: {last[0]}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def main(arguments: list[str]) -> None:
    """Measure this very process."""
    began = time.perf_counter()
    from divescore.worker.model import import_scorer, load_model

    import_scorer()
    imported = time.perf_counter()
    model = load_model(Path(arguments[0]))
    loaded = time.perf_counter()
    model.score(Path(arguments[1]), None, None, lambda _stage, _fraction: None)
    first = time.perf_counter()
    model.score(Path(arguments[1]), None, None, lambda _stage, _fraction: None)
    second = time.perf_counter()
    figures = {
        "import": imported - began,
        "load": loaded - imported,
        "first_dive": first - loaded,
        "second_dive": second - first,
        "cold_start": first - began,
    }
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    document = {
        "model": model.info,
        "seconds": {name: round(seconds, 4) for name, seconds in figures.items()},
        "megabytes": {"worker": round(most / 1e6, 1), "decoder": round(children / 1e6, 1)},
    }
    sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
