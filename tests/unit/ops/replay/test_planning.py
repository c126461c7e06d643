from dataclasses import replace
from typing import Any

import pytest

from divescore.jobs.model import Cause, Job
from divescore.ops.replay.dead_letters import DeadLetter, QueueName
from divescore.ops.replay.planning import (
    RECEIVES_SPENT,
    Action,
    Confirmed,
    Diagnosis,
    SkipReason,
    UploadState,
    decide,
    plan,
    to_do,
)
from divescore.ops.replay.streams import parse_position
from divescore.uploads.notifications import Upload
from divescore.views import Status
from tests.fakes.clock import START
from tests.fakes.jobs import LEASE_MS, job_in
from tests.unit.ops.replay.test_streams import BODY

NOTHING = Confirmed()
POSITION = parse_position(BODY)


def diagnosed(
    job: Job | None, source: QueueName = QueueName.SCORING, video: bool = True, version: str = "v1", **more: Any
) -> Diagnosis:
    job_id = job.job_id if job else "gone"
    letter = DeadLetter(source, more.pop("id", "m1"), "r1", "{}", **more)
    return Diagnosis(letter, (UploadState(Upload(job_id, version), job, video),))


SCORING_FATES = [
    (job_in(Status.FAILED), True, Action.SEND, None),
    (job_in(Status.FAILED), False, Action.SKIP, SkipReason.VIDEO_GONE),
    (job_in(Status.FAILED, object_version="v2"), True, Action.SKIP, SkipReason.OTHER_VERSION),
    (job_in(Status.FAILED, object_version=None), True, Action.SKIP, SkipReason.NO_UPLOAD),
    (job_in(Status.QUEUED), True, Action.SEND, None),
    (job_in(Status.QUEUED), False, Action.SKIP, SkipReason.VIDEO_GONE),
    (job_in(Status.AWAITING_UPLOAD), True, Action.SEND, None),
    (job_in(Status.PROCESSING), True, Action.SKIP, SkipReason.WORKING),
    (job_in(Status.PROCESSING, lease_until=START - 1), True, Action.SEND, None),
    (job_in(Status.SCORED), False, Action.SKIP, SkipReason.SCORED),
    (job_in(Status.REJECTED), False, Action.SKIP, SkipReason.REJECTED),
    (job_in(Status.CANCELLED), True, Action.SKIP, SkipReason.CANCELLED),
    (job_in(Status.EXPIRED), True, Action.SKIP, SkipReason.EXPIRED),
    (None, True, Action.SKIP, SkipReason.NO_JOB),
]
UPLOADS_FATES = [
    (job_in(Status.AWAITING_UPLOAD), True, Action.SEND, None),
    (job_in(Status.AWAITING_UPLOAD), False, Action.SKIP, SkipReason.VIDEO_GONE),
    (job_in(Status.QUEUED), True, Action.SEND, None),
    (job_in(Status.FAILED), True, Action.SEND, None),
    (job_in(Status.FAILED, object_version=None), True, Action.SKIP, SkipReason.NO_UPLOAD),
    (job_in(Status.PROCESSING), True, Action.SKIP, SkipReason.WORKING),
    (job_in(Status.SCORED), True, Action.SKIP, SkipReason.SCORED),
    (job_in(Status.REJECTED), True, Action.SKIP, SkipReason.REJECTED),
    # Videos that nobody waits for: enqueue erases them, if there is still something to erase.
    (job_in(Status.SCORED, object_version="v2"), True, Action.SEND, None),
    (job_in(Status.CANCELLED), True, Action.SEND, None),
    (job_in(Status.CANCELLED), False, Action.SKIP, SkipReason.VIDEO_GONE),
    (job_in(Status.EXPIRED), True, Action.SEND, None),
    (None, True, Action.SEND, None),
    (None, False, Action.SKIP, SkipReason.VIDEO_GONE),
]


@pytest.mark.parametrize(
    ("source", "job", "video", "action", "reason"),
    [(QueueName.SCORING, *fate) for fate in SCORING_FATES]
    + [(QueueName.JOBS, *fate) for fate in SCORING_FATES]
    + [(QueueName.UPLOADS, *fate) for fate in UPLOADS_FATES],
)
def test_what_becomes_of_a_dead_letter_by_its_jobs_state(
    source: QueueName, job: Job | None, video: bool, action: Action, reason: SkipReason | None
) -> None:
    step = decide(diagnosed(job, source, video), NOTHING, START)
    assert (step.action, step.reason) == (action, reason)
    failed = job is not None and job.status is Status.FAILED and action is Action.SEND
    assert step.requeue == ((job,) if failed else ())


