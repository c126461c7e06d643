"""Uploads in parts, over a bucket that is as strict as AWS."""

import threading
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.api.bodies import AskForParts, CreateJob, PartsAnswer, UploadForm, UploadInParts
from divescore.api.errors import NoSuchPart, NotInParts, PartsMissing, UploadOver
from divescore.api.part_uploads import ADDRESS_SECONDS
from divescore.jobs.errors import JobNotFound
from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.jobs.prolonging import LONGEST_UPLOAD_MS, PROLONGED_MS, UPLOAD_GRACE_MS
from divescore.jobs.transitions import Accepted
from divescore.uploads.multipart import PART_BYTES
from divescore.views import Status, iso
from tests.fakes.jobs import job_in
from tests.fakes.multipart import sha256_of
from tests.fakes.network import Call, Moment
from tests.fakes.world import VIDEO, World

MB = 2**20
ADDRESS = "203.0.113.7"
PIECES = [VIDEO[:50], VIDEO[50:100], VIDEO[100:]]  # a video of three parts, the last of which is smaller
HOUR = 3600


def waiting(world: World, **changes: object) -> Job:
    job = job_in(Status.AWAITING_UPLOAD, size_bytes=len(VIDEO), part_bytes=50, **changes)
    world.dynamodb.put_item(Item=to_item(job))
    return job


def asking(**parts: bytes) -> AskForParts:
    numbers = {name: int(name.removeprefix("p")) for name in parts}
    listed = [{"number": numbers[name], "sha256": sha256_of(data)} for name, data in parts.items()]
    return AskForParts.model_validate({"parts": listed})


def ask(world: World, job: Job, *numbers: int) -> PartsAnswer:
    return world.parts.addresses(job.job_id, asking(**{f"p{number}": PIECES[number - 1] for number in numbers}))


def send(world: World, job: Job, *numbers: int) -> str:
    """Ask for these parts and send them; the id of the upload."""
    ask(world, job, *numbers)
    upload_id = world.read(job).upload_id or ""
    for number in numbers:
        world.s3.multipart.put_part(upload_id, number, PIECES[number - 1])
    return upload_id


def addressed(answer: PartsAnswer) -> list[int]:
    return [address.number for address in answer.addresses]


def test_a_large_video_is_announced_with_a_plan_and_a_small_one_with_a_form(world: World) -> None:
    def upload(size: int) -> UploadForm | UploadInParts:
        return world.operations.create(CreateJob(filename="a.mp4", size_bytes=size), ADDRESS).upload

    assert isinstance(upload(16 * MB), UploadForm)
    large = upload(16 * MB + 1)
    assert isinstance(large, UploadInParts)
    assert (large.parts.part_size, large.parts.count) == (PART_BYTES, 3)
    assert large.parts.expires_at == iso(world.clock() + 15 * 60_000)
    assert world.s3.multipart.uploads == {}, "begun when the first part is asked for"


def test_a_repeated_announcement_starts_no_second_upload(world: World) -> None:
    def announce() -> tuple[str, UploadForm | UploadInParts]:
        made = world.operations.create(CreateJob(filename="a.mp4", size_bytes=20 * MB), ADDRESS, "key")
        return made.job_id, made.upload

    job_id, first = announce()
    world.parts.addresses(job_id, asking())
    world.clock.advance(HOUR)
    again, prolonged = announce()
    assert again == job_id
    assert len(world.s3.multipart.uploads) == 1
    assert isinstance(prolonged, UploadInParts)
    assert isinstance(first, UploadInParts)
    assert prolonged.parts.expires_at > first.parts.expires_at
    world.parts.addresses(job_id, asking())
    assert len(world.s3.multipart.uploads) == 1


