"""What a run does with each dead letter; that dying in between is harmless is shown in test_kills."""

import pytest
from botocore.exceptions import ClientError

from divescore.live.changes import read_changes
from divescore.live.settled import settled_messages
from divescore.ops.replay.redrive import DELAY_SECONDS
from divescore.uploads.notifications import notification_body
from divescore.views import Status
from tests.fakes.world import SCORING, UPLOADS, UPLOADS_DLQ
from tests.unit.ops.replay.conftest import ATTRIBUTES, SETTLE_DLQ, STREAM_DLQ, FakeSystem
from tests.unit.ops.replay.test_streams import BODY, records


def test_a_failed_jobs_dead_letter_is_sent_delayed_its_job_queued_and_it_is_deleted(
    system: FakeSystem,
) -> None:
    job = system.job()
    system.dead_letter(job)
    document = system.run()
    assert (document["sent"], document["ok"], document["failed"]) == (1, True, 0)
    (message,) = system.sent()
    assert message.visible_at - message.sent_at == DELAY_SECONDS * 1000
    assert (message.attributes, message.group, message.trace) == (ATTRIBUTES, job.client, "Root=1-2-3")
    after = system.world.read(job)
    assert (after.status, after.attempt, after.error) == (Status.QUEUED, 0, None)
    assert after.version == job.version + 1, "its watchers are told"
    assert system.in_dlq() == []


def test_entries_that_a_batch_refuses_stay_and_the_others_go(system: FakeSystem) -> None:
    jobs = [system.job() for _ in range(12)]
    letters = [system.dead_letter(job) for job in jobs]
    unlucky = {letters[4].body, letters[10].body}
    system.world.sqs.refuses = lambda entry: entry["MessageBody"] in unlucky
    document = system.run()
    assert (document["sent"], document["failed"], document["ok"]) == (10, 2, False)
    assert {letter.body for letter in system.in_dlq()} == unlucky
    assert system.visible() == 2, "released at once"
    assert [system.status(jobs[number]) for number in (4, 10)] == [Status.FAILED] * 2
    assert sum(system.status(job) is Status.QUEUED for job in jobs) == 10

    system.world.sqs.refuses = lambda _entry: False
    assert system.run()["sent"] == 2
    system.world.run_fairly(*jobs)
    assert [system.times_scored(job) for job in jobs] == [1] * 12


def test_a_call_that_fails_as_a_whole_ends_the_run_and_leaves_the_rest_as_it_was(system: FakeSystem) -> None:
    for _ in range(12):
        system.dead_letter(system.job())
    system.world.network.fail("send_message_batch", "AccessDenied")
    with pytest.raises(ClientError):
        system.run()
    assert (len(system.in_dlq()), system.visible(), system.sent()) == (12, 12, [])
    assert system.run()["sent"] == 12


def test_a_dead_letter_stays_when_its_job_cannot_be_queued(system: FakeSystem) -> None:
    job = system.job()
    system.dead_letter(job)
    system.world.network.fail("update_item", "ProvisionedThroughputExceededException")
    document = system.run("scoring")
    assert (document["failed"], len(system.in_dlq())) == (1, 1)
    assert "could not be set to QUEUED" in document["letters"][0]["why"]
    # Its message comes, finds the job failed and becomes a second dead letter; the next run takes both as one.
    system.world.clock.advance(DELAY_SECONDS)
    system.world.work_once()
    assert len(system.in_dlq()) == 2
    again = system.run()
    assert (again["sent"], again["removed"], system.in_dlq()) == (1, 1, [])
    system.world.run_fairly(job)
    assert system.times_scored(job) == 1


def test_a_dead_letter_that_cannot_be_deleted_is_told_and_not_sent_again(system: FakeSystem) -> None:
    job = system.job()
    system.dead_letter(job)
    system.world.sqs.keeps = lambda _entry: True
    document = system.run()
    assert (document["undeleted"], document["sent"], document["ok"]) == (1, 0, False)
    assert system.resources.journal.exists()
    system.world.sqs.keeps = lambda _entry: False
    system.world.run_fairly(job)
    again = system.run()
    assert (again["removed"], again["ok"], system.in_dlq(), len(system.sent())) == (1, True, [], 1)


def test_what_needs_no_replay_is_left_and_said(system: FakeSystem) -> None:
    reasons = {
        Status.SCORED: "SCORED",
        Status.REJECTED: "REJECTED",
        Status.CANCELLED: "CANCELLED",
        Status.EXPIRED: "EXPIRED",
    }
    for status in reasons:
        system.dead_letter(system.job(status))
    erased = system.job()
    system.dead_letter(erased)
    system.world.s3.objects.clear()
    document = system.run()
    assert (document["skipped"], document["sent"], document["ok"]) == (5, 0, True)
    assert document["skippedBy"] == dict.fromkeys(sorted([*reasons.values(), "VIDEO_GONE"]), 1)
    assert (len(system.in_dlq()), system.visible(), system.sent()) == (5, 5, [])


