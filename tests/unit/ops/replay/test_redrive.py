"""What a run does with each letter; that dying in between is harmless is shown in test_kills."""

import pytest
from botocore.exceptions import ClientError

from divescore.ops.replay.redrive import DELAY_SECONDS
from divescore.uploads.notifications import notification_body
from divescore.views import Status
from tests.fakes.world import SCORING, UPLOADS, UPLOADS_DLQ
from tests.unit.ops.replay.conftest import ATTRIBUTES, STREAM_DLQ, Graveyard
from tests.unit.ops.replay.test_streams import BODY, records


def test_a_failed_jobs_letter_is_sent_delayed_its_job_queued_and_the_letter_deleted(graveyard: Graveyard) -> None:
    job = graveyard.job()
    graveyard.letter(job)
    document = graveyard.run()
    assert (document["sent"], document["ok"], document["failed"]) == (1, True, 0)
    (message,) = graveyard.sent()
    assert message.visible_at - message.sent_at == DELAY_SECONDS * 1000
    assert (message.attributes, message.group, message.trace) == (ATTRIBUTES, job.client, "Root=1-2-3")
    after = graveyard.world.read(job)
    assert (after.status, after.attempt, after.error) == (Status.QUEUED, 0, None)
    assert after.version == job.version + 1, "its watchers are told"
    assert graveyard.dead() == []


def test_entries_that_a_batch_refuses_stay_and_the_others_go(graveyard: Graveyard) -> None:
    jobs = [graveyard.job() for _ in range(12)]
    letters = [graveyard.letter(job) for job in jobs]
    unlucky = {letters[4].body, letters[10].body}
    graveyard.world.sqs.refuses = lambda entry: entry["MessageBody"] in unlucky
    document = graveyard.run()
    assert (document["sent"], document["failed"], document["ok"]) == (10, 2, False)
    assert {letter.body for letter in graveyard.dead()} == unlucky
    assert graveyard.visible() == 2, "given back at once"
    assert [graveyard.status(jobs[number]) for number in (4, 10)] == [Status.FAILED] * 2
    assert sum(graveyard.status(job) is Status.QUEUED for job in jobs) == 10

    graveyard.world.sqs.refuses = lambda _entry: False
    assert graveyard.run()["sent"] == 2
    graveyard.world.run_fairly(*jobs)
    assert [graveyard.times_scored(job) for job in jobs] == [1] * 12


def test_a_call_that_fails_as_a_whole_ends_the_run_and_leaves_the_rest_as_it_was(graveyard: Graveyard) -> None:
    for _ in range(12):
        graveyard.letter(graveyard.job())
    graveyard.world.network.fail("send_message_batch", "AccessDenied")
    with pytest.raises(ClientError):
        graveyard.run()
    assert (len(graveyard.dead()), graveyard.visible(), graveyard.sent()) == (12, 12, [])
    assert graveyard.run()["sent"] == 12


def test_a_letter_stays_when_its_job_cannot_be_queued(graveyard: Graveyard) -> None:
    job = graveyard.job()
    graveyard.letter(job)
    graveyard.world.network.fail("update_item", "ProvisionedThroughputExceededException")
    document = graveyard.run("scoring")
    assert (document["failed"], len(graveyard.dead())) == (1, 1)
    assert "could not be set to QUEUED" in document["letters"][0]["why"]
    # Its message comes, finds the job failed and is put away beside the letter; the next run takes both as one.
    graveyard.world.clock.advance(DELAY_SECONDS)
    graveyard.world.work_once()
    assert len(graveyard.dead()) == 2
    again = graveyard.run()
    assert (again["sent"], again["removed"], graveyard.dead()) == (1, 1, [])
    graveyard.world.run_fairly(job)
    assert graveyard.times_scored(job) == 1


def test_a_letter_that_cannot_be_deleted_is_told_and_not_sent_again(graveyard: Graveyard) -> None:
    job = graveyard.job()
    graveyard.letter(job)
    graveyard.world.sqs.keeps = lambda _entry: True
    document = graveyard.run()
    assert (document["undeleted"], document["sent"], document["ok"]) == (1, 0, False)
    assert graveyard.place.journal.exists()
    graveyard.world.sqs.keeps = lambda _entry: False
    graveyard.world.run_fairly(job)
    again = graveyard.run()
    assert (again["removed"], again["ok"], graveyard.dead(), len(graveyard.sent())) == (1, True, [], 1)


