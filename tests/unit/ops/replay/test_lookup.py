from divescore.ops.replay.dead_letters import Letter, Source
from divescore.ops.replay.lookup import Lookup
from divescore.uploads.notifications import notification_body
from divescore.views import Status
from tests.unit.ops.replay.conftest import Graveyard
from tests.unit.ops.replay.test_streams import BODY, records


def scoring(body: str) -> Letter:
    return Letter(Source.SCORING, body, "r", body)


def upload(key: str, version: str) -> Letter:
    return Letter(Source.UPLOADS, f"{key} {version}", "r", notification_body("bucket", key, version))


def test_letters_are_joined_with_jobs_and_videos(graveyard: Graveyard) -> None:
    failed = graveyard.job()
    letter = graveyard.letter(failed)
    case, gone, unreadable = Lookup(graveyard.place).cases(
        [scoring(letter.body), scoring('{"jobId": "gone", "objectVersion": "v1"}'), scoring("hello")]
    )
    assert [(found.job, found.video) for found in case.found] == [(failed, True)]
    assert [(found.job, found.video) for found in gone.found] == [(None, False)]
    assert (unreadable.found, unreadable.problem is None) == ((), False)


def test_each_job_and_video_is_read_once(graveyard: Graveyard) -> None:
    letter = graveyard.letter(graveyard.job())
    graveyard.world.network.calls.clear()
    Lookup(graveyard.place).cases([scoring(letter.body)] * 5)
    assert sorted(call.operation for call in graveyard.world.network.calls) == ["get_item", "head_object"]


def test_the_video_of_a_settled_dive_is_not_asked_for_but_another_version_of_it_is(graveyard: Graveyard) -> None:
    scored = graveyard.job(Status.SCORED)
    second = graveyard.world.post(scored, notify=False)
    same, other = Lookup(graveyard.place).cases(
        [upload(scored.key, scored.object_version or ""), upload(scored.key, second)]
    )
    assert [same.found[0].video, other.found[0].video] == [False, True]


def test_letters_of_the_stream_get_the_jobs_that_still_exist(graveyard: Graveyard) -> None:
    job = graveyard.job(Status.SCORED)
    keys = [{"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}} for job_id in (job.job_id, "gone")]
    records(graveyard, ("100", keys[0]), ("103", keys[1]))
    (case,) = Lookup(graveyard.place).cases([Letter(Source.STREAM, "m", "r", BODY)])
    assert (case.watched, case.jobs, case.cause) == ((job,), (job.job_id,), "RetryAttemptsExhausted")


def test_failed_jobs_but_those_that_are_known(graveyard: Graveyard) -> None:
    failed, known = graveyard.job(), graveyard.job()
    graveyard.job(Status.SCORED)
    graveyard.job(Status.QUEUED)
    found = Lookup(graveyard.place).failed_jobs(but=[known.job_id])
    assert [letter.message_id for letter in found] == [f"job-{failed.job_id}"]
