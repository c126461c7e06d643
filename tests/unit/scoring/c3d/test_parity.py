"""Full-size checkpoints on a real clip, against what the published code returned for them."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from divescore.scoring.c3d.engine import ROUNDING, Precision, supported
from divescore.scoring.c3d.model import C3dModel
from divescore.scoring.manifest import parse_manifest
from divescore.scoring.scorer import Scorer
from divescore.scoring.weights.importing import import_weights

SHARED = Path(__file__).parents[5] / "shared"
PARITY = SHARED / "parity"
BOUNDS = {
    Precision.FP32: 1e-5,
    Precision.WINOGRAD: 1e-4,
    Precision.F16: 1e-3,
    Precision.BF16: 1e-2,
    Precision.INT8: 1e-2,
    Precision.INT8_BF16: 1e-2,
}

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        not PARITY.exists(), reason="the generator of full-size checkpoints is not beside this checkout"
    ),
]


@pytest.fixture(scope="module")
def folders() -> Iterator[dict[str, Path]]:
    """Weights imported from the generated checkpoints, whole and as float16."""
    with tempfile.TemporaryDirectory(prefix="c3d-parity-") as scratch:
        checkpoints = Path(scratch) / "checkpoints"
        subprocess.run([sys.executable, str(PARITY / "make_checkpoints.py"), str(checkpoints)], check=True)
        whole, half = Path(scratch) / "whole", Path(scratch) / "half"
        import_weights(checkpoints, whole)
        import_weights(checkpoints, half, half=True, int8=False)
        yield {"whole": whole, "half": half}


@pytest.mark.parametrize("stored", ["whole", "half"])
@pytest.mark.parametrize("precision", sorted(supported()))
def test_answers_as_published(folders: dict[str, Path], stored: str, precision: Precision) -> None:
    if precision in ROUNDING and stored == "half":
        pytest.skip("int8 is rounded from whole weights here")
    exact = json.loads((PARITY / "reference.json").read_text(encoding="utf-8"))
    folder = folders[stored]
    manifest = parse_manifest(folder)
    scorer = Scorer(manifest, C3dModel(folder, manifest, precision))

    raw = scorer.score(PARITY / exact["clip"], gate=False).raw

    bound = max(BOUNDS[precision], 1e-3 if stored == "half" else 0.0)
    assert raw["score"] == pytest.approx(exact["regressor_output"], rel=bound)
    assert raw["sport"] == exact["gate_class_sports1m"]
