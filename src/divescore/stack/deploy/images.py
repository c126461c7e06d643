"""The worker's images: the base by its digest in the Dockerfile, and a tag for the one that runs."""

import re
from contextlib import suppress
from typing import Any

from divescore.stack.deployed import Stack

# The rule of the repository in .github/aws.yaml that keeps the image that runs goes by this tag.
RUNNING = "running"
BASE = re.compile(r"^(FROM (amazon/aws-lambda-python:[\w.-]+))(?=\s|$)", re.MULTILINE)


def unpinned(dockerfile: str) -> str | None:
    """The base image that the Dockerfile names without a digest, if any."""
    found = BASE.search(dockerfile)
    return None if found is None else found[2]


def pinned(dockerfile: str, digest: str) -> str:
    """The Dockerfile with the base image by its digest (sha256:…), wherever it is named."""
    return BASE.sub(rf"\1@{digest}", dockerfile)


def mark_running(owner: Stack) -> str:
    """Move the tag to the image that the worker runs; return its address. Raises boto3's errors."""
    function = owner.client("lambda").get_function(FunctionName=owner.output("WorkerFunction"))
    address = function["Code"]["ImageUri"]
    registry, _, rest = address.partition("/")
    name, mark, digest = rest.partition("@")
    if not mark:
        name, _, tag = rest.rpartition(":")
    which = {"imageDigest": digest} if mark else {"imageTag": tag}
    where = {"registryId": registry.split(".")[0], "repositoryName": name}
    ecr: Any = owner.client("ecr")
    [image] = ecr.batch_get_image(**where, imageIds=[which])["images"]
    with suppress(ecr.exceptions.ImageAlreadyExistsException):  # it ran before
        ecr.put_image(**where, imageManifest=image["imageManifest"], imageTag=RUNNING, **_media_type(image))
    return address


def _media_type(image: dict[str, Any]) -> dict[str, str]:
    """What kind of manifest it is, as far as the repository says so."""
    kind = image.get("imageManifestMediaType")
    return {} if kind is None else {"imageManifestMediaType": kind}
