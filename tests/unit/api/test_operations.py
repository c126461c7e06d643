"""What the HTTP API does, without HTTP."""

from dataclasses import replace
from typing import Any, cast

import pytest

from divescore.api.bodies import AmendJob, CreateJob, MarkJob, ShareJob, UploadForm
from divescore.api.errors import (
    AmendedTooOften,
    BeingScored,
    EmptyFile,
    FileTooLarge,
    NotAmendable,
    NothingToMark,
    RequestRefused,
    VideoNotThere,
)
from divescore.api.operations import Operations
from divescore.declaration import DifficultyImpossible, DiveImpossible
from divescore.jobs.errors import IdempotencyClash, JobNotFound, MarkedTooOften, QuotaExceeded
from divescore.jobs.items import to_item
from divescore.jobs.marks import Marks, MarksTable
from divescore.jobs.model import Job
from divescore.jobs.quota import Quotas
from divescore.tokens.tokens import KeyRing, Scope, Tokens
from divescore.views import Status, iso
from tests.fakes.jobs import job_in
from tests.fakes.results import kept_result
from tests.fakes.world import World

MB = 2**20
ADDRESS = "203.0.113.7"
DAY_MS = 86_400_000


@pytest.fixture
def operations(world: World) -> Operations:
    ring = KeyRing("k1", {"k1": "k" * 48})
    return Operations(
        table=world.table,
        marks=world.marks,
        store=world.store,
        parts=world.parts,
        tokens=Tokens(lambda fresh: ring, world.clock.seconds),
        quotas=Quotas(2, 5, 10),
        live_url="wss://live.example/live",
        site_url="https://site.example",
        retention_days=7,
        max_upload_bytes=200 * MB,
        parts_above_bytes=16 * MB,
    )


def request(**changes: object) -> CreateJob:
    return CreateJob.model_validate(
        {"filename": "dive.mp4", "contentType": "video/mp4", "sizeBytes": 1000, "dive": "107B"} | changes
    )


def put(world: World, job: Job) -> Job:
    world.dynamodb.put_item(Item=to_item(job))
    return job


