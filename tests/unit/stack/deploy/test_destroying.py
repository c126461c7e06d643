"""A stack goes with all that its buckets hold, on moto and a stand-in for CloudFormation."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from moto import mock_aws

from divescore.stack.deploy import destroying
from divescore.stack.deploy.errors import NotDeleted, NotEmptied
from tests.unit.stack.deploy.deployed import NAME, Deployed, deployed


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield deployed()


def destroy(stack: Deployed) -> int:
    return destroying.destroy(stack.cloudformation, stack.s3, NAME, stack.said.append, pause=lambda _: None)  # type: ignore[arg-type]  # the stand-in


def fill(stack: Deployed, count: int) -> None:
    """Two versions and a marker of one object, `count` further ones, and an upload in parts that nobody finished."""
    for _ in range(2):
        stack.s3.put_object(Bucket="uploads", Key="uploads/a/video", Body=b"film")
    stack.s3.delete_object(Bucket="uploads", Key="uploads/a/video")
    for number in range(count):
        stack.s3.put_object(Bucket="uploads", Key=f"uploads/{number}/video", Body=b"film")
    stack.s3.create_multipart_upload(Bucket="uploads", Key="uploads/b/video")
    stack.s3.put_object(Bucket="site", Key="index.html", Body=b"page")


def test_every_version_every_marker_and_every_part_goes_and_then_the_stack(
    stack: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(stack, 20)
    with monkeypatch.context() as patch:
        # Several pages of a listing, which AWS ends at a thousand.
        patch.setattr(stack.s3, "list_object_versions", partial(stack.s3.list_object_versions, MaxKeys=7))
        assert destroy(stack) == 3 + 20 + 1 + 1
    assert stack.cloudformation.status is None
    for bucket in ("uploads", "site"):
        assert not stack.s3.list_object_versions(Bucket=bucket).get("Versions")
    assert stack.cloudformation.deletions == 1


def test_what_is_uploaded_meanwhile_goes_too(stack: Deployed) -> None:
    late = iter([True, False])

    def upload() -> None:
        if next(late):
            stack.s3.put_object(Bucket="uploads", Key="uploads/late/video", Body=b"film")

    stack.cloudformation.before_deletion = upload
    assert destroy(stack) == 1
    assert stack.cloudformation.deletions == 2


def test_a_stack_that_stays_is_told_with_the_reason(stack: Deployed) -> None:
    def upload() -> None:
        stack.s3.put_object(Bucket="uploads", Key="uploads/late/video", Body=b"film")

    stack.cloudformation.before_deletion = upload
    with pytest.raises(NotDeleted, match=r"UploadsBucket.*is not empty"):
        destroy(stack)
    assert stack.cloudformation.deletions == destroying.TRIES


def test_an_object_that_stays_stops_it_before_the_stack_is_touched(
    stack: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(stack, 0)

    def refused(**_: Any) -> dict[str, Any]:
        return {"Errors": [{"Key": "uploads/a/video", "Code": "AccessDenied", "Message": "Access Denied"}]}

    monkeypatch.setattr(stack.s3, "delete_objects", refused)
    with pytest.raises(NotEmptied, match="uploads/a/video: Access Denied"):
        destroy(stack)
    assert stack.cloudformation.deletions == 0
