"""What one dive costs the shipped model, warm: decoding, inference, memory.

    python -m tests.bench.shipped [FILE] [--rounds 30] [--weights DIR] [--threads N]

Prints one JSON document, times in milliseconds. Dives follow one another at once, and after a pause in which caches and
cores cool down. FILE: by default the real clip where it lies beside the checkout, else a dive that is rendered first.
Promised for a clip of 100 frames of 320x240 on two cores: decoding and inference within 90 ms, inference within 45 ms,
700 MB of memory; exit code 1 when a median breaks that.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from divescore.lab.rendering.films import write_film
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.scoring.scorer import Scorer

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "clips" / "real-dive-84.15.avi"
PROMISED = {"both": 90.0, "infer": 45.0}
PROMISED_MEGABYTES = 700.0
WARM_UP = 6
PAUSES = (0.0, 0.4)


def timed(scorer: Scorer, film: Path, rounds: int, pause: float) -> dict[str, Any]:
    """Milliseconds by stage over the rounds."""
    stages: dict[str, list[float]] = {"decode": [], "infer": [], "both": []}
    for round_ in range(WARM_UP + rounds):
        time.sleep(pause)
        timings = scorer.score(film, gate=False).result.timings
        if round_ >= WARM_UP:
            for stage in ("decode", "infer"):
                stages[stage].append(1000 * timings[stage])
            stages["both"].append(1000 * (timings["decode"] + timings["infer"]))
    return {
        stage: {"median": round(statistics.median(taken), 1), "min": round(min(taken), 1), "max": round(max(taken), 1)}
        for stage, taken in stages.items()
    }


def megabytes() -> float:
    """Resident memory of this process and of the decoder's, shared pages counted once for each."""
    own = psutil.Process()
    return sum(process.memory_info().rss for process in (own, *own.children(recursive=True))) / 1e6


def main() -> None:
    """Measure, print, and fail when a promise is not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--weights", type=Path, default=ROOT / "model_weights")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        film = arguments.file or (REAL if REAL.exists() else Path(folder) / "dive.webm")
        if not film.exists():
            write_film(random_rendered_dive(7), film)
        scorer = Scorer.load(arguments.weights, threads=arguments.threads)
        pauses = {pause: timed(scorer, film, arguments.rounds, pause) for pause in PAUSES}
        runtime = scorer.score(film, gate=False).result.runtime
        memory = megabytes()
    kept = memory <= PROMISED_MEGABYTES and all(
        figures[stage]["median"] <= most for figures in pauses.values() for stage, most in PROMISED.items()
    )
    document = {
        "film": film.name,
        "milliseconds": {f"after {pause:g} s": figures for pause, figures in pauses.items()},
        "megabytes": round(memory),
        "runtime": runtime.model_dump(),
        "kept": kept,
        "load": os.getloadavg()[0],
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    raise SystemExit(0 if kept else 1)


if __name__ == "__main__":
    main()
