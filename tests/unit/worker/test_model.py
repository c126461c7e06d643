"""The scorer as the worker starts it; torch stays out of this process."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from divescore.worker.model import UNUSED_OF_TORCH, load_scorer

IMPORTED_WITHIN = 60.0


class FakeScorer:
    """Remembers where it was loaded from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def load(cls, folder: Path) -> "FakeScorer":
        return cls(folder)


def test_the_scorer_is_loaded_from_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in = ModuleType("divescore.scoring.scorer")
    stand_in.Scorer = FakeScorer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "divescore.scoring.scorer", stand_in)

    scorer = load_scorer(tmp_path)

    assert isinstance(scorer, FakeScorer)
    assert scorer.folder == tmp_path


def test_torch_comes_without_what_only_its_compiler_asks_for() -> None:
    """In a process of its own. Were torch to need it one day, this says so before a worker does."""
    code = f"""
import gc, sys
from divescore.worker.model import import_scorer
scorer = import_scorer()
assert gc.isenabled()
assert {UNUSED_OF_TORCH!r} not in sys.modules
import torch
with torch.inference_mode():
    told = torch.nn.Conv3d(3, 4, 3)(torch.ones(1, 3, 4, 8, 8)).shape
import torch._meta_registrations as real
print(scorer.__name__, tuple(told), len(vars(real)) > 100)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=IMPORTED_WITHIN)
    assert done.stdout.split("\n")[0] == "Scorer (1, 4, 2, 6, 6) True", done.stderr
