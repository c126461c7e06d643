"""A rendition follows on a score, of films that need one; whatever becomes of it, the score stands."""

from pathlib import Path

import pytest

from divescore.jobs.items import to_item
from divescore.jobs.model import Job, job_of_key, rendition_key
from divescore.views import Status
from divescore.worker.delivery import Delivered
from divescore.worker.rendition import LATEST_MS, RENDITION_SECONDS
from tests.fakes.jobs import job_in
from tests.fakes.network import Killed, refused
from tests.fakes.world import SCORING, VIDEO, World


@pytest.fixture
def job(world: World) -> Job:
    """A dive in the queue whose film no browser plays."""
    world.playable = False
    job = job_in(Status.QUEUED, created_at=world.clock())
    world.dynamodb.put_item(Item=to_item(job))
    world.post(job, notify=False)
    world.queue.send(job)
    return job


def kept(world: World, job: Job) -> list[bytes]:
    return [version.data for version in world.s3.objects.get(rendition_key(job.job_id), [])]


def test_a_film_that_no_browser_plays_gets_one_after_its_score(world: World, job: Job) -> None:
    seen: list[tuple[Status, bytes, float]] = []

    def make(film: Path, seconds: float) -> bytes:
        seen.append((world.read(job).status, film.read_bytes(), seconds))
        return b"small"

    world.rendition = make
    assert world.work_once() is Delivered.SCORED
    assert seen == [(Status.SCORED, VIDEO, RENDITION_SECONDS)]
    assert kept(world, job) == [b"small"]
    assert world.sqs.queues[SCORING].messages == []
    assert world.reports == []


def test_a_film_that_browsers_play_gets_none(world: World, job: Job) -> None:
    world.playable = True
    assert world.work_once() is Delivered.SCORED
    assert kept(world, job) == []


def test_the_films_folder_is_gone_after_it(world: World, job: Job) -> None:
    films: list[Path] = []

    def make(film: Path, _: float) -> bytes:
        films.append(film)
        raise OSError("the disk is full")

    world.rendition = make
    assert world.work_once() is Delivered.SCORED
    assert [film.parent.exists() for film in films] == [False]


@pytest.mark.parametrize("error", [RuntimeError("no decoder"), MemoryError(), refused("AccessDenied", "PutObject")])
def test_one_that_fails_is_reported_and_changes_nothing(world: World, job: Job, error: Exception) -> None:
    def make(*_: object) -> bytes:
        raise error

    world.rendition = make
    assert world.work_once() is Delivered.SCORED
    assert world.read(job).status is Status.SCORED
    assert world.read(job).attempt == 1
    assert kept(world, job) == []
    assert [text for text, _ in world.reports] == ["no rendition"]


def test_a_worker_that_dies_of_it_leaves_the_score_and_nobody_does_the_dive_again(world: World, job: Job) -> None:
    def die(*_: object) -> bytes:
        raise Killed

    world.rendition = die
    assert world.work_once() is None
    scored = world.read(job)
    assert scored.status is Status.SCORED
    [message] = world.sqs.queues[SCORING].messages
    assert (message.visible_at - world.clock()) / 1000 > RENDITION_SECONDS, "nobody gets it while this one works"
    world.clock.advance(60)
    assert world.work_once() is Delivered.DONE
    assert world.read(job) == scored
    assert world.sqs.queues[SCORING].messages == []


def test_it_gets_no_more_time_than_its_function_has(world: World, job: Job) -> None:
    given: list[float] = []

    def make(_: Path, seconds: float) -> bytes:
        given.append(seconds)
        return b"small"

    world.rendition = make
    assert world.work_once(seconds_left=7) is Delivered.SCORED
    assert given == [7]


def test_with_next_to_no_time_left_it_is_not_begun(world: World, job: Job) -> None:
    assert world.work_once(seconds_left=1) is Delivered.SCORED
    assert kept(world, job) == []
    assert [text for text, _ in world.reports] == ["no time for a rendition"]


def test_a_job_that_is_scored_days_later_gets_none_that_would_outlive_its_video(world: World, job: Job) -> None:
    world.clock.advance(LATEST_MS / 1000 + 1)
    world.queue.send(world.read(job))
    assert world.work_once() is Delivered.SCORED
    assert kept(world, job) == []


def test_a_video_that_is_erased_meanwhile_takes_its_rendition_along(world: World, job: Job) -> None:
    def make(*_: object) -> bytes:
        world.operations.cancel(job.job_id)
        return b"small"

    world.rendition = make
    assert world.work_once() is Delivered.SCORED
    assert kept(world, job) == []


def test_erasing_the_video_erases_it(world: World, job: Job) -> None:
    assert world.work_once() is Delivered.SCORED
    address = world.operations.video(job.job_id)
    assert address.rendition is not None
    assert address.rendition.url.startswith(f"https://bucket.invalid/{rendition_key(job.job_id)}")
    assert address.rendition.expires_at == address.expires_at
    world.operations.cancel(job.job_id)
    assert kept(world, job) == []


def test_without_one_there_is_the_video_alone(world: World, job: Job) -> None:
    world.playable = True
    assert world.work_once() is Delivered.SCORED
    assert world.operations.video(job.job_id).rendition is None


def test_no_key_of_a_rendition_is_taken_for_an_upload(job: Job) -> None:
    assert job_of_key(rendition_key(job.job_id)) is None
    assert not rendition_key(job.job_id).startswith("uploads/")
