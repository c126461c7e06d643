"""Prior and posterior, and amending a result without looking at its video again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.difficulty import difficulty_of
from divescore.dives import parse_dive
from divescore.estimate import (
    UNSEEN,
    Estimate,
    NothingKept,
    apportioned,
    band_of,
    dive_seen,
    half_width,
    posterior_of,
    prior_of,
    rescored,
)
from divescore.priors import BY_FAMILY, BY_NUMBER, DIFFICULTY, USUAL
from divescore.result import Result
from tests.contract.recorded import recorded

OLD = recorded("live")["scored"]["received"]["job"]["result"]
PREDICTED = dive_seen(parse_dive("207C"), "predicted", 0.7)


def result(**changed: Any) -> Result:
    return Result.model_validate(
        {
            **OLD,
            "seen": {"mean": 12.0, "sd": 2.0},
            "evidence": 0.9,
            "predicted": {
                "of": "execution",
                "difficulty": 3.13,
                "difficulty_margin": 0.3,
                "dive": PREDICTED.model_dump(),
            },
            "aspects": {
                "flaws": [
                    {"name": "angle", "points": 10.0, "at": 1.5, "sureness": 0.8},
                    {"name": "legs", "points": 6.2, "at": None, "sureness": 0.5},
                ],
                "phases": [{"name": "flight", "start": 0.8, "end": 2.4}],
                "measures": [{"name": "flight", "value": 1.6, "unit": "s", "error": 0.05}],
            },
            **changed,
        }
    )


SCORED = {**OLD, "predicted": {"of": "score", "difficulty": 3.1, "dive": None}}


def test_a_dive_that_is_known_has_its_own_prior_and_others_that_of_their_kind() -> None:
    assert prior_of(parse_dive("207C")).middle == BY_NUMBER["207C"][1]
    assert prior_of(parse_dive("106C")).middle == BY_FAMILY["1C"][1]
    assert prior_of() == Estimate(*USUAL)
    assert prior_of(parse_dive("207C"), sureness=0.0) == Estimate(*USUAL)
    assert prior_of(difficulty=2.6).middle == prior_of(difficulty=2.4).middle != USUAL[1]


@given(st.floats(1.0, 6.0))
def test_a_prior_is_a_possible_execution(difficulty: float) -> None:
    prior = prior_of(difficulty=difficulty)

    assert 0.0 <= prior.low < prior.middle < prior.high <= 30.0
    assert abs(band_of(difficulty) - difficulty) <= 0.25


def test_evidence_is_the_weight_of_what_was_seen() -> None:
    seen, prior = Estimate(7.0, 10.0, 13.0), Estimate(13.0, 22.0, 26.0)

    assert posterior_of(seen, 1.0, prior) == seen
    assert posterior_of(seen, 0.0, prior) == prior
    between = posterior_of(seen, 0.5, prior)
    assert between.middle == 16.0
    assert between.low < 10.0 < 22.0 < between.high, "where both disagree, either may be right"
    agreed = posterior_of(Estimate(19.0, 22.0, 25.0), 0.5, prior)
    assert (agreed.low, agreed.high) == (16.0, 25.5)


@given(st.floats(0, 30), st.floats(0, 1), st.floats(0, 30))
def test_a_posterior_lies_between_both(seen: float, evidence: float, expected: float) -> None:
    own, prior = Estimate(seen - 1, seen, seen + 1), Estimate(expected - 5, expected, expected + 5)
    middle = posterior_of(own, evidence, prior).middle

    assert min(seen, expected) - 1e-9 <= middle <= max(seen, expected) + 1e-9


@given(st.lists(st.floats(0, 30), min_size=1, max_size=9), st.floats(0, 180))
def test_parts_add_up_to_the_hundredth(parts: list[float], total: float) -> None:
    total = round(total, 2)

    assert sum(round(100 * part) for part in apportioned(parts, total)) == round(100 * total)


def test_the_execution_is_the_average_and_the_score_follows() -> None:
    amended = rescored(result())

    prior = prior_of(parse_dive("207C"), 0.7).middle
    assert amended.execution == pytest.approx(0.9 * 12.0 + 0.1 * prior, abs=0.01)
    assert amended.difficulty == pytest.approx(0.9 * 3.13 + 0.1 * DIFFICULTY[1], abs=0.006)
    assert amended.difficulty_source == "predicted"
    assert amended.score == pytest.approx(amended.execution * amended.difficulty, abs=0.01)
    assert amended.interval.low < amended.score < amended.interval.high
    assert sum(part.contribution for part in amended.segments) == pytest.approx(amended.score, abs=0.001)
    assert amended.dive == PREDICTED


def test_flaws_and_execution_make_thirty_with_what_was_not_seen() -> None:
    amended = rescored(result(), dive="107B")

    assert amended.aspects is not None
    points = {flaw.name: flaw.points for flaw in amended.aspects.flaws}
    assert points["angle"] == 10.0
    assert points[UNSEEN] > 0
    assert sum(round(100 * value) for value in points.values()) + round(100 * amended.execution) == 3000
    again = rescored(amended, dive="109C").aspects
    assert again is not None
    assert [flaw.name for flaw in again.flaws] == ["angle", "legs", UNSEEN]


def test_the_difficulty_is_what_was_given_else_the_tables_for_dive_and_height() -> None:
    given_one = rescored(result(), dive="107B", height=3.0, difficulty=2.75)
    of_table = rescored(result(), dive="107B", height=3.0)
    elsewhere = rescored(result(), dive="107B", height=10.0)

    assert (given_one.difficulty, given_one.difficulty_source) == (2.75, "given")
    assert (of_table.difficulty, of_table.difficulty_source) == (difficulty_of(parse_dive("107B"), 3.0), "dive")
    assert of_table.difficulty != elsewhere.difficulty
    assert (of_table.height, of_table.height_source) == (3.0, "given")
    assert (of_table.dive.number, of_table.dive.source) == ("107B", "given")
    assert of_table.execution == elsewhere.execution


def test_taking_back_what_was_declared_leads_back() -> None:
    first = rescored(result())

    back = rescored(rescored(first, dive="107B", height=3.0, difficulty=2.75))
    assert back.model_copy(update={"segments": first.segments}) == first
    # Rounded twice, a stretch may be off by a hundredth; together they still make the score.
    assert [part.contribution for part in back.segments] == pytest.approx(
        [part.contribution for part in first.segments], abs=0.011
    )
    assert rescored(first) == first


def test_a_height_that_was_seen_counts_until_another_is_declared() -> None:
    kept = result().predicted
    assert kept is not None
    seen = result(predicted={**kept.model_dump(), "height": 3.0})

    assert rescored(seen, dive="107B").difficulty == difficulty_of(parse_dive("107B"), 3.0)
    assert (rescored(seen).height, rescored(seen).height_source) == (3.0, "predicted")
    assert rescored(seen, dive="107B", height=10.0).difficulty == difficulty_of(parse_dive("107B"), 10.0)


def test_without_evidence_the_network_stands_alone() -> None:
    alone = rescored(result(evidence=None))

    assert alone.execution == 12.0
    assert alone.aspects == result().aspects


def test_where_little_was_seen_the_interval_is_that_of_real_dives() -> None:
    blind = rescored(result(evidence=0.0), dive="207C", difficulty=3.3)

    assert blind.execution == BY_NUMBER["207C"][1]
    assert blind.interval.low < 84.15 < blind.interval.high
    undeclared = rescored(result(evidence=0.0))
    assert undeclared.interval.low < 84.15 < undeclared.interval.high


def test_a_network_that_predicts_the_score_keeps_it() -> None:
    before = Result.model_validate(SCORED)
    amended = rescored(before, difficulty=4.0)

    assert (amended.score, amended.interval, amended.segments) == (before.score, before.interval, before.segments)
    assert amended.execution == pytest.approx(before.score / 4.0, abs=0.005)
    assert amended.dive.position == "unknown"


def test_a_result_from_before_says_that_it_cannot_be_amended() -> None:
    with pytest.raises(NothingKept, match="upload the video again"):
        rescored(Result.model_validate(OLD), dive="107B")
    with pytest.raises(ValueError, match="is not a dive number"):
        rescored(result(), dive="977Z")


def test_a_deviation_says_the_same_at_every_level() -> None:
    assert half_width(2.0, 0.9) == pytest.approx(3.29, abs=0.001)
    assert half_width(2.0, 0.5) < half_width(2.0, 0.9)


def test_a_difficulty_of_an_older_table_is_warned_of_once_and_not_for_ever() -> None:
    told = rescored(result(warnings=["Dark."]), dive="307C", height=10.0, difficulty=3.3)
    assert [text.partition(":")[0] for text in told.warnings] == ["Dark.", "DIFFICULTY_UNUSUAL"]
    assert rescored(told, dive="307C", height=10.0, difficulty=3.3).warnings == told.warnings
    assert rescored(told, dive="307C", height=10.0).warnings == ["Dark."]
