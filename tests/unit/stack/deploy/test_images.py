"""The base image by its digest, and the tag of the image that runs."""

import json
from typing import Any

import pytest

from divescore.stack.deploy import images
from divescore.stack.deployed import Stack
from divescore.stack.local import translate
from divescore.stack.local.checkout import project_root
from tests.image.dockerfile import read

DIGEST = f"sha256:{'0' * 64}"
REPOSITORY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/divescore-github-images-1"


def test_every_stage_starts_from_the_pinned_base() -> None:
    text = (project_root() / "functions/worker/Dockerfile").read_text()
    base = images.unpinned(text) or "amazon/aws-lambda-python:3.13"
    done = images.pinned(text, DIGEST)
    assert images.unpinned(done) is None
    assert images.pinned(done, "sha256:other") == done
    if images.unpinned(text):
        assert done.count(f"{base}@{DIGEST}") == 3


def test_a_pinned_dockerfile_is_still_read_as_one(tmp_path: Any) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(images.pinned((project_root() / "functions/worker/Dockerfile").read_text(), DIGEST))
    assert [stage.name for stage in read(dockerfile)] == ["packages", "compiled", ""]


class Registry:
    """ECR with one image."""

    class exceptions:
        class ImageAlreadyExistsException(Exception):
            """The tag is there already."""

    def __init__(self, ran_before: bool) -> None:
        self.ran_before = ran_before
        self.asked: list[dict[str, Any]] = []
        self.put: list[dict[str, Any]] = []

    def batch_get_image(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        return {"images": [{"imageManifest": "{}", "imageManifestMediaType": "application/x"}]}

    def put_image(self, **image: Any) -> None:
        if self.ran_before:
            raise self.exceptions.ImageAlreadyExistsException
        self.put.append(image)


def owner(registry: Registry, address: str) -> Stack:
    class Functions:
        def get_function(self, FunctionName: str) -> Any:
            assert FunctionName == "divescore-WorkerFunction-1"
            return {"Code": {"ImageUri": address}}

    clients: dict[str, Any] = {"lambda": Functions(), "ecr": registry}
    return Stack("divescore", {"WorkerFunction": "divescore-WorkerFunction-1"}, {}, False, lambda name: clients[name])


@pytest.mark.parametrize(
    ("ending", "which"),
    [(":worker-1-latest", {"imageTag": "worker-1-latest"}), (f"@{DIGEST}", {"imageDigest": DIGEST})],
)
def test_the_image_that_runs_gets_the_tag_that_keeps_it(ending: str, which: dict[str, str]) -> None:
    registry = Registry(ran_before=False)
    assert images.mark_running(owner(registry, REPOSITORY + ending)) == REPOSITORY + ending
    where = {"registryId": "123456789012", "repositoryName": "divescore-github-images-1"}
    assert registry.asked == [{**where, "imageIds": [which]}]
    assert registry.put == [
        {**where, "imageManifest": "{}", "imageTag": images.RUNNING, "imageManifestMediaType": "application/x"}
    ]


def test_an_image_that_ran_before_stays_marked() -> None:
    registry = Registry(ran_before=True)
    images.mark_running(owner(registry, f"{REPOSITORY}:worker-1-latest"))
    assert registry.put == []


def test_however_many_deployments_fail_the_image_that_runs_stays() -> None:
    resources = translate.read(project_root() / ".github/aws.yaml")["Resources"]
    rules = json.loads(resources["Images"]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    pushed = [f"worker-{number}-latest" for number in range(40)]
    running = pushed[3]
    tags = {tag: {tag, *([images.RUNNING] if tag == running else [])} for tag in pushed}
    assert running in kept(rules, pushed, tags)
    assert len(kept(rules, pushed, tags)) == 6


def kept(rules: list[dict[str, Any]], pushed: list[str], tags: dict[str, set[str]]) -> set[str]:
    """As ECR does it: rules by priority, and what one matches no later one expires.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html: "An image that matches the tagging
    requirements of a rule cannot be expired by a rule with a lower priority", and "rules can never mark images that
    are marked by higher priority rules, but can still identify them".
    """
    matched: set[str] = set()
    expired: set[str] = set()
    for rule in sorted(rules, key=lambda rule: int(rule["rulePriority"])):
        selection = rule["selection"]
        assert selection["countType"] == "imageCountMoreThan"
        patterns = selection.get("tagPatternList")
        identified = [image for image in reversed(pushed) if patterns is None or tags[image] & set(patterns)]
        expired |= {image for image in identified[selection["countNumber"] :] if image not in matched}
        matched |= set(identified)
    return set(pushed) - expired
