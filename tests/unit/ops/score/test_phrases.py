"""Jobs in words."""

import pytest

from divescore.client.models import Job
from divescore.ops.score import phrases
from divescore.result import DiveSeen, Result
from tests.contract.recorded import recorded

RECORDED = recorded("live")["scored"]["received"]["job"]["result"]


def a_dive(
    rotation: str, half_somersaults: int, position: str, half_twists: int = 0, armstand: bool = False
) -> DiveSeen:
    return DiveSeen(
        number="107B",
        source="given",
        position=position,
        armstand=armstand,
        rotation=rotation,
        half_somersaults=half_somersaults,
        half_twists=half_twists,
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0004, "0 ms"), (0.0123, "12 ms"), (-0.003, "-3 ms"), (-0.0004, "0 ms"), (1.0, "1.00 s"), (75.25, "75.25 s")],
)
def test_duration(seconds: float, text: str) -> None:
    assert phrases.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1024, "1.0 KB"), (1_083_424, "1.0 MB"), (200 * 1024**2, "200 MB")]
)
def test_size(count: int, text: str) -> None:
    assert phrases.size(count) == text


@pytest.mark.parametrize(
    ("dive", "text"),
    [
        (a_dive("forward", 7, "pike"), "forward 3½ somersaults, pike"),
        (a_dive("back", 5, "free", half_twists=3), "back 2½ somersaults, 1½ twists, free"),
        (a_dive("forward", 1, "tuck"), "forward ½ somersault, tuck"),
        (a_dive("back", 4, "tuck", half_twists=2, armstand=True), "armstand back 2 somersaults, 1 twist, tuck"),
    ],
)
def test_dive(dive: DiveSeen, text: str) -> None:
    assert phrases.dive(dive) == text


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"status": "QUEUED", "ahead": 3}, "about 3 ahead"),
        ({"status": "QUEUED", "ahead": 0}, "next in line"),
        ({"status": "QUEUED"}, ""),
        ({"status": "PROCESSING", "progress": {"stage": "decoding", "fraction": 0.5}}, "decoding  50%"),
        (
            {"status": "REJECTED", "error": {"code": "DAMAGED", "message": "Cut\x1b[2J short."}},
            "DAMAGED: Cut�[2J short.",
        ),
        (
            {"status": "FAILED", "error": {"code": "CRASH", "message": "Ours.", "retryable": True}},
            "CRASH: Ours. (it can be tried again)",
        ),
        ({"status": "SCORED", "result": {"score": 84.15}}, "84.15 points"),
    ],
)
def test_state(members: dict[str, object], text: str) -> None:
    assert phrases.state(Job.model_validate({"jobId": "a", "version": 1} | members)) == text


def test_the_summary_says_what_the_score_rests_on() -> None:
    result = Result.model_validate(
        RECORDED
        | {
            "execution": 25.5,
            "difficulty": 3.3,
            "difficultySource": "given",
            "interval": {"low": 70.1, "high": 95, "level": 0.9},
            "dive": a_dive("forward", 7, "pike"),
            "timings": {"decode": 0.04},
            "warnings": ["Few frames."],
        }
    )
    rows = dict(phrases.summary(result, 0.1))
    assert "25.50" in rows["rests on"]
    assert "3.3 (declared)" in rows["rests on"]
    assert "70.10 to 95.00" in rows["interval"]
    assert "90%" in rows["interval"]
    assert rows["dive"] == "107B: forward 3½ somersaults, pike (declared)"
    assert "trained on synthetic dives" in rows["model"]
    assert rows["time"] == "100 ms from upload to score (decode 40 ms)"
    assert rows["warning"] == "Few frames."


def test_the_summary_of_a_bare_score() -> None:
    assert phrases.summary(None, None) == []
    assert phrases.summary(None, 1.5) == [("time", "1.50 s from upload to score")]
