import io
import json

import pytest
from rich.console import Console

from divescore.ops.replay import reports
from divescore.ops.replay.dead_letters import Letter, Source, Work
from divescore.ops.replay.planning import Action, Case, Found, Reason, Step
from divescore.ops.replay.redrive import Outcome, Result, summary
from divescore.ops.replay.streams import Position
from divescore.views import Status
from tests.fakes.clock import START
from tests.fakes.jobs import job_in

JOB = job_in(Status.FAILED)
LETTER = Letter(Source.SCORING, "m1", "r1", "{}", system={"SentTimestamp": str(START - 90_000)})
CASE = Case(LETTER, (Found(Work(JOB.job_id, "v1"), JOB, True),))
SEND = Step(CASE, Action.SEND, requeue=(JOB,))
SKIP = Step(CASE, Action.SKIP, Reason.VIDEO_GONE)
POSITION = Position("arn", "shard", "1", "2", START, START, 2, "RetryAttemptsExhausted")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(-5, "0s"), (999, "0s"), (59_000, "59s"), (60_000, "1m"), (3_725_000, "1h 2m"), (90_000_000, "1d 1h")],
)
def test_ages_for_people(milliseconds: int, text: str) -> None:
    assert reports.age(milliseconds) == text


def test_an_item_says_why_it_is_skipped_or_what_it_repeats() -> None:
    assert reports.item(SEND, START)["ageSeconds"] == 90
    assert reports.item(SKIP, START)["because"] == "the video is no longer there"
    assert reports.item(Step(CASE, Action.DUPLICATE, of="m0"), START)["duplicateOf"] == "m0"
    told = reports.result_item(Result(SEND, Outcome.FAILED, "not now"), START)
    assert (told["outcome"], told["why"]) == ("failed", "not now")


def test_a_whole_letter_is_json_whatever_it_is_about() -> None:
    stream = Step(Case(Letter(Source.STREAM, "m", "r", "{}"), position=POSITION, watched=(JOB,)), Action.PUSH)
    bare = Step(Case(Letter(Source.JOBS, "job-a", None, "{}")), Action.SEND)
    for step in (SEND, stream, bare):
        assert json.loads(json.dumps(reports.whole(step, START)))["action"] == step.action
    assert reports.whole(stream, START)["position"]["firstAt"] == "2026-11-23T07:00:00.000Z"
    assert reports.whole(bare, START)["letter"] is None


def test_tables_name_every_outcome_that_happened() -> None:
    out = Console(file=io.StringIO(), width=200)
    results = [Result(SEND, Outcome.SENT), Result(SKIP, Outcome.SKIPPED, Reason.VIDEO_GONE)]
    reports.show_outcome(out, summary(results), 1.25)
    reports.show_groups(out, reports.groups([SEND, SKIP], START))
    reports.show_items(out, [reports.result_item(result, START) for result in results])
    text = out.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    for words in ("sent", "skipped", "the video is no longer there", "in 1.2 s", "1m 30s", JOB.job_id):
        assert words in text, words
    assert "failed" not in text
