"""The gate: what becomes of an upload, whatever state its job is in."""

import json

import pytest
from botocore.exceptions import ClientError

from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.jobs.transitions import Cancelled, TurnedAway
from divescore.uploads.admission import Admitted
from divescore.uploads.notifications import Upload
from divescore.views import Status
from tests.fakes.jobs import job_in
from tests.fakes.world import NOT_A_VIDEO, SCORING, VIDEO, World


def sent(world: World) -> list[tuple[str, str]]:
    bodies = [json.loads(message.body) for message in world.sqs.queues[SCORING].messages]
    return [(body["jobId"], body["objectVersion"]) for body in bodies]


def versions(world: World, job: Job) -> list[str]:
    return [version.version_id for version in world.s3.objects.get(job.key, [])]


def put(world: World, job: Job) -> Job:
    world.dynamodb.put_item(Item=to_item(job))
    return job


def test_a_video_is_queued(world: World) -> None:
    job = world.create()
    version = world.post(job, notify=False)
    assert world.admission.admit(Upload(job.job_id, version)) is Admitted.QUEUED
    queued = world.read(job)
    assert (queued.status, queued.object_version, queued.ahead) == (Status.QUEUED, version, 0)
    assert sent(world) == [(job.job_id, version)]


def test_what_is_no_video_never_reaches_the_queue(world: World) -> None:
    job = world.create()
    version = world.post(job, NOT_A_VIDEO, notify=False)
    assert world.admission.admit(Upload(job.job_id, version)) is Admitted.REJECTED
    rejected = world.read(job)
    assert rejected.status is Status.REJECTED
    assert rejected.error is not None
    assert rejected.error.code == "NOT_A_VIDEO"
    assert sent(world) == []


def test_the_same_event_again_sends_the_message_again_while_it_waits(world: World) -> None:
    job = world.create()
    upload = Upload(job.job_id, world.post(job, notify=False))
    world.admission.admit(upload)
    assert world.admission.admit(upload) is Admitted.SENT_AGAIN
    assert len(sent(world)) == 2
    assert world.read(job).version == 2


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.SCORED, Status.REJECTED, Status.FAILED])
def test_the_same_event_later_changes_nothing(world: World, status: Status) -> None:
    job = put(world, job_in(status))
    assert world.admission.admit(Upload(job.job_id, "v1")) is Admitted.IGNORED
    assert world.read(job) == job
    assert sent(world) == []


@pytest.mark.parametrize("status", [Status.QUEUED, Status.PROCESSING, Status.SCORED, Status.REJECTED, Status.FAILED])
def test_a_second_version_is_erased_and_the_first_one_stays(world: World, status: Status) -> None:
    job = put(world, job_in(status))
    first, second = world.post(job, notify=False), world.post(job, notify=False)
    assert first == job.object_version
    assert world.admission.admit(Upload(job.job_id, second)) is Admitted.ERASED
    assert versions(world, job) == [first]
    assert world.read(job) == job


def test_each_further_post_of_a_form_costs_one_read_and_one_erasure(world: World) -> None:
    job = put(world, job_in(Status.QUEUED))
    world.post(job, notify=False)
    further = [world.post(job, notify=False) for _ in range(60)]
    world.network.calls.clear()

    for version in further:
        assert world.admission.admit(Upload(job.job_id, version)) is Admitted.ERASED

    assert [call.operation for call in world.network.calls] == ["get_item", "delete_object"] * 60
    assert versions(world, job) == ["v1"]


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.EXPIRED])
@pytest.mark.parametrize("bound", [None, "v1", "elsewhere"])
def test_a_late_upload_is_erased_with_whatever_is_left(world: World, status: Status, bound: str | None) -> None:
    job = put(world, job_in(status, object_version=bound))
    world.post(job, notify=False)
    assert world.admission.admit(Upload(job.job_id, world.post(job, notify=False))) is Admitted.ERASED
    assert versions(world, job) == []


def test_an_upload_of_an_unknown_job_is_erased(world: World) -> None:
    job = job_in(Status.AWAITING_UPLOAD)
    version = world.post(job, notify=False)
    assert world.admission.admit(Upload(job.job_id, version)) is Admitted.ERASED
    assert versions(world, job) == []


def test_an_upload_that_is_gone_already_is_left_to_sweep(world: World) -> None:
    job = world.create()
    assert world.admission.admit(Upload(job.job_id, "v1")) is Admitted.IGNORED
    assert world.read(job) == job


def test_a_cancel_between_look_and_write_wins(world: World) -> None:
    job = world.create()
    version = world.post(job, notify=False)
    read = world.s3.get_object

    def cancelled_meanwhile(**arguments: str) -> object:
        world.table.apply(job, Cancelled())
        return read(**arguments)

    world.s3.get_object = cancelled_meanwhile  # type: ignore[method-assign, assignment]
    assert world.admission.admit(Upload(job.job_id, version)) is Admitted.ERASED
    assert world.read(job).status is Status.CANCELLED
    assert versions(world, job) == []


def test_a_rival_gate_that_rejects_first_wins(world: World) -> None:
    job = world.create()
    version = world.post(job, notify=False)
    read = world.s3.get_object

    def decided_meanwhile(**arguments: str) -> object:
        rejected = job_in(Status.REJECTED).error
        assert rejected is not None
        world.table.apply(job, TurnedAway(version, rejected))
        return read(**arguments)

    world.s3.get_object = decided_meanwhile  # type: ignore[method-assign, assignment]
    assert world.admission.admit(Upload(job.job_id, version)) is Admitted.IGNORED
    assert sent(world) == []


@pytest.mark.parametrize("operation", ["get_item", "get_object", "update_item", "send_message"])
def test_a_failing_service_leaves_the_event_to_come_again(world: World, operation: str) -> None:
    job = world.create()
    upload = Upload(job.job_id, world.post(job, notify=False))
    world.network.fail(operation)
    with pytest.raises(ClientError):
        world.admission.admit(upload)
    world.admission.admit(upload)
    assert world.read(job).status is Status.QUEUED
    assert sent(world) == [(job.job_id, upload.object_version)]


def test_a_queue_that_keeps_its_length_to_itself_stops_nobody(world: World) -> None:
    job = world.create()
    world.network.fail("get_queue_attributes")
    assert world.admission.admit(Upload(job.job_id, world.post(job, VIDEO, notify=False))) is Admitted.QUEUED
    assert world.read(job).ahead is None