def test_a_queued_job_whose_message_ran_out_of_receives_gets_it_back_at_once(system: FakeSystem) -> None:
    job = system.job(Status.QUEUED)
    system.dead_letter(job, attributes={}, trace=None)
    assert system.run()["sent"] == 1
    (message,) = system.sent()
    assert message.visible_at == message.sent_at
    assert system.world.read(job) == job, "no write: it is queued already"


def test_failed_jobs_without_a_dead_letter_are_sent_as_their_clients(system: FakeSystem) -> None:
    job = system.job()
    with_letter = system.job()
    system.dead_letter(with_letter)
    document = system.run("jobs")
    assert (document["sent"], [one["jobs"] for one in document["letters"]]) == (1, [[job.job_id]])
    (message,) = system.sent()
    assert (message.group, system.status(job)) == (job.client, Status.QUEUED)
    assert (len(system.in_dlq()), system.visible()) == (1, 1), "another queue's dead letters are none of its business"


def test_notifications_go_back_to_enqueue(system: FakeSystem) -> None:
    job = system.put(system.world.create())
    version = system.world.post(job, notify=False)
    system.send_to(UPLOADS_DLQ, notification_body("bucket", job.key, version))
    assert system.run()["sent"] == 1
    assert (len(system.sent(UPLOADS)), system.in_dlq(UPLOADS_DLQ)) == (1, [])
    system.world.run_fairly(job)
    assert system.times_scored(job) == 1


def test_a_notification_of_a_failed_job_queues_it_and_enqueue_sends_its_message(system: FakeSystem) -> None:
    job = system.job()
    system.send_to(UPLOADS_DLQ, notification_body("bucket", job.key, job.object_version or ""))
    assert system.run("uploads")["sent"] == 1
    assert (system.status(job), system.sent(SCORING)) == (Status.QUEUED, [])
    system.world.clock.advance(DELAY_SECONDS)
    system.world.enqueue_once()
    assert len(system.sent(SCORING)) == 1


def test_a_notification_of_a_cancelled_job_has_its_video_erased(system: FakeSystem) -> None:
    job = system.job(Status.CANCELLED)
    system.send_to(UPLOADS_DLQ, notification_body("bucket", job.key, job.object_version or ""))
    assert system.run()["sent"] == 1
    system.world.enqueue_once()
    assert system.world.s3.objects[job.key] == []


def test_a_dead_letter_of_the_stream_is_removed_once_everybody_was_told(system: FakeSystem) -> None:
    job = system.job(Status.SCORED)
    records(system, ("100", {"pk": {"S": f"JOB#{job.job_id}"}, "sk": {"S": "JOB"}}))
    system.send_to(STREAM_DLQ, BODY)
    system.functions.unreachable = {job.job_id}
    document = system.run()
    assert (document["failed"], document["ok"], system.visible(STREAM_DLQ)) == (1, False, 1)
    system.functions.unreachable = set()
    assert (system.run()["pushed"], system.in_dlq(STREAM_DLQ)) == (1, [])
    assert system.world.read(job) == job, "the record is not touched"


def test_a_dead_letter_of_settled_jobs_goes_to_settle_and_not_to_notify(system: FakeSystem) -> None:
    job = system.job(Status.SCORED)
    records(system, ("100", {"pk": {"S": f"JOB#{job.job_id}"}, "sk": {"S": "JOB"}}))
    system.send_to(SETTLE_DLQ, BODY)
    system.functions.broken = "1 of 1 were not published."
    assert (system.run()["failed"], system.visible(SETTLE_DLQ)) == (1, 1)
    system.functions.broken = None
    assert (system.run("settled")["pushed"], system.in_dlq(SETTLE_DLQ)) == (1, [])
    assert system.functions.pushed == []
    [change], _ = read_changes(system.functions.settled)
    [message] = settled_messages([change])
    assert message.job_id == job.job_id, "it is news to settle"


def test_long_runs_keep_their_dead_letters_hidden(system: FakeSystem) -> None:
    clock = system.world.clock
    jobs = [system.job() for _ in range(30)]
    for job in jobs:
        system.dead_letter(job)
    seen: list[int] = []

    def sleep(seconds: float) -> None:
        clock.advance(seconds)
        seen.append(system.visible())

    document = system.run(rate=1 / 60, clock=clock.seconds, sleep=sleep)
    assert (document["sent"], document["seconds"]) == (30, pytest.approx(29 * 60, abs=1))
    assert set(seen) == {0}, "nobody else could have taken one in half an hour"
    assert len(system.sent()) == 30, "and no message came before its job was queued"