def test_a_new_job_has_all_that_its_owner_needs(world: World, operations: Operations) -> None:
    made = operations.create(request(), ADDRESS)
    job = world.table.get(made.job_id)
    now = world.clock()
    assert len(made.job_id) == 32
    assert (job.status, job.version, job.dive, job.size_bytes) == (Status.AWAITING_UPLOAD, 1, "107B", 1000)
    assert job.deadline == now + 30 * 60_000
    assert job.expires_at == now + 7 * DAY_MS
    assert isinstance(made.upload, UploadForm)
    assert made.upload.fields["key"] == f"uploads/{made.job_id}/video"
    assert made.upload.expires_at == iso(now + 15 * 60_000)
    assert made.job.status is Status.AWAITING_UPLOAD
    for scope in (Scope.READ, Scope.VIDEO, Scope.CANCEL, Scope.SHARE, Scope.EDIT):
        claims = operations.tokens.verify(made.token, scope)
        assert (claims.job_id, claims.expires_at) == (made.job_id, job.expires_at // 1000)
    address, _, ticket = made.live.url.partition("?ticket=")
    assert address == "wss://live.example/live"
    operations.tokens.verify(ticket, Scope.CONNECT)


def test_a_reference_is_kept_and_shown_to_nobody(world: World, operations: Operations) -> None:
    made = operations.create(request(reference="order 7"), ADDRESS)
    assert world.table.get(made.job_id).reference == "order 7"
    assert "order 7" not in made.model_dump_json() + operations.read(made.job_id).model_dump_json()


def test_the_uploaders_address_is_kept_as_a_hash_only(world: World, operations: Operations) -> None:
    job = world.table.get(operations.create(request(), ADDRESS).job_id)
    assert job.client == operations.tokens.client_id(ADDRESS)
    assert ADDRESS not in str(world.dynamodb.items)


@pytest.mark.parametrize(
    ("changes", "error", "code", "status"),
    [
        ({"sizeBytes": 0}, EmptyFile, "EMPTY_FILE", 400),
        ({"sizeBytes": 200 * MB + 1}, FileTooLarge, "TOO_LARGE", 413),
    ],
)
def test_what_will_not_do_is_told_before_it_is_uploaded(
    world: World,
    operations: Operations,
    changes: dict[str, object],
    error: type[RequestRefused],
    code: str,
    status: int,
) -> None:
    with pytest.raises(error) as caught:
        operations.create(request(**changes), ADDRESS)
    assert (caught.value.code, caught.value.status) == (code, status)
    assert caught.value.message.endswith(".")
    assert world.dynamodb.items == {}


@pytest.mark.parametrize(
    ("changes", "error", "right"),
    [
        ({"dive": "101C", "difficulty": 5.9}, DifficultyImpossible, "1.2 to 1.4"),
        ({"dive": "101C", "difficulty": 5.9, "height": 3}, DifficultyImpossible, "1.4 from 3 m"),
        ({"dive": "107A"}, DiveImpossible, "107B or 107C"),
        ({"dive": "612B", "height": 3}, DiveImpossible, "5, 7.5 or 10 m"),
    ],
)
def test_what_cannot_be_declared_is_told_with_what_can(
    world: World, operations: Operations, changes: dict[str, object], error: type[Exception], right: str
) -> None:
    with pytest.raises(error, match=right):
        operations.create(request(**changes), ADDRESS)
    assert world.dynamodb.items == {}


def test_the_largest_file_is_taken(operations: Operations) -> None:
    assert operations.create(request(sizeBytes=200 * MB), ADDRESS).job_id


def test_quotas_hold_per_client(operations: Operations) -> None:
    operations.create(request(), ADDRESS)
    operations.create(request(), ADDRESS)
    with pytest.raises(QuotaExceeded):
        operations.create(request(), ADDRESS)
    operations.create(request(), "198.51.100.1")


def test_the_same_key_makes_one_job(world: World, operations: Operations) -> None:
    first = operations.create(request(), ADDRESS, "key")
    again = operations.create(request(), ADDRESS, "key")
    assert again.job_id == first.job_id
    with pytest.raises(IdempotencyClash):
        operations.create(request(sizeBytes=1001), ADDRESS, "key")
    assert "key" not in {key.split("#")[-1] for key, _ in world.dynamodb.items}


def test_the_same_key_gives_no_more_time_to_upload(world: World, operations: Operations) -> None:
    """The job expires by its first form; a later one must not promise more."""

    def until() -> str:
        upload = operations.create(request(), ADDRESS, "key").upload
        assert isinstance(upload, UploadForm)
        return upload.expires_at

    first = until()
    world.clock.advance(10 * 60)
    assert until() == first
    world.clock.advance(10 * 60)
    assert until() == iso(world.clock() + 1000)


def test_reading_gives_the_job_and_a_fresh_ticket(world: World, operations: Operations) -> None:
    job = put(world, job_in(Status.SCORED))
    read = operations.read(job.job_id)
    assert read.job.result == {"score": 84.15}
    assert "?ticket=" in read.live.url
    with pytest.raises(JobNotFound):
        operations.read("nobody")


def test_a_share_only_reads_and_never_outlives_its_origin(world: World, operations: Operations) -> None:
    job = put(world, job_in(Status.SCORED))
    now = world.clock() // 1000
    for asked, holder, expected in ((None, 1000, 1000), (60, 1000, 60), (5000, 1000, 1000)):
        shared = operations.share(job.job_id, ShareJob(expires_in=asked), now + holder)
        claims = operations.tokens.verify(shared.token, Scope.READ)
        assert claims.scopes == {"read"}
        assert claims.expires_at == now + expected
        assert shared.url == f"https://site.example/#share={shared.token}"
    watching = operations.share(job.job_id, ShareJob(scopes=["video"]), now + 1000)
    assert operations.tokens.verify(watching.token, Scope.VIDEO).scopes == {"read", "video"}
    with pytest.raises(JobNotFound):
        operations.share("nobody", ShareJob(), now + 1000)


def test_the_accepted_video_plays_as_long_as_its_signature_is_sure_to(world: World, operations: Operations) -> None:
    job = put(world, job_in(Status.SCORED))
    world.post(job, notify=False)
    world.post(job, notify=False)  # a second post of the form, not erased yet
    video = operations.video(job.job_id)
    assert video.url.endswith(f"{job.key}?versionId=v1")
    assert video.expires_at == iso(world.clock() + 900_000)


@pytest.mark.parametrize("job", [job_in(Status.AWAITING_UPLOAD), job_in(Status.SCORED)])
def test_a_video_that_is_not_there_is_a_conflict(world: World, operations: Operations, job: Job) -> None:
    put(world, job)
    with pytest.raises(VideoNotThere) as caught:
        operations.video(job.job_id)
    assert (caught.value.code, caught.value.status) == ("CONFLICT", 409)


@pytest.mark.parametrize("status", Status)
def test_a_cancel_ends_what_is_open_and_always_erases_the_video(
    world: World, operations: Operations, status: Status
) -> None:
    job = put(world, job_in(status))
    world.post(job, notify=False)
    changed = operations.cancel(job.job_id)
    assert changed.job.status == (Status.CANCELLED if job.is_open else status)
    assert world.s3.objects[job.key] == []
    assert operations.cancel(job.job_id) == changed


def test_a_cancel_that_died_before_erasing_can_be_asked_again(world: World, operations: Operations) -> None:
    job = put(world, job_in(Status.QUEUED))
    world.post(job, notify=False)
    world.network.fail("delete_object", TimeoutError())
    with pytest.raises(TimeoutError):
        operations.cancel(job.job_id)
    operations.cancel(job.job_id)
    assert world.s3.objects[job.key] == []


def amendment(**changes: object) -> AmendJob:
    return AmendJob.model_validate(changes)


def test_an_amended_dive_has_another_score_and_a_new_version(world: World, operations: Operations) -> None:
    job = put(world, job_in(Status.SCORED, dive="207C", result=kept_result()))
    changed = operations.amend(job.job_id, amendment(dive="107B", height=3))
    assert (changed.job.status, changed.job.version) == (Status.SCORED, job.version + 1)
    assert changed.job.result is not None
    assert changed.job.result["difficulty"] == 3.1
    kept = world.table.get(job.job_id)
    assert (kept.dive, kept.height, kept.difficulty) == ("107B", 3.0, None)
    assert operations.amend(job.job_id, amendment(dive="107B", height=3)) == changed
    assert operations.amend(job.job_id, amendment()) == changed
    assert world.table.get(job.job_id) == kept
    assert operations.amend(job.job_id, amendment(height=None)).job.version == job.version + 2
    assert world.table.get(job.job_id).height is None


def test_an_amendment_before_the_claim_is_what_the_worker_scores(world: World, operations: Operations) -> None:
    job = put(world, job_in(Status.QUEUED, dive="107B"))
    operations.amend(job.job_id, amendment(dive="207C", difficulty=3.4))
    stored = world.table.get(job.job_id)
    assert (stored.dive, stored.difficulty, stored.status) == ("207C", 3.4, Status.QUEUED)


@pytest.mark.parametrize(
    ("job", "error", "code"),
    [
        (job_in(Status.PROCESSING), BeingScored, "BEING_SCORED"),
        (job_in(Status.REJECTED), NotAmendable, "CONFLICT"),
        (job_in(Status.FAILED), NotAmendable, "CONFLICT"),
        (job_in(Status.CANCELLED), NotAmendable, "CONFLICT"),
        (job_in(Status.EXPIRED), NotAmendable, "CONFLICT"),
        (job_in(Status.SCORED), NotAmendable, "CONFLICT"),  # its result is an old one
        (job_in(Status.SCORED, result=kept_result(), amendments=20), AmendedTooOften, "AMENDED_TOO_OFTEN"),
    ],
)
def test_what_cannot_be_amended_is_a_conflict(
    world: World, operations: Operations, job: Job, error: type[RequestRefused], code: str
) -> None:
    put(world, job)
    with pytest.raises(error) as caught:
        operations.amend(job.job_id, amendment(dive="107B"))
    assert (caught.value.code, caught.value.status) == (code, 409)
    assert caught.value.message.endswith(".")
    assert world.table.get(job.job_id) == job


def test_an_amendment_is_checked_with_what_was_declared_before(world: World, operations: Operations) -> None:
    job = put(world, job_in(Status.QUEUED, dive="107B", difficulty=3.0))
    with pytest.raises(DifficultyImpossible, match=r"101C: the table has 1\.2 to 1\.4"):
        operations.amend(job.job_id, amendment(dive="101C"))
    operations.amend(job.job_id, amendment(dive="101C", difficulty=None))
    with pytest.raises(JobNotFound):
        operations.amend("nobody", amendment(dive="101C"))


def marks(**given: object) -> MarkJob:
    return MarkJob.model_validate({"consent": True} | (given or {"score": 84.15}))


def filmed(world: World, status: Status) -> Job:
    job = put(world, job_in(status))
    world.post(job, notify=False)
    return job


@pytest.mark.parametrize(
    "status", [Status.AWAITING_UPLOAD, Status.QUEUED, Status.PROCESSING, Status.SCORED, Status.REJECTED, Status.FAILED]
)
def test_marks_are_kept_and_nobody_is_told(world: World, operations: Operations, status: Status) -> None:
    job = filmed(world, status)
    changed = operations.mark(job.job_id, marks(marks=[8.5] * 7))
    assert changed.job.version == job.version
    assert world.table.get(job.job_id) == job
    [kept] = world.marks.since(0)
    assert (kept.job_id, kept.marks) == (job.job_id, Marks(marks=(8.5,) * 7))


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.EXPIRED])
def test_a_job_that_never_had_a_video_takes_no_marks(world: World, operations: Operations, status: Status) -> None:
    job = put(world, job_in(status))
    with pytest.raises(NothingToMark) as caught:
        operations.mark(job.job_id, marks())
    assert (caught.value.code, caught.value.status) == ("CONFLICT", 409)
    assert list(world.marks.since(0)) == []


def test_marks_go_with_the_job_and_do_not_come_back(world: World, operations: Operations) -> None:
    job = filmed(world, Status.SCORED)
    operations.mark(job.job_id, marks())
    operations.cancel(job.job_id)
    assert list(world.marks.since(0)) == []
    with pytest.raises(NothingToMark):
        operations.mark(job.job_id, marks())
    assert list(world.marks.since(0)) == []


def test_marks_that_meet_an_erasure_are_not_kept(world: World, operations: Operations) -> None:
    """The erasure happens whole between the look at the video and the write of the marks."""
    job = filmed(world, Status.SCORED)
    put_marks = world.marks.put

    class Late:
        def put(self, *arguments: Any) -> None:
            operations.cancel(job.job_id)
            put_marks(*arguments)

        erase = world.marks.erase

    with pytest.raises(NothingToMark):
        replace(operations, marks=cast("MarksTable", Late())).mark(job.job_id, marks())
    assert list(world.marks.since(0)) == []


def test_marks_are_given_twenty_times_and_no_more(world: World, operations: Operations) -> None:
    job = filmed(world, Status.SCORED)
    for _ in range(20):
        operations.mark(job.job_id, marks())
    with pytest.raises(MarkedTooOften):
        operations.mark(job.job_id, marks())
