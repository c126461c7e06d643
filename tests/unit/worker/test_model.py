"""The scorer as the worker needs it; torch stays out of this process."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from divescore.worker.model import UNUSED_OF_TORCH, load_model

IMPORTED_WITHIN = 60.0


class FakeScorer:
    """Remembers what it was asked."""

    model = SimpleNamespace(id="m", version="1", sha256="0" * 64, architecture="a", trained_on="synthetic")
    asked: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> "FakeScorer":
        scorer = cls()
        scorer.asked = {"folder": folder}
        return scorer

    def score(self, path: Path, **arguments: Any) -> Any:
        self.asked |= {"path": path, **arguments}

        def model_dump(mode: str, by_alias: bool) -> dict[str, Any]:
            assert (mode, by_alias) == ("json", True)
            return {"score": 1.0}

        return SimpleNamespace(model_dump=model_dump)


def test_the_model_is_loaded_once_and_known_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in = ModuleType("divescore.scoring.scorer")
    stand_in.Scorer = FakeScorer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "divescore.scoring.scorer", stand_in)
    loaded = load_model(tmp_path)
    assert loaded.info == {
        "id": "m",
        "version": "1",
        "sha256": "0" * 64,
        "architecture": "a",
        "trainedOn": "synthetic",
    }
    assert loaded.score(tmp_path / "v", "107B", 3.0, print) == {"score": 1.0}
    scorer = loaded.scorer
    assert isinstance(scorer, FakeScorer)
    assert scorer.asked == {
        "folder": tmp_path,
        "path": tmp_path / "v",
        "dive": "107B",
        "difficulty": 3.0,
        "on_progress": print,
    }


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
