from typing import Any

import click
import pytest

from divescore.ops.replay.dead_letters import DeadLetter, QueueName
from divescore.ops.replay.planning import Diagnosis, UploadState
from divescore.ops.replay.selection import Selection, parse_age, parse_expression
from divescore.uploads.notifications import Upload
from divescore.views import Status
from tests.fakes.clock import START
from tests.fakes.jobs import job_in

JOB = job_in(Status.FAILED)
BODY = '{"jobId": "' + JOB.job_id + '", "n": 0, "tags": ["a"], "none": null, "empty": ""}'


def diagnosed(age_seconds: int = 0, body: str = BODY) -> Diagnosis:
    letter = DeadLetter(QueueName.SCORING, "m", "r", body, system={"SentTimestamp": str(START - age_seconds * 1000)})
    return Diagnosis(letter, (UploadState(Upload(JOB.job_id, "v1"), JOB, True),))


def takes(what: Diagnosis, **words: Any) -> bool:
    return Selection(**words).takes(what, START)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), (" 3d ", 259_200)])
def test_ages(text: str, seconds: int) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "-1m", "1.5h", "1w", "1h30m"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(click.BadParameter, match="such as 90s"):
        parse_age(text)


def test_by_job_and_code() -> None:
    assert takes(diagnosed(), jobs=("x", JOB.job_id))
    assert not takes(diagnosed(), jobs=("x",))
    assert takes(diagnosed(), codes=("internal",))
    assert not takes(diagnosed(), codes=("OTHER",))
    assert not takes(diagnosed(), jobs=(JOB.job_id,), codes=("OTHER",)), "all of what is given has to hold"


def test_by_age() -> None:
    assert takes(diagnosed(600), older_than=600)
    assert not takes(diagnosed(599), older_than=600)
    assert takes(diagnosed(599), newer_than=600)
    assert not takes(diagnosed(600), newer_than=600)
    assert takes(diagnosed(300), older_than=60, newer_than=600)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"jobId == '{JOB.job_id}'", True),
        ("jobId == 'x'", False),
        ("starts_with(jobId, '01')", True),
        ("tags[?@ == 'a']", True),
        ("tags[?@ == 'b']", False),
        ("n", True),
        ("none", False),
        ("empty", False),
        ("missing", False),
        ("starts_with(n, 'x')", False),
    ],
)
def test_by_an_expression_on_the_body(expression: str, expected: bool) -> None:
    assert takes(diagnosed(), body=parse_expression(expression)) is expected


def test_a_body_that_is_no_json_matches_nothing() -> None:
    assert not takes(diagnosed(body="hello"), body=parse_expression("@"))


def test_an_expression_that_cannot_be_read() -> None:
    with pytest.raises(click.BadParameter, match="is no JMESPath expression"):
        parse_expression("jobId ==")