def test_each_part_has_an_address_for_its_length_and_checksum(world: World) -> None:
    job = waiting(world)
    answer = ask(world, job, 1, 3)
    assert (answer.present, addressed(answer)) == ([], [1, 3])
    for address, length in zip(answer.addresses, (50, len(VIDEO) - 100), strict=True):
        signed = {name: values[0] for name, values in parse_qs(urlsplit(address.url).query).items()}
        checksum = sha256_of(PIECES[address.number - 1])
        assert signed["ContentLength"] == str(length)
        assert signed["ChecksumSHA256"] == checksum
        assert (signed["PartNumber"], signed["UploadId"]) == (str(address.number), "u1")
        assert signed["X-Amz-Expires"] == str(ADDRESS_SECONDS)
        assert address.headers == {"x-amz-checksum-sha256": checksum}


def test_the_video_is_made_once_all_parts_are_there(world: World) -> None:
    job = waiting(world)
    send(world, job, 1, 2)
    assert ask(world, job, 1, 2, 3).present == [1, 2]
    send(world, job, 3)
    made = world.parts.complete(job.job_id)
    assert made.job.status is Status.AWAITING_UPLOAD
    assert [version.data for version in world.s3.objects[job.key]] == [VIDEO]
    world.notify(job, world.s3.objects[job.key][0].version_id)
    assert world.run_fairly(job).status is Status.SCORED


def test_asking_prolongs_and_says_until_when(world: World) -> None:
    job = waiting(world)
    world.clock.advance(20 * 60)
    answer = ask(world, job)
    assert answer.expires_at == iso(world.clock() + PROLONGED_MS)
    assert world.read(job).deadline == world.clock() + PROLONGED_MS + UPLOAD_GRACE_MS
    assert world.read(job).version == job.version


def test_an_upload_lasts_a_day_at_most(world: World) -> None:
    job = waiting(world)
    last = job.created_at + LONGEST_UPLOAD_MS - UPLOAD_GRACE_MS
    while world.clock() + 5 * HOUR * 1000 < last:
        send(world, job, 1)
        world.clock.advance(5 * HOUR)
        world.sweep_once()
    world.clock.now = last - 60_000
    answer = ask(world, job, 2)
    assert answer.expires_at == iso(last)
    assert "X-Amz-Expires=60" in answer.addresses[0].url, "no address outlives the upload"
    world.clock.now = last
    with pytest.raises(UploadOver):
        ask(world, job, 2)
    world.clock.now = job.created_at + LONGEST_UPLOAD_MS
    world.sweep_once()
    assert world.read(job).status is Status.EXPIRED
    assert world.s3.multipart.uploads == {}
    for call in (lambda: ask(world, job, 2), lambda: world.parts.complete(job.job_id)):
        with pytest.raises(UploadOver):
            call()


def test_an_upload_that_s3_forgot_is_begun_anew(world: World) -> None:
    job = waiting(world)
    send(world, job, 1, 2)
    world.s3.multipart.uploads.clear()
    answer = ask(world, job, 1, 2, 3)
    assert (answer.present, addressed(answer)) == ([], [1, 2, 3])
    assert world.read(job).upload_id == "u2"
    with pytest.raises(PartsMissing):
        world.parts.complete(job.job_id)


def test_calls_at_the_same_time_begin_one_upload(world: World) -> None:
    """Both find none and begin one; the one that is written second gives its own up and takes the other's."""
    job = waiting(world)
    second = threading.Thread(target=ask, args=(world, job, 2))

    def gate(call: Call, moment: Moment) -> None:
        if call.operation == "create_multipart_upload" and moment == "after" and not second.ident:
            second.start()
            second.join()

    world.network.gate = gate
    first = ask(world, job, 1)
    world.network.gate = None
    assert world.read(job).upload_id == "u2"
    assert "UploadId=u2" in first.addresses[0].url
    assert world.s3.multipart.aborted == ["u1"]
    assert list(world.s3.multipart.uploads) == ["u2"]


def test_cancelling_gives_the_upload_up_even_while_a_part_arrives(world: World) -> None:
    job = waiting(world)
    send(world, job, 1)
    world.s3.multipart.arrives_late = {2: PIECES[1]}
    assert world.operations.cancel(job.job_id).job.status is Status.CANCELLED
    assert world.s3.multipart.uploads == {}
    assert world.s3.multipart.aborted == ["u1", "u1"]
    for call in (lambda: ask(world, job, 1), lambda: world.parts.complete(job.job_id)):
        with pytest.raises(NotInParts):
            call()
    assert world.s3.multipart.uploads == {}


