"""Multipart uploads on moto, and what the local engine would let pass: here AWS's own rules are held."""

import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import boto3
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.aws import configuration
from divescore.jobs.model import Job
from divescore.uploads.multipart import (
    CHECKSUM_HEADER,
    PART_BYTES,
    MultipartStore,
    PartPlan,
    PartsRefused,
    UploadForgotten,
    headers_of,
)
from divescore.views import Status
from tests.fakes.aws import REGION, Aws
from tests.fakes.jobs import job_in
from tests.fakes.multipart import sha256_of
from tests.unit.test_template import source

SMALLEST_PART = 5 * 2**20  # of all but the last; S3's limits
MOST_PARTS = 10_000
LAST = b"the rest"
SECRET = "a secret"


@pytest.fixture
def store(aws: Aws) -> MultipartStore:
    return MultipartStore(aws.bucket, aws.s3)


@pytest.fixture
def signer() -> MultipartStore:
    """With credentials that the test knows, as a function's role has them: with a session."""
    s3 = boto3.client(
        "s3",
        REGION,
        config=configuration("s3", local=False),
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key=SECRET,
        aws_session_token="session",
    )
    return MultipartStore("videos", s3)


@pytest.fixture
def job() -> Job:
    return job_in(Status.AWAITING_UPLOAD, size_bytes=PART_BYTES + len(LAST), part_bytes=PART_BYTES, upload_id="u 1+/=")