def test_dead_letters_of_the_stream_are_pushed_and_unreadable_ones_left_alone() -> None:
    letter = DeadLetter(QueueName.STREAM, "m1", "r1", "{}")
    assert decide(Diagnosis(letter, position=POSITION), NOTHING, START).action is Action.PUSH
    for source in QueueName:
        step = decide(Diagnosis(DeadLetter(source, "m1", "r1", "?"), problem="?"), NOTHING, START)
        assert (step.action, step.reason, step.diagnosis.cause) == (Action.SKIP, SkipReason.UNREADABLE, "UNREADABLE")
    empty = decide(Diagnosis(DeadLetter(QueueName.UPLOADS, "m1", "r1", "{}")), NOTHING, START)
    assert (empty.action, empty.reason) == (Action.SKIP, SkipReason.NO_UPLOAD)


@pytest.mark.parametrize(
    "confirmed",
    [Confirmed(letters={"m1"}), Confirmed(uploads={Upload(job_in(Status.QUEUED).job_id, "v1")})],
    ids=["the dead letter", "the upload"],
)
def test_what_an_earlier_run_confirmed_is_only_removed_unless_the_job_failed_again(confirmed: Confirmed) -> None:
    for status in (Status.QUEUED, Status.PROCESSING, Status.SCORED, Status.CANCELLED):
        assert decide(diagnosed(job_in(status)), confirmed, START).action is Action.REMOVE
    again = decide(diagnosed(job_in(Status.FAILED)), confirmed, START)
    assert (again.action, len(again.requeue)) == (Action.SEND, 1)


def test_of_several_dead_letters_about_one_upload_the_oldest_is_sent() -> None:
    failed = job_in(Status.FAILED)
    cases = [
        diagnosed(failed, id="young", system={"SentTimestamp": "300"}),
        diagnosed(failed, id="old", system={"SentTimestamp": "100"}),
        diagnosed(failed, id="middle", system={"SentTimestamp": "200"}),
        diagnosed(replace(failed, job_id="other"), id="another", system={"SentTimestamp": "400"}),
        diagnosed(failed, QueueName.UPLOADS, id="upload", system={"SentTimestamp": "500"}),
    ]
    steps = plan(cases, NOTHING, START)
    assert [(step.letter.message_id, step.action, step.of) for step in steps] == [
        ("old", Action.SEND, None),
        ("middle", Action.DUPLICATE, "old"),
        ("young", Action.DUPLICATE, "old"),
        ("another", Action.SEND, None),
        ("upload", Action.SEND, None),
    ]
    assert to_do(steps) == steps


def test_a_notification_of_several_uploads_is_sent_for_any_of_them() -> None:
    failed, scored = job_in(Status.FAILED), replace(job_in(Status.SCORED), job_id="done")
    letter = DeadLetter(QueueName.UPLOADS, "m1", "r1", "{}")
    both = Diagnosis(
        letter,
        (UploadState(Upload("done", "v1"), scored, False), UploadState(Upload(failed.job_id, "v1"), failed, True)),
    )
    step = decide(both, NOTHING, START)
    assert (step.action, step.requeue) == (Action.SEND, (failed,))


def test_the_cause_is_the_jobs_own_while_it_is_failed() -> None:
    letter = {"cause": {"DataType": "String", "StringValue": "OLD"}}
    failed = job_in(Status.FAILED, error=Cause("NEW", "", True))
    assert diagnosed(failed, attributes=letter).cause == "NEW"
    assert diagnosed(job_in(Status.QUEUED), attributes=letter).cause == "OLD"
    assert diagnosed(job_in(Status.QUEUED)).cause == RECEIVES_SPENT
    assert Diagnosis(DeadLetter(QueueName.STREAM, "m", "r", "{}"), position=POSITION).cause == "RetryAttemptsExhausted"


def test_attempts_are_the_dead_letters_or_the_jobs() -> None:
    counted = {"attempts": {"DataType": "Number", "StringValue": "2"}}
    strange = {"attempts": {"DataType": "Number", "StringValue": "2.5"}}
    failed = job_in(Status.FAILED, attempt=3)
    assert diagnosed(failed, attributes=counted).attempts == 2
    assert diagnosed(failed, attributes=strange).attempts == 3
    assert diagnosed(None).attempts is None


def test_a_lease_is_alive_until_its_last_millisecond() -> None:
    working = diagnosed(job_in(Status.PROCESSING))
    assert decide(working, NOTHING, START + LEASE_MS - 1).reason is SkipReason.WORKING
    assert decide(working, NOTHING, START + LEASE_MS).action is Action.SEND
