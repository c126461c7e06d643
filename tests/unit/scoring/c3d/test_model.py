"""`c3d-avg` from file to result, against the published way in double precision."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from divescore.scoring.c3d.engine import Precision, supported
from divescore.scoring.c3d.frames import KeptFrames, gate_frames, padded_length
from divescore.scoring.c3d.manifest import C3dNetwork, C3dPreprocessing
from divescore.scoring.c3d.model import LOOK_AHEAD, MOST_SEGMENTS, C3dModel
from divescore.scoring.c3d.rounding import halved, rounded, snake
from divescore.scoring.c3d.trial import in_order
from divescore.scoring.manifest import read_manifest
from divescore.scoring.scorer import Scorer
from divescore.scoring.weights.importing import import_weights
from divescore.video.errors import VideoRejected
from tests.bench import published
from tests.unit.scoring.checkpoints import write_checkpoints
from tests.unit.video.clips import write_clip

BOUNDS = {
    Precision.FP32: 1e-5,
    Precision.WINOGRAD: 1e-4,
    Precision.F16: 1e-3,
    Precision.BF16: 1e-2,
    Precision.INT8: 1e-2,
    Precision.INT8_BF16: 1e-2,
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoints(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="module")
def folder(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("weights")
    import_weights(checkpoints, out)
    return out


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """A film of so many frames."""
    scratch = tmp_path_factory.mktemp("films")

    def write(frames: int) -> Path:
        path = scratch / f"{frames}.avi"
        return path if path.exists() else write_clip(path, frames=frames, size=(192, 144))

    return write


def scorer(folder: Path, precision: Precision = Precision.FP32) -> Scorer:
    torch.set_num_threads(1)
    manifest = read_manifest(folder)
    return Scorer(manifest, C3dModel(folder, manifest, precision))


@pytest.mark.parametrize("frames", [16, 25, 32])
def test_answers_as_the_published_code_does(
    checkpoints: Path, folder: Path, film: Callable[[int], Path], frames: int
) -> None:
    exact = published.score(film(frames), checkpoints, classes=True)
    scored = scorer(folder).score(film(frames))

    assert scored.raw["score"] == pytest.approx(exact.regressor, rel=1e-5)
    assert scored.raw["sport"] == exact.sport == 463
    assert scored.raw["classes"] == {name: pytest.approx(p, abs=1e-3) for name, p in exact.classes.items()}
    assert scored.result.score == pytest.approx(max(exact.score, 0.0), abs=0.01)


@pytest.mark.parametrize("precision", sorted(supported()))
def test_coarser_precisions_stay_within_their_bounds(
    checkpoints: Path, folder: Path, film: Callable[[int], Path], precision: Precision
) -> None:
    if precision in read_manifest(folder).network_as(C3dNetwork).unfit:
        pytest.skip("too inexact for these weights, as the import found")
    exact = published.score(film(25), checkpoints)
    raw = scorer(folder, precision).score(film(25)).raw

    assert raw["score"] == pytest.approx(exact.regressor, rel=BOUNDS[precision])
    assert raw["sport"] == exact.sport


def test_what_each_clip_brought_in_adds_up(folder: Path, film: Callable[[int], Path]) -> None:
    stages: list[tuple[str, float]] = []
    scored = scorer(folder).score(
        film(40), difficulty=3.0, on_progress=lambda stage, share: stages.append((stage, share))
    )
    result, raw = scored.result, scored.raw

    assert isinstance(raw["shares"], list)
    assert sum(raw["shares"]) == pytest.approx(raw["score"], rel=1e-5)
    assert sum(segment.contribution for segment in result.segments) == pytest.approx(result.score, abs=1e-6)
    assert [segment.end for segment in result.segments] == pytest.approx([0.64, 1.28, 1.6])
    assert result.execution == pytest.approx(min(result.score / 3.0, 30), abs=0.01)
    assert result.strip is not None
    assert result.strip.frames == 6
    assert result.runtime.precision == "fp32"
    scoring = [share for stage, share in stages if stage == "scoring"]
    assert len(scoring) >= 4  # one for each clip
    assert scoring == sorted(scoring)
    assert scoring[-1] == 1.0


def test_a_film_longer_than_is_held_is_scored_alike(
    checkpoints: Path, folder: Path, film: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scorer(folder).score(film(72))
    monkeypatch.setattr("divescore.scoring.c3d.model.LOOK_AHEAD", 1)
    monkeypatch.setattr("divescore.scoring.c3d.model.MOST_SEGMENTS", 2)
    streamed = scorer(folder).score(film(72))

    assert streamed.raw["score"] == whole.raw["score"]
    assert streamed.raw["sport"] == whole.raw["sport"]
    assert streamed.result.strip == whole.result.strip
    assert len(whole.result.segments) == 5
    assert len(streamed.result.segments) == 2
    assert streamed.result.segments[-1].end == whole.result.segments[-1].end
    assert LOOK_AHEAD > 1
    assert MOST_SEGMENTS > 2


def test_what_is_no_dive_is_turned_away_unless_told_otherwise(tmp_path: Path, film: Callable[[int], Path]) -> None:
    import_weights(write_checkpoints(tmp_path / "in", diving=False), tmp_path / "out", int8=False)
    strict = scorer(tmp_path / "out")
    scored: list[float] = []

    with pytest.raises(VideoRejected, match="does not look like a dive"):
        strict.score(film(25), on_progress=lambda stage, share: scored.append(share) if stage == "scoring" else None)
    assert scored == []  # the classifier answers before any clip is scored
    assert "does not look like a dive" in strict.score(film(25), gate=False).result.warnings[0]


def test_without_classifier_and_heads_it_says_what_it_does_not_know(
    tmp_path: Path, film: Callable[[int], Path]
) -> None:
    source = write_checkpoints(tmp_path / "in")
    (source / "c3d.pickle").unlink()
    (source / "model_dive_classifier_7.pth").unlink()
    import_weights(source, tmp_path / "out", int8=False)

    result = scorer(tmp_path / "out").score(film(25)).result

    assert result.dive.position == result.dive.rotation == "unknown"
    assert result.dive.number is None
    assert any("Nothing checked whether" in warning for warning in result.warnings)


def test_an_answer_that_is_off_falls_back_to_exact_arithmetic(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Callable[[int], Path]
) -> None:
    coarse = supported() - {Precision.FP32}
    if not coarse:
        pytest.skip("this processor computes in fp32 only")
    altered = Path(shutil.copytree(folder, tmp_path / "altered"))
    path = altered / "manifest.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["network"]["check"]["score"] += 100.0
    path.write_text(json.dumps(document), encoding="utf-8")
    speeds = dict.fromkeys(coarse, 0.1) | {Precision.FP32: 1.0}
    monkeypatch.setattr("divescore.scoring.c3d.loaded.measured", lambda: speeds)

    trusted = Scorer.load(folder, threads=1).score(film(25)).result
    doubted = Scorer.load(altered, threads=1).score(film(25)).result

    assert trusted.runtime.precision != "fp32"
    assert trusted.runtime.difference is not None
    assert trusted.runtime.difference <= 1e-2
    assert trusted.warnings == []
    assert doubted.runtime.precision == "fp32"
    assert "the network runs more exactly" in doubted.warnings[0]


def test_the_trial_prefers_exactness_unless_speed_is_worth_it() -> None:
    fp32, winograd, bf16, int8 = Precision.FP32, Precision.WINOGRAD, Precision.BF16, Precision.INT8

    assert in_order({fp32: 1.0, bf16: 0.1, int8: 0.05}) == [int8, bf16, fp32]
    assert in_order({fp32: 1.0, bf16: 2.0, int8: 0.5}) == [int8, fp32]
    assert in_order({fp32: 1.0, bf16: 0.4, int8: 0.39}) == [bf16, fp32]
    assert in_order({fp32: 1.0, bf16: 0.95}) == [fp32]
    assert in_order({fp32: 1.0, winograd: 0.4, bf16: 2.0, int8: 0.5}) == [winograd, fp32]


def test_longer_films_than_the_manifest_allows_are_turned_away(
    folder: Path, tmp_path: Path, film: Callable[[int], Path]
) -> None:
    short = Path(shutil.copytree(folder, tmp_path / "short"))
    path = short / "manifest.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["preprocessing"]["maxFrames"] = 20
    path.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(VideoRejected) as caught:
        scorer(short).score(film(25))
    assert caught.value.code == "TOO_LONG"


def test_padding_by_either_rule() -> None:
    assert [padded_length(n, "published") for n in (15, 16, 17)] == [16, 32, 32]
    assert [padded_length(n, "corrected") for n in (15, 16, 17)] == [16, 16, 32]
    assert gate_frames(103, "published")[-1] == 111
    assert C3dPreprocessing().padding == "published"


def test_frames_that_were_asked_for_are_kept() -> None:
    kept = KeptFrames([0, 3, 9])
    frames = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    kept.add(frames[:4])
    kept.add(frames[4:])

    found = [kept.at(number) for number in (0, 3, 5)]
    assert [int(frame[0, 0, 0]) for frame in found if frame is not None] == [0, 3, 3]
    assert kept.at(9) is None


def test_rounding_errors_of_a_kernel_cancel() -> None:
    weight = torch.randn(8, 16, 3, 3, 3, generator=torch.Generator().manual_seed(2))
    levels, scale = rounded(weight)
    error = levels.float() * scale[:, None, None, None, None] - weight

    assert sorted(snake()) == list(range(27))
    assert levels.dtype == torch.int8
    # A sum of 27 errors is at most that of the last tap, but where a level was cut off at the end of the range.
    assert (error.sum(dim=(2, 3, 4)).abs() / scale[:, None]).median() <= 0.5
    assert error.abs().max() <= 1.6 * scale.max()


@pytest.mark.parametrize("shape", [(8, 16, 3, 3, 3), (8, 432)])
def test_halves_add_up_to_what_they_were(shape: tuple[int, ...]) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(3))
    found = halved(weight)

    assert found.dtype == torch.float16
    assert found.shape == weight.shape
    sums, wanted, plain = (
        value.double().flatten(2 if len(shape) == 5 else 1).sum(dim=-1) for value in (found, weight, weight.half())
    )
    assert (sums - wanted).abs().mean() < 0.5 * (plain - wanted).abs().mean()
    assert (found.float() - weight).abs().max() < 4e-3
