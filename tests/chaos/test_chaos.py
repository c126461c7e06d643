"""No dive is lost, scored twice or left hanging: a short storm of faults in every test run, the long ones in soak."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.chaos.report import Heard, Spread, kills, lost, restarts, scored_twice
from tests.chaos.system import ROOT

SHORT_WITHIN = 540.0  # about forty on an idle machine; patience, not a bound
LONG_WITHIN = 3600.0
RESTARTS_WITHIN = 45.0  # of a killed job, median, on an idle queue


def chaos(*arguments: str, timeout: float) -> dict[str, Any]:
    """Run the driver and return its report; what it says on the way is shown when the test fails."""
    command = [sys.executable, "-m", "tests.chaos.run", "--json", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        out, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.terminate()  # it takes its system down
        process.communicate(timeout=60)
        raise
    document: dict[str, Any] = json.loads(out)
    assert process.returncode == 0, document
    return document


def holds(report: dict[str, Any]) -> None:
    broken = [report[name] for name in ("lost", "scored_twice", "stuck", "untold")]
    assert broken == [0, 0, 0, 0], report["broken"]
    assert report["final_states"] == {"SCORED": report["jobs"]}


@pytest.mark.stack
def test_a_short_storm() -> None:
    size = {"--jobs": 8, "--kills": 5, "--duplicates": 4, "--push-failures": 3, "--publish-failures": 4}
    more = {"--socket-cuts": 1, "--engine-restarts": 1, "--outside-kills": 0, "--idle-kills": 0, "--lease": 5}
    more |= {"--timeout": 240}
    # A short storm has few pushes: the first ones fail, so that all that were planned do.
    chances = {"--push-chance": 1, "--seed": 5}
    words = [str(word) for pair in (size | more | chances).items() for word in pair]
    report = chaos(*words, "--calm", timeout=SHORT_WITHIN)
    holds(report)
    assert report["faults"]["kills"]["total"] == 5
    assert sum(report["faults"]["duplicates"].values()) == 4
    assert sum(report["faults"]["push_failures"].values()) == 3
    assert sum(report["faults"]["publish_failures"].values()) == 4
    assert report["messages"]["versions"] == report["jobs"]
    assert report["faults"]["engine_restarts"] == 1


@pytest.mark.soak
@pytest.mark.stack
def test_a_long_storm() -> None:
    size = ("--jobs", "300", "--kills", "60", "--duplicates", "50", "--push-failures", "50", "--publish-failures", "50")
    report = chaos(*size, timeout=LONG_WITHIN)
    holds(report)
    faults = report["faults"]
    assert faults["kills"]["total"] >= 60
    for stage in ("download", "decode", "inference", "before write", "after write"):
        assert sum(count for where, count in faults["kills"].items() if where.startswith(stage)) >= 5, stage
    assert sum(faults["duplicates"].values()) >= 50
    assert sum(faults["push_failures"].values()) >= 50
    assert sum(faults["publish_failures"].values()) >= 50
    assert report["messages"]["versions"] == 300
    assert report["restart_seconds_idle"]["median"] <= RESTARTS_WITHIN


@pytest.mark.soak
@pytest.mark.stack
def test_films_that_kill_their_worker() -> None:
    report = chaos("--poison", "5", "--jobs", "200", timeout=LONG_WITHIN)
    assert report["good"] == {"SCORED": 200}
    assert [(film["status"], film["attempts"]) for film in report["poisoned"]] == [("FAILED", 3)] * 5
    assert all(film["cause"] and film["dead_letters"] for film in report["poisoned"])


NOTES = [
    {"event": "claimed", "job": "a", "attempt": 1, "at": 10.0},
    {"event": "killed", "job": "a", "stage": "decode", "at": 11.0},
    {"event": "claimed", "job": "a", "attempt": 2, "at": 45.0},
    {"event": "scored", "job": "a", "attempt": 2, "at": 46.0},
    {"event": "killed", "job": "a", "stage": "after write", "at": 46.0},
    {"event": "restarting", "at": 47.0},
]


def test_the_report_counts_kills_and_times_restarts() -> None:
    assert kills(NOTES) == {"decode": 1, "after write": 1}
    assert restarts(NOTES) == [34.0]
    assert restarts(NOTES, {"b"}) == []
    assert Spread.of([1.0, 2.0, 40.0]) == Spread(3, 2.0, 40.0, 40.0)
    assert Spread.of([]) == Spread(0, 0.0, 0.0, 0.0)


def test_the_report_sees_a_second_score_in_either_account() -> None:
    assert scored_twice(NOTES, {"a": {5}}) == []
    assert scored_twice(NOTES, {"a": {5, 6}}) == ["a"]
    assert scored_twice([*NOTES, NOTES[3]], {}) == ["a"]


def test_the_report_misses_jobs_and_clients_that_know_less() -> None:
    table = {"a": "SCORED", "b": "QUEUED", "c": "SCORED"}
    heard = [Heard("a", "SCORED"), Heard("b", "QUEUED"), Heard("c", "PROCESSING"), Heard("d", None)]
    assert lost(heard, table) == ["b", "c", "d"]