def test_what_needs_no_replay_is_left_and_said(graveyard: Graveyard) -> None:
    reasons = {
        Status.SCORED: "SCORED",
        Status.REJECTED: "REJECTED",
        Status.CANCELLED: "CANCELLED",
        Status.EXPIRED: "EXPIRED",
    }
    for status in reasons:
        graveyard.letter(graveyard.job(status))
    erased = graveyard.job()
    graveyard.letter(erased)
    graveyard.world.s3.objects.clear()
    document = graveyard.run()
    assert (document["skipped"], document["sent"], document["ok"]) == (5, 0, True)
    assert document["skippedBy"] == dict.fromkeys(sorted([*reasons.values(), "VIDEO_GONE"]), 1)
    assert (len(graveyard.dead()), graveyard.visible(), graveyard.sent()) == (5, 5, [])


def test_a_queued_job_whose_message_ran_out_of_receives_gets_it_back_at_once(graveyard: Graveyard) -> None:
    job = graveyard.job(Status.QUEUED)
    graveyard.letter(job, attributes={}, trace=None)
    assert graveyard.run()["sent"] == 1
    (message,) = graveyard.sent()
    assert message.visible_at == message.sent_at
    assert graveyard.world.read(job) == job, "no write: it is queued already"


def test_failed_jobs_without_a_letter_are_sent_as_their_clients(graveyard: Graveyard) -> None:
    job = graveyard.job()
    with_letter = graveyard.job()
    graveyard.letter(with_letter)
    document = graveyard.run("jobs")
    assert (document["sent"], [one["jobs"] for one in document["letters"]]) == (1, [[job.job_id]])
    (message,) = graveyard.sent()
    assert (message.group, graveyard.status(job)) == (job.client, Status.QUEUED)
    assert (len(graveyard.dead()), graveyard.visible()) == (1, 1), "another queue's letters are none of its business"


def test_notifications_go_back_to_enqueue(graveyard: Graveyard) -> None:
    job = graveyard.put(graveyard.world.create())
    version = graveyard.world.post(job, notify=False)
    graveyard.bury(UPLOADS_DLQ, notification_body("bucket", job.key, version))
    assert graveyard.run()["sent"] == 1
    assert (len(graveyard.sent(UPLOADS)), graveyard.dead(UPLOADS_DLQ)) == (1, [])
    graveyard.world.run_fairly(job)
    assert graveyard.times_scored(job) == 1


def test_a_notification_of_a_failed_job_queues_it_and_enqueue_sends_its_message(graveyard: Graveyard) -> None:
    job = graveyard.job()
    graveyard.bury(UPLOADS_DLQ, notification_body("bucket", job.key, job.object_version or ""))
    assert graveyard.run("uploads")["sent"] == 1
    assert (graveyard.status(job), graveyard.sent(SCORING)) == (Status.QUEUED, [])
    graveyard.world.clock.advance(DELAY_SECONDS)
    graveyard.world.enqueue_once()
    assert len(graveyard.sent(SCORING)) == 1


def test_a_notification_of_a_cancelled_job_has_its_video_erased(graveyard: Graveyard) -> None:
    job = graveyard.job(Status.CANCELLED)
    graveyard.bury(UPLOADS_DLQ, notification_body("bucket", job.key, job.object_version or ""))
    assert graveyard.run()["sent"] == 1
    graveyard.world.enqueue_once()
    assert graveyard.world.s3.objects[job.key] == []


def test_a_streams_letter_is_removed_once_everybody_was_told(graveyard: Graveyard) -> None:
    job = graveyard.job(Status.SCORED)
    records(graveyard, ("100", {"pk": {"S": f"JOB#{job.job_id}"}, "sk": {"S": "JOB"}}))
    graveyard.bury(STREAM_DLQ, BODY)
    graveyard.functions.unreachable = {job.job_id}
    document = graveyard.run()
    assert (document["failed"], document["ok"], graveyard.visible(STREAM_DLQ)) == (1, False, 1)
    graveyard.functions.unreachable = set()
    assert (graveyard.run()["pushed"], graveyard.dead(STREAM_DLQ)) == (1, [])
    assert graveyard.world.read(job) == job, "the record is not touched"


def test_long_runs_keep_their_letters_hidden(graveyard: Graveyard) -> None:
    clock = graveyard.world.clock
    jobs = [graveyard.job() for _ in range(30)]
    for job in jobs:
        graveyard.letter(job)
    seen: list[int] = []

    def sleep(seconds: float) -> None:
        clock.advance(seconds)
        seen.append(graveyard.visible())

    document = graveyard.run(rate=1 / 60, clock=clock.seconds, sleep=sleep)
    assert (document["sent"], document["seconds"]) == (30, pytest.approx(29 * 60, abs=1))
    assert set(seen) == {0}, "nobody else could have taken one in half an hour"
    assert len(graveyard.sent()) == 30, "and no message came before its job was queued"
