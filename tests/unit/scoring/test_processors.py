"""One score everywhere: processors without the widest instructions say the same as those that have them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from divescore.lab.rendering.films import write_film
from divescore.lab.rendering.random_dives import random_rendered_dive

ROOT = Path(__file__).parents[3]
PROCESSORS = {
    "as it is": {},
    "AVX-512": {"ATEN_CPU_CAPABILITY": "avx512"},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "SSE4.1": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
}
SAME = 0.05
"""Points that scores may differ by."""
SCORE = """
import json, sys
from pathlib import Path
from divescore.scoring.scorer import Scorer
scorer = Scorer.load(Path(sys.argv[1]), threads=int(sys.argv[2]))
results = [scorer.score(Path(file), gate=False).result for file in sys.argv[3:]]
print(json.dumps([[result.score, result.seen.mean, result.runtime.precision] for result in results]))
"""


def processors() -> dict[str, dict[str, str]]:
    """Those that this machine can be: torch takes instructions on trust, and dies of those that are not there."""
    widest = torch.cpu.get_capabilities().get("avx512_f", False)
    return {name: settings for name, settings in PROCESSORS.items() if widest or name != "AVX-512"}


def test_scores_agree_to_a_twentieth_of_a_point(tmp_path: Path) -> None:
    films = [tmp_path / f"{seed}.webm" for seed in (5, 6)]
    for seed, film in zip((5, 6), films, strict=True):
        write_film(random_rendered_dive(seed), film)

    found = {}
    for name, settings in processors().items():
        for threads in ("1", "2"):
            done = subprocess.run(
                [sys.executable, "-c", SCORE, str(ROOT / "model_weights"), threads, *map(str, films)],
                env={**os.environ, **settings},
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            assert done.returncode == 0, done.stderr
            found[name, threads] = json.loads(done.stdout)
    first = found["as it is", "1"]
    for which, scores in found.items():
        for (score, seen, precision), (its_score, its_seen, its_precision) in zip(scores, first, strict=True):
            assert score == pytest.approx(its_score, abs=SAME), which
            assert seen == pytest.approx(its_seen, abs=SAME / 4), which
            assert precision == its_precision == "fp32"
