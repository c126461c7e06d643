"""Architectures and what they predict."""

from pathlib import Path

import numpy as np
import pytest
import torch

from divescore.scoring.architectures import ARCHITECTURES, load_predictor
from divescore.scoring.manifest import read_manifest
from divescore.scoring.preprocessing import Preprocessing
from divescore.video.sampling import SampledVideo, SourceInfo

WEIGHTS = Path(__file__).parents[3] / "model_weights"


def test_the_shipped_model_predicts_within_the_sports_bounds() -> None:
    torch.set_num_threads(1)
    manifest = read_manifest(WEIGHTS)
    wanted = manifest.preprocessing_as(Preprocessing)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (wanted.frames, wanted.height, wanted.width, 3)).astype(np.uint8)
    video = SampledVideo(frames, np.linspace(0, 3, wanted.frames), SourceInfo(64, 48, wanted.frames, 3.0, "mp4"))
    seen: list[float] = []

    prediction = load_predictor(WEIGHTS, manifest).predict(video, seen.append)

    assert manifest.architecture in ARCHITECTURES
    assert 0 <= prediction.gate <= 1
    assert 0 <= sum(prediction.shares) <= 30
    assert min(prediction.shares) >= 0
    assert prediction.spread > 0
    assert 0 < prediction.difficulty < 5
    assert sum(prediction.shares) == pytest.approx(30 * float(str(prediction.raw["execution"])), abs=0.001)
    assert seen == [0.0, 1.0]
