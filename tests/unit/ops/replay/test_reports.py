import io
import json

import pytest
from rich.console import Console

from divescore.ops.replay import reports
from divescore.ops.replay.dead_letters import DeadLetter, QueueName
from divescore.ops.replay.planning import Action, Diagnosis, SkipReason, Step, UploadState
from divescore.ops.replay.redrive import StepOutcome, StepResult, summary
from divescore.ops.replay.streams import parse_position
from divescore.uploads.notifications import Upload
from divescore.views import Status
from tests.fakes.clock import START
from tests.fakes.jobs import job_in
from tests.unit.ops.replay.test_streams import BODY

JOB = job_in(Status.FAILED)
LETTER = DeadLetter(QueueName.SCORING, "m1", "r1", "{}", system={"SentTimestamp": str(START - 90_000)})
DIAGNOSIS = Diagnosis(LETTER, (UploadState(Upload(JOB.job_id, "v1"), JOB, True),))
SEND = Step(DIAGNOSIS, Action.SEND, requeue=(JOB,))
SKIP = Step(DIAGNOSIS, Action.SKIP, SkipReason.VIDEO_GONE)
POSITION = parse_position(BODY)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(-5, "0s"), (999, "0s"), (59_000, "59s"), (60_000, "1m"), (3_725_000, "1h 2m"), (90_000_000, "1d 1h")],
)
def test_ages_for_people(milliseconds: int, text: str) -> None:
    assert reports.age(milliseconds) == text


def test_an_item_says_why_it_is_skipped_or_what_it_repeats() -> None:
    assert reports.item(SEND, START)["ageSeconds"] == 90
    assert reports.item(SKIP, START)["because"] == "the video is no longer there"
    assert reports.item(Step(DIAGNOSIS, Action.DUPLICATE, of="m0"), START)["duplicateOf"] == "m0"
    told = reports.result_item(StepResult(SEND, StepOutcome.FAILED, "not now"), START)
    assert (told["outcome"], told["why"]) == ("failed", "not now")


def test_a_whole_dead_letter_is_json_whatever_it_is_about() -> None:
    stream = Step(
        Diagnosis(DeadLetter(QueueName.STREAM, "m", "r", "{}"), position=POSITION, watched=(JOB,)), Action.PUSH
    )
    bare = Step(Diagnosis(DeadLetter(QueueName.JOBS, "job-a", None, "{}")), Action.SEND)
    for step in (SEND, stream, bare):
        assert json.loads(json.dumps(reports.whole(step, START)))["action"] == step.action
    assert reports.whole(stream, START)["position"]["firstAt"] == "2026-11-23T07:00:00.250Z"
    assert reports.whole(bare, START)["letter"] is None


def test_tables_name_every_outcome_that_happened() -> None:
    out = Console(file=io.StringIO(), width=200)
    results = [StepResult(SEND, StepOutcome.SENT), StepResult(SKIP, StepOutcome.SKIPPED, SkipReason.VIDEO_GONE)]
    items = [reports.result_item(result, START) for result in results]
    reports.show_run(out, {**summary(results), "canary": {"c": "SCORED"}, "seconds": 1.25, "letters": items})
    reports.show_groups(out, reports.groups([SEND, SKIP], START))
    reports.show_items(out, items)
    text = out.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    for words in (
        "sent",
        "skipped",
        "the video is no longer there",
        "in 1.2 s",
        "canary c: SCORED",
        "1m 30s",
        JOB.job_id,
    ):
        assert words in text, words
    assert "failed" not in text