@pytest.fixture
def sent(aws: Aws) -> list[tuple[str, dict[str, Any]]]:
    """The parameters of every call to S3."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, dict(params)))

    aws.s3.meta.events.register("provide-client-params.s3", note)
    return calls


def put(aws: Aws, job: Job, upload_id: str, number: int, data: bytes) -> None:
    which = {"Bucket": aws.bucket, "Key": job.key, "UploadId": upload_id, "PartNumber": number}
    aws.s3.upload_part(**which, Body=data, ChecksumSHA256=sha256_of(data))


@given(st.integers(1, 2**33), st.integers(SMALLEST_PART, 2**27))
def test_a_plans_parts_are_the_video(size: int, part: int) -> None:
    plan = PartPlan(size, part)
    assert (plan.count - 1) * part < size <= plan.count * part
    assert (plan.count - 1) * part + plan.length(plan.count) == size
    assert plan.count == 1 or plan.length(1) == plan.length(plan.count - 1) == part
    for number in (0, -1, plan.count + 1):
        with pytest.raises(ValueError, match="part"):
            plan.length(number)


def test_parts_are_within_s3s_limits_for_every_video_that_may_be_taken() -> None:
    largest = max(source()["Parameters"]["MaxUploadBytes"]["AllowedValues"])
    assert PART_BYTES >= SMALLEST_PART
    assert PartPlan(largest, PART_BYTES).count <= MOST_PARTS
    assert source()["Parameters"]["PartsAboveBytes"]["MinValue"] >= SMALLEST_PART


def signature_of(url: str, method: str, headers: dict[str, str]) -> tuple[str, str]:
    """The signature of an address, and the one that AWS would reckon for a request (Signature Version 4, query)."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    given = query.pop("X-Amz-Signature")
    listed = query["X-Amz-SignedHeaders"].split(";")
    canonical = "&".join(f"{quote(name, safe='')}={quote(query[name], safe='')}" for name in sorted(query))
    lines = "".join(f"{name}:{headers.get(name, '')}\n" for name in listed)
    request = "\n".join([method, parts.path, canonical, lines, ";".join(listed), "UNSIGNED-PAYLOAD"])
    moment = query["X-Amz-Date"]
    scope = query["X-Amz-Credential"].split("/", 1)[1]
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for step in scope.split("/"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return given, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def test_an_address_is_signed_for_length_checksum_number_and_upload(signer: MultipartStore, job: Job) -> None:
    checksum = sha256_of(LAST)
    url = signer.address(job, 2, len(LAST), checksum, 900)
    query = dict(parse_qsl(urlsplit(url).query))
    assert query["X-Amz-SignedHeaders"] == "content-length;host;x-amz-checksum-sha256"
    assert (query["partNumber"], query["uploadId"], query["X-Amz-Expires"]) == ("2", "u 1+/=", "900")
    assert f"/{REGION}/s3/" in query["X-Amz-Credential"]
    host = urlsplit(url).netloc
    right = {"host": host, "content-length": str(len(LAST)), **headers_of(checksum)}
    given, reckoned = signature_of(url, "PUT", right)
    assert given == reckoned
    for wrong in (
        right | {"content-length": str(len(LAST) + 1)},
        right | {CHECKSUM_HEADER: sha256_of(b"other")},
        {name: value for name, value in right.items() if name != CHECKSUM_HEADER},
    ):
        assert signature_of(url, "PUT", wrong)[1] != given
    assert signature_of(url.replace("partNumber=2", "partNumber=3"), "PUT", right)[1] != given
    assert signature_of(url, "POST", right)[1] != given


def test_what_a_client_sends_by_itself_is_what_is_signed(signer: MultipartStore, job: Job) -> None:
    """A program for HTTP adds the length by itself; beyond it the answer's headers are all that is needed."""
    checksum = sha256_of(LAST)
    url = signer.address(job, 2, len(LAST), checksum, 900)
    request = httpx.Request("PUT", url, content=LAST, headers=headers_of(checksum))
    given, reckoned = signature_of(str(request.url), "PUT", dict(request.headers))
    assert given == reckoned


def test_an_upload_from_its_beginning_to_its_end(
    store: MultipartStore, aws: Aws, job: Job, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    whole = bytes(PART_BYTES)
    upload_id = store.begin(job)
    assert store.parts(job, upload_id) == []
    put(aws, job, upload_id, 2, LAST)
    put(aws, job, upload_id, 1, whole)
    parts = store.parts(job, upload_id)
    assert [(part.number, part.length) for part in parts] == [(1, PART_BYTES), (2, len(LAST))]
    # moto lists no checksums of parts; AWS does for an upload of that algorithm.
    listed = [
        type(part)(part.number, part.length, sha256_of(data), part.etag)
        for part, data in zip(parts, (whole, LAST), strict=True)
    ]
    store.complete(job, upload_id, listed)
    stored = aws.s3.get_object(Bucket=aws.bucket, Key=job.key)
    assert (stored["ContentLength"], stored["ContentType"]) == (job.size_bytes, job.content_type)
    calls = dict(sent)
    assert calls["CreateMultipartUpload"]["ChecksumAlgorithm"] == "SHA256"
    completion = calls["CompleteMultipartUpload"]
    assert completion["MpuObjectSize"] == job.size_bytes
    assert [part["ChecksumSHA256"] for part in completion["MultipartUpload"]["Parts"]] == [
        sha256_of(whole),
        sha256_of(LAST),
    ]


def test_s3_refuses_small_parts_in_front_of_others(store: MultipartStore, aws: Aws, job: Job) -> None:
    upload_id = store.begin(job)
    put(aws, job, upload_id, 1, b"abc")
    put(aws, job, upload_id, 2, LAST)
    with pytest.raises(PartsRefused, match="EntityTooSmall"):
        store.complete(job, upload_id, store.parts(job, upload_id))


def test_giving_up_is_harmless_however_often(store: MultipartStore, aws: Aws, job: Job) -> None:
    upload_id = store.begin(job)
    put(aws, job, upload_id, 1, b"abc")
    for _ in range(2):
        store.abort(job, upload_id)
    with pytest.raises(UploadForgotten):
        store.parts(job, upload_id)
    assert aws.s3.list_multipart_uploads(Bucket=aws.bucket).get("Uploads", []) == []
