"""What a fresh worker takes until its first score, and how much memory: `python -m divescore.worker WEIGHTS CLIP`.

Prints one JSON document: seconds by stage, megabytes resident at the most. A process of its own, since whatever
imported torch before would hide what that costs.
"""

import json
import resource
import sys
import time
from pathlib import Path

from divescore.worker.model import import_scorer, load_scorer


def main(weights: Path, clip: Path) -> None:
    """Measure this very process."""
    moments = [time.perf_counter()]
    import_scorer()
    moments.append(time.perf_counter())
    scorer = load_scorer(weights)
    moments.append(time.perf_counter())
    for _ in range(2):
        scorer.score(clip)
        moments.append(time.perf_counter())
    began, imported, loaded, first, second = moments
    seconds = {
        "import": imported - began,
        "load": loaded - imported,
        "first_dive": first - loaded,
        "second_dive": second - first,
        "cold_start": first - began,
    }
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    most = {"worker": resource.RUSAGE_SELF, "decoder": resource.RUSAGE_CHILDREN}
    document = {
        "model": scorer.info.model_dump(mode="json", by_alias=True),
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "megabytes": {name: round(resource.getrusage(who).ru_maxrss * unit / 1e6, 1) for name, who in most.items()},
    }
    sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
