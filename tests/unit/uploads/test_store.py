"""The bucket, on moto."""

import base64
import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from divescore.jobs.model import Job, rendition_key
from divescore.uploads.store import ObjectGone, UploadStore
from divescore.views import Status
from tests.fakes.aws import Aws
from tests.fakes.jobs import job_in
from tests.fakes.network import refused
from tests.fakes.s3 import FakeS3
from tests.fakes.world import World

VIDEO = bytes(range(256)) * 10


@pytest.fixture
def store(aws: Aws) -> UploadStore:
    return UploadStore(aws.bucket, aws.s3)


@pytest.fixture
def job() -> Job:
    return job_in(Status.AWAITING_UPLOAD, size_bytes=1234)


def put(aws: Aws, job: Job, data: bytes = VIDEO) -> str:
    version: str = aws.s3.put_object(Bucket=aws.bucket, Key=job.key, Body=data)["VersionId"]
    return version


def test_the_form_takes_exactly_what_was_declared(store: UploadStore, job: Job) -> None:
    form = store.form(job, 900)
    assert form.fields["key"] == job.key
    assert form.fields["Content-Type"] == job.content_type
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert ["content-length-range", 1234, 1234] in policy["conditions"]
    assert {"Content-Type": "video/avi"} in policy["conditions"]
    assert {"key": job.key} in policy["conditions"]
    assert job.filename not in json.dumps([form.url, form.fields, policy])


def test_playback_forces_the_type_of_one_version(store: UploadStore, job: Job) -> None:
    url = store.playback_url(job, "v1", 3600, "video/mp4")
    assert job.key in url
    assert "versionId=v1" in url
    assert "response-content-type=video%2Fmp4" in url
    assert "response-content-disposition=inline" in url


def test_what_lies_there_can_be_asked(store: UploadStore, aws: Aws, job: Job) -> None:
    assert store.current_version(job.job_id) is None
    assert not store.has(job.job_id, "none")
    first = put(aws, job)
    second = put(aws, job)
    assert store.current_version(job.job_id) == second
    assert store.has(job.job_id, first)
    store.erase_version(job.job_id, second)
    assert store.current_version(job.job_id) == first
    assert not store.has(job.job_id, second)


def test_the_first_bytes_are_read_without_the_rest(store: UploadStore, aws: Aws, job: Job) -> None:
    assert store.head(job.job_id, put(aws, job), 16) == VIDEO[:16]
    assert store.head(job.job_id, put(aws, job, b"short"), 16) == b"short"


def test_a_download_reports_how_far_it_is(store: UploadStore, aws: Aws, job: Job, tmp_path: Path) -> None:
    parts: list[float] = []
    data = VIDEO * 1000  # more than two pieces
    store.download(job.job_id, put(aws, job, data), tmp_path / "video", parts.append)
    assert (tmp_path / "video").read_bytes() == data
    assert parts == sorted(parts)
    assert len(parts) >= 2
    assert parts[-1] == 1.0


def test_what_was_erased_is_gone(store: UploadStore, aws: Aws, job: Job, tmp_path: Path) -> None:
    version = put(aws, job)
    store.erase_version(job.job_id, version)
    with pytest.raises(ObjectGone, match=job.job_id):
        store.head(job.job_id, version, 16)
    with pytest.raises(ObjectGone) as caught:
        store.download(job.job_id, version, tmp_path / "video", print)
    assert caught.value.job_id == job.job_id


def test_erasing_leaves_nothing_and_touches_nobody_else(store: UploadStore, aws: Aws, job: Job) -> None:
    for _ in range(3):
        put(aws, job)
    aws.s3.delete_object(Bucket=aws.bucket, Key=job.key)  # a delete marker, as lifecycle leaves it
    aws.s3.put_object(Bucket=aws.bucket, Key=job.key + "-of-another", Body=b"x")
    assert store.erase(job.job_id) == 4
    assert store.erase(job.job_id) == 0
    listing = aws.s3.list_object_versions(Bucket=aws.bucket)
    assert [entry["Key"] for entry in listing["Versions"]] == [job.key + "-of-another"]
    assert "DeleteMarkers" not in listing


def test_a_rendition_plays_beside_its_video_until_it_is_erased(store: UploadStore, aws: Aws, job: Job) -> None:
    version = put(aws, job)
    assert store.rendition_url(job.job_id, 900) is None
    assert store.put_rendition(job.job_id, version, b"small")
    assert store.put_rendition(job.job_id, version, b"the same again, by a replay")
    url = store.rendition_url(job.job_id, 900)
    assert url is not None
    assert rendition_key(job.job_id) in url
    assert "response-content-type=video%2Fmp4" in url
    assert "response-content-disposition=inline" in url
    assert store.erase_rendition(job.job_id) == 2
    assert store.rendition_url(job.job_id, 900) is None
    assert store.has(job.job_id, version)


def test_a_rendition_of_an_erased_video_does_not_stay(store: UploadStore, aws: Aws, job: Job) -> None:
    version = put(aws, job)
    store.erase(job.job_id)
    assert not store.put_rendition(job.job_id, version, b"small")
    assert "Versions" not in aws.s3.list_object_versions(Bucket=aws.bucket)


def test_an_empty_object_has_no_first_bytes(world: World, job: Job) -> None:
    """S3 answers a range of an empty object with InvalidRange; moto does not."""
    version = world.post(job, b"", notify=False)
    assert world.store.head(job.job_id, version, 16) == b""


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.current_version("j"),
        lambda store: store.head("j", "v1", 16),
        lambda store: store.download("j", "v1", Path("/nowhere"), print),
    ],
)
def test_other_errors_pass_through(world: World, call: object) -> None:
    for operation in ("head_object", "get_object"):
        world.network.fail(operation, refused("SlowDown"))
    assert isinstance(world.s3, FakeS3)
    with pytest.raises(ClientError, match="SlowDown"):
        call(world.store)  # type: ignore[operator]
