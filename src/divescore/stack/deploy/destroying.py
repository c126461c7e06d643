"""Takes a stack away with all its data. CloudFormation deletes no bucket that holds anything, so those are emptied."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from divescore.stack.cloudformation import failures, status
from divescore.stack.deploy.errors import NotDeleted, NotEmptied

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

DELETED_WITHIN = 3600.0  # a distribution alone may take a quarter of an hour
# A form that was given out before may still put a video into an emptied bucket.
TRIES = 3


def buckets(cloudformation: "CloudFormationClient", stack: str) -> list[str]:
    """Names of the stack's buckets that are still there."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return [
        resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::S3::Bucket"
        and resource["ResourceStatus"] != "DELETE_COMPLETE"
        and "PhysicalResourceId" in resource
    ]


def empty(s3: "S3Client", bucket: str) -> int:
    """Remove every version of every object, and all unfinished uploads; return how many. Raises NotEmptied."""
    removed = 0
    # From the start each time: what was listed is gone.
    while doomed := _versions(s3.list_object_versions(Bucket=bucket)):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
        if errors := answer.get("Errors"):
            first = errors[0]
            raise NotEmptied(bucket, f"{first.get('Key')}: {first.get('Message') or first.get('Code')}")
        removed += len(doomed)
    for unfinished in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in unfinished.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            removed += 1
    return removed


def _versions(page: Any) -> Any:
    """The versions and markers of a listing, as a deletion takes them; a listing has at most as many as that."""
    found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]


def destroy(
    cloudformation: "CloudFormationClient",
    s3: "S3Client",
    stack: str,
    say: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Empty the stack's buckets and delete it; return how many objects went. Raises NotEmptied and NotDeleted."""
    identity = cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("StackId", stack)
    removed = 0
    for attempt in range(1, TRIES + 1):
        for bucket in buckets(cloudformation, stack):
            count = empty(s3, bucket)
            removed += count
            say(f"Removed {count} objects from {bucket}.")
        say(f"Deleting the stack {stack}; CloudFront takes some minutes over it.")
        cloudformation.delete_stack(StackName=stack)
        reasons = _await_end(cloudformation, identity, stack, pause)
        if reasons is None:
            return removed
        if attempt == TRIES or not buckets(cloudformation, stack):
            raise NotDeleted(stack, reasons)
        say("Something was uploaded meanwhile: once more.")
    raise AssertionError("unreachable")


def _await_end(
    cloudformation: "CloudFormationClient", identity: str, stack: str, pause: Callable[[float], None]
) -> list[str] | None:
    """None when the stack is gone, else why it is not. A deleted stack is found by its id alone."""
    wait = 0.25
    waited = 0.0
    while (current := status(cloudformation, identity)) is not None and current.endswith("_IN_PROGRESS"):
        if waited > DELETED_WITHIN:
            return [f"{current} after {DELETED_WITHIN / 60:.0f} minutes"]
        pause(wait)
        waited += wait
        wait = min(2 * wait, 10.0)
    if current in (None, "DELETE_COMPLETE"):
        return None
    return failures(cloudformation, stack, "DELETE_FAILED") or [current or "gone"]
