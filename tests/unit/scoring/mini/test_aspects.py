"""Why a dive got its points, on the shipped weights and a rendered dive."""

from pathlib import Path

import pytest

from divescore.estimate import UNSEEN
from divescore.lab.rendering.films import write_film
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.result import Result
from divescore.scoring.manifest import MANIFEST, Manifest, read_manifest
from divescore.scoring.scorer import Scorer

WEIGHTS = Path(__file__).parents[4] / "model_weights"
SEED = 5


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("aspects") / "dive.webm"
    write_film(random_rendered_dive(SEED), path)
    return path


@pytest.fixture(scope="module")
def result(film: Path) -> Result:
    return Scorer.load(WEIGHTS, threads=1).score(film).result


def test_flaws_and_execution_make_thirty(result: Result) -> None:
    assert result.aspects is not None
    points = [round(100 * flaw.points) for flaw in result.aspects.flaws]

    assert sum(points) + round(100 * result.execution) == 3000
    assert min(points) >= 0
    assert [flaw.name for flaw in result.aspects.flaws][-1] == UNSEEN
    assert all(0.0 <= flaw.sureness <= 1.0 for flaw in result.aspects.flaws)
    assert all(0.0 <= flaw.at <= result.video.seconds for flaw in result.aspects.flaws if flaw.at is not None)


def test_phases_follow_one_another_at_the_times_they_were_drawn(result: Result) -> None:
    assert result.aspects is not None
    phases = {phase.name: phase for phase in result.aspects.phases}
    timing = random_rendered_dive(SEED).motion.timing

    assert list(phases) == ["approach", "take-off", "flight", "entry"]
    assert phases["flight"].start == pytest.approx(timing.take_off, abs=0.25)
    assert phases["flight"].end == pytest.approx(timing.entry, abs=0.25)
    for before, after in zip(result.aspects.phases, result.aspects.phases[1:], strict=False):
        assert before.start <= before.end == after.start


def test_measures_are_near_the_truth_by_their_errors(result: Result) -> None:
    assert result.aspects is not None
    measures = {measure.name: measure for measure in result.aspects.measures}
    film = random_rendered_dive(SEED)
    truths = {
        "time of flight": film.motion.timing.entry - film.motion.timing.take_off,
        "height over the platform": film.motion.rise**2 / (2 * 9.81),
        "splash": film.splash_size,
        "angle at entry": 52.0 * film.truth.flaws.angle,
        "distance": film.entry_x,
    }

    for name, truth in truths.items():
        assert measures[name].value == pytest.approx(truth, abs=3.0 * measures[name].error), name
        assert measures[name].error > 0
    assert measures["turn rate"].unit == "1/s"


def test_evidence_is_high_on_what_the_network_knows(result: Result) -> None:
    assert result.evidence is not None
    assert result.evidence > 0.8
    assert result.seen is not None
    assert abs(result.execution - result.seen.mean) < 3.0


def test_weights_without_a_calibration_score_as_before(film: Path, tmp_path: Path) -> None:
    before = read_manifest(WEIGHTS)
    old = Manifest.model_validate({**before.model_dump(), "calibration": None})
    (tmp_path / MANIFEST).write_text(old.model_dump_json(by_alias=True, exclude={"calibration"}))
    for file in before.files:
        (tmp_path / file.name).symlink_to(WEIGHTS / file.name)

    result = Scorer.load(tmp_path, threads=1).score(film).result

    assert (result.evidence, result.aspects, result.height) == (None, None, None)
    assert result.seen is not None
    assert result.execution == pytest.approx(result.seen.mean, abs=0.01)
