from divescore.ops.replay.dead_letters import DeadLetter, QueueName
from divescore.ops.replay.lookup import diagnose, failed_jobs, survey
from divescore.uploads.notifications import notification_body
from divescore.views import Status
from tests.unit.ops.replay.conftest import FakeSystem
from tests.unit.ops.replay.test_streams import BODY, records


def scoring(body: str) -> DeadLetter:
    return DeadLetter(QueueName.SCORING, body, "r", body)


def upload(key: str, version: str) -> DeadLetter:
    return DeadLetter(QueueName.UPLOADS, f"{key} {version}", "r", notification_body("bucket", key, version))


def test_dead_letters_are_joined_with_jobs_and_videos(system: FakeSystem) -> None:
    failed = system.job()
    letter = system.dead_letter(failed)
    diagnosis, gone, unreadable = diagnose(
        system.resources, [scoring(letter.body), scoring('{"jobId": "gone", "objectVersion": "v1"}'), scoring("hello")]
    )
    assert [(state.job, state.video) for state in diagnosis.uploads] == [(failed, True)]
    assert [(state.job, state.video) for state in gone.uploads] == [(None, False)]
    assert (unreadable.uploads, unreadable.problem is None) == ((), False)


def test_each_job_and_video_is_read_once(system: FakeSystem) -> None:
    letter = system.dead_letter(system.job())
    system.world.network.calls.clear()
    diagnose(system.resources, [scoring(letter.body)] * 5)
    assert sorted(call.operation for call in system.world.network.calls) == ["get_item", "head_object"]


def test_the_video_of_a_settled_dive_is_not_asked_for_but_another_version_of_it_is(system: FakeSystem) -> None:
    scored = system.job(Status.SCORED)
    second = system.world.post(scored, notify=False)
    same, other = diagnose(
        system.resources, [upload(scored.key, scored.object_version or ""), upload(scored.key, second)]
    )
    assert [same.uploads[0].video, other.uploads[0].video] == [False, True]


def test_dead_letters_of_the_stream_get_the_jobs_that_still_exist(system: FakeSystem) -> None:
    job = system.job(Status.SCORED)
    keys = [{"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}} for job_id in (job.job_id, "gone")]
    records(system, ("100", keys[0]), ("103", keys[1]))
    (diagnosis,) = diagnose(system.resources, [DeadLetter(QueueName.STREAM, "m", "r", BODY)])
    assert (diagnosis.watched, diagnosis.jobs, diagnosis.cause) == ((job,), (job.job_id,), "RetryAttemptsExhausted")


def test_failed_jobs_but_those_that_are_known(system: FakeSystem) -> None:
    failed, known = system.job(), system.job()
    system.job(Status.SCORED)
    system.job(Status.QUEUED)
    found = failed_jobs(system.resources, [known.job_id])
    assert [letter.message_id for letter in found] == [f"job-{failed.job_id}"]


def test_failed_jobs_are_those_that_no_dead_letter_is_about_whichever_queues_are_chosen(system: FakeSystem) -> None:
    bare, other = system.job(), system.job()
    system.dead_letter(other)
    with system.in_flight() as in_flight:
        (diagnosis,) = survey(system.resources, in_flight, [QueueName.JOBS])
    assert diagnosis.jobs == (bare.job_id,)
    with system.in_flight() as in_flight:
        assert {each.jobs for each in survey(system.resources, in_flight, list(QueueName))} == {
            (bare.job_id,),
            (other.job_id,),
        }