def test_cancelling_while_an_upload_is_begun_leaves_none(world: World) -> None:
    job = waiting(world)

    def gate(call: Call, moment: Moment) -> None:
        if call.operation == "create_multipart_upload" and moment == "after":
            world.network.gate = None
            world.operations.cancel(job.job_id)

    world.network.gate = gate
    with pytest.raises(NotInParts):
        ask(world, job, 1)
    assert world.s3.multipart.uploads == {}


def test_cancelling_after_the_completion_erases_the_video(world: World) -> None:
    job = waiting(world)
    send(world, job, 1, 2, 3)
    world.parts.complete(job.job_id)
    world.operations.cancel(job.job_id)
    assert world.s3.objects[job.key] == []


def test_an_abandoned_upload_expires_and_is_given_up(world: World) -> None:
    job = waiting(world)
    send(world, job, 1)
    world.clock.now = world.read(job).deadline - 1
    world.sweep_once()
    assert world.read(job).status is Status.AWAITING_UPLOAD
    world.clock.now += 1
    world.sweep_once()
    assert world.read(job).status is Status.EXPIRED
    assert world.s3.multipart.uploads == {}
    assert world.reports == []


def test_a_form_takes_no_parts(world: World) -> None:
    job = world.create()
    for call in (lambda: ask(world, job, 1), lambda: world.parts.complete(job.job_id)):
        with pytest.raises(NotInParts, match="form"):
            call()
    with pytest.raises(JobNotFound):
        world.parts.complete("0" * 32)


# Attacks


def test_no_address_lies_beyond_the_declared_size(world: World) -> None:
    job = waiting(world)
    with pytest.raises(NoSuchPart, match="3 of them, so there is no part 4"):
        world.parts.addresses(job.job_id, asking(p4=b"x" * 50))
    assert world.s3.multipart.uploads == {}


@pytest.mark.parametrize(
    "data", [PIECES[1] + b"x", PIECES[1][:-1], b""], ids=["larger than signed", "smaller than signed", "empty"]
)
def test_a_part_of_another_size_is_none(world: World, data: bytes) -> None:
    """S3 refuses it by the signature; were it there all the same, it is not taken."""
    job = waiting(world)
    upload_id = send(world, job, 1, 3)
    world.s3.multipart.put_part(upload_id, 2, data)
    with pytest.raises(PartsMissing, match=r"^1 of 3 parts are missing: 2\.$"):
        world.parts.complete(job.job_id)
    answer = ask(world, job, 2)
    assert (answer.present, addressed(answer)) == ([1, 3], [2])
    assert job.key not in world.s3.objects


def test_a_part_without_checksum_is_none(world: World) -> None:
    """The local engine takes such a one, AWS does not."""
    job = waiting(world)
    upload_id = send(world, job, 1, 2)
    world.s3.multipart.put_part(upload_id, 3, PIECES[2], sha256=None)
    with pytest.raises(PartsMissing):
        world.parts.complete(job.job_id)
    assert addressed(ask(world, job, 3)) == [3]


def test_what_lies_beyond_the_plan_is_left_out(world: World) -> None:
    job = waiting(world)
    upload_id = send(world, job, 1, 2, 3)
    world.s3.multipart.put_part(upload_id, 4, b"x" * 50)
    assert ask(world, job).present == [1, 2, 3]
    world.parts.complete(job.job_id)
    assert [version.data for version in world.s3.objects[job.key]] == [VIDEO]


@pytest.mark.parametrize("numbers", [(), (1,), (2, 3), (1, 3)])
def test_completing_early_is_told_and_does_nothing(world: World, numbers: tuple[int, ...]) -> None:
    job = waiting(world)
    if numbers:
        send(world, job, *numbers)
    with pytest.raises(PartsMissing) as caught:
        world.parts.complete(job.job_id)
    assert (caught.value.status, caught.value.code) == (409, "UPLOAD_INCOMPLETE")
    assert job.key not in world.s3.objects


