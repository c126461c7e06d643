"""The shipped model: from sampled frames to what it predicts."""

from pathlib import Path

import numpy as np
import pytest
import torch

from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.scoring.architectures import ARCHITECTURES, load_model
from divescore.scoring.manifest import read_manifest
from divescore.scoring.mini import model as module
from divescore.scoring.mini.model import MiniModel
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.video.limits import VideoLimits
from divescore.video.sampling import SampledVideo, SourceInfo

WEIGHTS = Path(__file__).parents[4] / "model_weights"


def noise(wanted: Preprocessing) -> SampledVideo:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (wanted.frames, wanted.height, wanted.width, 3)).astype(np.uint8)
    return SampledVideo(frames, np.linspace(0, 3, wanted.frames), SourceInfo(64, 48, wanted.frames, 3.0, "mp4"))


def dive(wanted: Preprocessing) -> SampledVideo:
    drawn = random_rendered_dive(7)
    frames = [
        drawn.frame(float(moment), wanted.width, wanted.height)
        for moment in np.linspace(0.0, drawn.seconds, wanted.frames, endpoint=False)
    ]
    source = SourceInfo(wanted.width, wanted.height, wanted.frames, drawn.seconds, "webm")
    return SampledVideo(np.stack(frames), np.linspace(0, drawn.seconds, wanted.frames), source)


def test_the_shipped_model_predicts_within_the_sports_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    manifest = read_manifest(WEIGHTS)
    video = noise(manifest.preprocessing_as(Preprocessing))
    monkeypatch.setattr(module, "sample_frames", lambda *_arguments, **_named: video)
    stages: list[tuple[str, float]] = []
    gates: list[float] = []

    inference = load_model(WEIGHTS, manifest).infer(
        Path("noise.mp4"), VideoLimits(), lambda stage, share: stages.append((stage, share)), gates.append
    )
    prediction = inference.prediction

    assert manifest.architecture in ARCHITECTURES
    assert 0 <= prediction.gate <= 1
    assert gates == [prediction.gate]
    assert 0 <= sum(prediction.shares) <= 30
    assert min(prediction.shares) >= 0
    assert prediction.spread > 0
    assert 0 < prediction.difficulty < 5
    assert sum(prediction.shares) == pytest.approx(30 * float(str(prediction.raw["execution"])), abs=0.001)
    assert stages == [("scoring", 0.0), ("scoring", 1.0)]


def test_any_number_of_cores_says_the_same() -> None:
    manifest = read_manifest(WEIGHTS)
    video = dive(manifest.preprocessing_as(Preprocessing))
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        model = MiniModel(WEIGHTS, manifest)
        assert model.runtime.threads == threads
        found.append(model.predict(video))

    for other in found[1:]:
        assert sum(other.shares) == pytest.approx(sum(found[0].shares), abs=0.05)
        assert other.gate == pytest.approx(found[0].gate, abs=0.005)
        assert other.dive == found[0].dive


def test_the_worker_sees_what_evaluation_sees() -> None:
    torch.set_num_threads(2)
    manifest = read_manifest(WEIGHTS)
    wanted = manifest.preprocessing_as(Preprocessing)
    model = MiniModel(WEIGHTS, manifest)
    frames, aspects = torch.from_numpy(dive(wanted).frames), torch.tensor([4 / 3])

    with torch.inference_mode():
        in_parts, skeletons = model._estimate_pose(frames, aspects)
        whole = model._network.pose(frames[None], aspects, wanted)
        at_once = model._network.pose.skeletons(frames[None], aspects, whole.localisation, wanted)

    assert torch.equal(in_parts.estimated, whole.estimated)
    assert torch.allclose(in_parts.localisation.position, whole.localisation.position, atol=0.01)
    assert torch.allclose(in_parts.joints, whole.joints, atol=0.05)
    assert skeletons is not None
    assert at_once is not None
    assert torch.equal(skeletons.estimated, at_once.estimated)
    assert torch.allclose(skeletons.joints, at_once.joints, atol=0.05)
