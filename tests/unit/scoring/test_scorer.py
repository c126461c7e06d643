"""The scorer from file to result, on the shipped weights."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from divescore.lab.rendering.films import write_film
from divescore.lab.rendering.negatives import build_negative
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.scorer import Scorer
from divescore.video.errors import VideoRejected

ROOT = Path(__file__).parents[3]
REAL = ROOT.parent / "shared" / "clips" / "real-dive-84.15.avi"
SECONDS_KEYS = {"decode", "infer"}


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load(ROOT / "model_weights", threads=1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    folder = tmp_path_factory.mktemp("dives")

    def write(seed: int) -> Path:
        path = folder / f"{seed}.webm"
        if not path.exists():
            write_film(random_rendered_dive(seed), path)
        return path

    return write


def test_scores_a_dive_and_says_what_it_rests_on(scorer: Scorer, clip: Callable[[int], Path]) -> None:
    result = scorer.score(clip(5)).result

    assert 0 < result.score <= 30 * result.difficulty
    assert result.score == pytest.approx(result.execution * result.difficulty, abs=0.01)
    assert result.difficulty_source == "predicted"
    assert 0 <= result.interval.low <= result.score <= result.interval.high
    assert result.dive.source == "predicted"
    assert sum(round(100 * part.contribution) for part in result.segments) == round(100 * result.score)
    assert result.segments[-1].end == pytest.approx(result.video.seconds, abs=0.01)
    assert result.model == scorer.info
    assert result.model.trained_on == "synthetic"
    assert set(result.timings) == SECONDS_KEYS
    assert result.video.format == "webm"
    assert result.warnings == []


def test_the_document_is_small_plain_and_camel_cased(scorer: Scorer, clip: Callable[[int], Path]) -> None:
    document = scorer.score(clip(5)).result.to_json()

    assert len(json.dumps(document)) < 24_000
    assert set(document) == {
        *("score", "execution", "difficulty", "difficultySource", "interval", "dive", "segments", "strip", "model"),
        *("runtime", "timings", "video", "warnings", "seen", "evidence", "aspects", "height", "heightSource"),
        "predicted",
    }
    assert isinstance(document["dive"], dict)
    assert set(document["dive"]) == {
        *("number", "source", "position", "armstand", "rotation", "halfSomersaults", "halfTwists"),
        "sureness",
    }


def test_the_same_clip_scores_the_same_and_another_another(scorer: Scorer, clip: Callable[[int], Path]) -> None:
    first, again, other = scorer.score(clip(5)).result, scorer.score(clip(5)).result, scorer.score(clip(6)).result

    def essence(result: object) -> object:
        return result.model_dump(exclude={"timings"})  # type: ignore[attr-defined]

    assert essence(first) == essence(again)
    assert first.score != other.score


def test_what_was_declared_counts(scorer: Scorer, clip: Callable[[int], Path]) -> None:
    by_dive = scorer.score(clip(5), dive="5253b").result
    assert (by_dive.difficulty, by_dive.difficulty_source) == (3.2, "dive")
    assert (by_dive.dive.number, by_dive.dive.source, by_dive.dive.half_twists) == ("5253B", "given", 3)

    by_both = scorer.score(clip(5), dive="5253B", difficulty=3.4).result
    assert (by_both.difficulty, by_both.difficulty_source) == (3.4, "given")
    assert by_both.execution == by_dive.execution
    assert by_both.score == pytest.approx(by_both.execution * 3.4, abs=0.005)
    assert not any(text.startswith("DIFFICULTY_UNUSUAL") for text in by_both.warnings)

    from_board = scorer.score(clip(5), dive="5253B", height=3.0).result
    assert (from_board.difficulty, from_board.difficulty_source) == (3.4, "dive")
    assert (from_board.height, from_board.height_source) == (3.0, "given")

    of_an_older_table = scorer.score(clip(5), dive="5253B", difficulty=3.3, height=3.0).result
    assert of_an_older_table.warnings[-1].startswith("DIFFICULTY_UNUSUAL: 3.3 was declared")
    assert "3.4 from 3 m" in of_an_older_table.warnings[-1]


def test_what_is_declared_must_make_sense(scorer: Scorer, clip: Callable[[int], Path]) -> None:
    with pytest.raises(ValueError, match="not a dive number"):
        scorer.score(clip(5), dive="99Z")
    with pytest.raises(ValueError, match="not a difficulty"):
        scorer.score(clip(5), difficulty=0)
    with pytest.raises(ValueError, match="between 1 and 6"):
        scorer.score(clip(5), difficulty=6.1)
    with pytest.raises(ValueError, match="not a height"):
        scorer.score(clip(5), height=4.0)
    with pytest.raises(ValueError, match="cannot be the difficulty of 101C"):
        scorer.score(clip(5), dive="101C", difficulty=5.9)


@pytest.mark.parametrize("kind", ["noise", "still", "person", "pool"])
def test_what_is_no_dive_is_rejected(scorer: Scorer, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "film.webm"
    write_film(build_negative(kind, 11), path)

    with pytest.raises(VideoRejected) as caught:
        scorer.score(path)
    assert caught.value.code == "NOT_A_DIVE"

    forced = scorer.score(path, gate=False).result
    assert any("does not look like a dive" in warning for warning in forced.warnings)


def test_progress_goes_stage_by_stage_and_may_stop_the_work(scorer: Scorer, clip: Callable[[int], Path]) -> None:
    seen: list[tuple[str, float]] = []
    scorer.score(clip(5), on_progress=lambda stage, fraction: seen.append((stage, fraction)))

    assert [stage for stage, _ in seen] == sorted((stage for stage, _ in seen))
    for stage in ("decoding", "scoring"):
        fractions = [fraction for name, fraction in seen if name == stage]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0

    class CancelledError(Exception):
        pass

    def cancel(stage: str, _fraction: float) -> None:
        if stage == "scoring":
            raise CancelledError

    with pytest.raises(CancelledError):
        scorer.score(clip(5), on_progress=cancel)


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    weights = ROOT / "model_weights"
    document = json.loads((weights / "manifest.json").read_text(encoding="utf-8"))
    document["architecture"] = "oracle"
    (tmp_path / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    for file in document["files"]:
        (tmp_path / file["name"]).symlink_to(weights / file["name"])

    with pytest.raises(WeightsInvalid, match="'oracle' is unknown"):
        Scorer.load(tmp_path)


@pytest.mark.skipif(not REAL.exists(), reason="the real clip is not on this machine")
def test_a_real_dive_passes_the_gate(scorer: Scorer) -> None:
    result = scorer.score(REAL).result

    assert 20 < result.score < 120
    assert result.video.frames == 103