def test_completing_twice_makes_one_video(world: World) -> None:
    job = waiting(world)
    send(world, job, 1, 2, 3)
    first = world.parts.complete(job.job_id)
    assert world.parts.complete(job.job_id) == first
    version = world.s3.objects[job.key][0].version_id
    world.table.apply(world.read(job), Accepted(version))
    assert world.parts.complete(job.job_id).job.status is Status.QUEUED
    assert len(world.s3.objects[job.key]) == 1


def test_a_completion_whose_answer_was_lost_is_repeated(world: World) -> None:
    job = waiting(world)
    send(world, job, 1, 2, 3)
    world.network.fail("complete_multipart_upload", "InternalError", "after")
    with pytest.raises(Exception, match="InternalError"):
        world.parts.complete(job.job_id)
    assert world.parts.complete(job.job_id).job.job_id == job.job_id
    assert len(world.s3.objects[job.key]) == 1


def test_after_the_completion_no_part_has_an_address(world: World) -> None:
    job = waiting(world)
    send(world, job, 1, 2, 3)
    world.parts.complete(job.job_id)
    for _ in range(2):
        answer = world.parts.addresses(job.job_id, asking(p1=b"y" * 50))
        assert (answer.present, answer.addresses) == ([1, 2, 3], [])
        world.table.apply(world.read(job), Accepted("v1"))
    assert world.s3.multipart.uploads == {}


def test_parts_that_change_while_they_are_put_together_are_told(world: World) -> None:
    job = waiting(world)
    upload_id = send(world, job, 1, 2, 3)

    def gate(call: Call, moment: Moment) -> None:
        if call.operation == "complete_multipart_upload" and moment == "before":
            world.s3.multipart.put_part(upload_id, 2, b"z" * 50)

    world.network.gate = gate
    with pytest.raises(PartsMissing):
        world.parts.complete(job.job_id)
    assert job.key not in world.s3.objects


def test_a_part_asked_for_with_another_checksum_is_sent_in_its_place(world: World) -> None:
    job = waiting(world)
    send(world, job, 1, 2)
    answer = world.parts.addresses(job.job_id, asking(p1=b"z" * 50, p2=PIECES[1]))
    assert (answer.present, addressed(answer)) == ([2], [1])


def test_the_parts_of_one_job_are_none_of_anothers(world: World) -> None:
    job = waiting(world)
    other = replace(job, job_id="f" * 32)
    world.dynamodb.put_item(Item=to_item(other))
    send(world, job, 1, 2, 3)
    assert ask(world, other, 1).present == []
    with pytest.raises(PartsMissing):
        world.parts.complete(other.job_id)


def test_more_parts_than_s3_lists_at_once_are_all_seen(world: World) -> None:
    world.s3.multipart.page = 2
    job = waiting(world)
    send(world, job, 1, 2, 3)
    assert ask(world, job).present == [1, 2, 3]
    world.parts.complete(job.job_id)


@given(st.lists(st.sampled_from(["ask 1", "ask 2 3", "send 1", "send 2", "send 3", "complete", "forget", "sweep"])))
def test_whatever_is_done_the_object_is_the_declared_video_or_nothing(steps: list[str]) -> None:
    world = World()
    job = waiting(world)
    for step in steps:
        verb, *numbers = step.split()
        try:
            if verb == "complete":
                world.parts.complete(job.job_id)
            elif verb == "forget":
                world.s3.multipart.uploads.clear()
            elif verb == "sweep":
                world.clock.advance(HOUR)
                world.sweep_once()
            else:
                ask(world, job, *map(int, numbers))
                upload_id = world.read(job).upload_id or ""
                if verb == "send" and upload_id in world.s3.multipart.uploads:
                    world.s3.multipart.put_part(upload_id, int(numbers[0]), PIECES[int(numbers[0]) - 1])
        except (PartsMissing, UploadOver):
            continue
    assert [version.data for version in world.s3.objects.get(job.key, [])] in ([], [VIDEO])
    assert len(world.s3.multipart.uploads) <= 1
