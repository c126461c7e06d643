"""The page of a deployed stack, on moto."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

from divescore.stack.deploy import publishing
from divescore.stack.deploy.errors import NotBuilt
from divescore.stack.errors import NoSystem
from tests.unit.stack.deploy.deployed import Deployed, deployed
from tests.unit.stack.deploy.test_page import build


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield deployed()


def test_the_page_lies_in_its_bucket_and_the_old_one_is_forgotten(stack: Deployed, tmp_path: Path) -> None:
    done = publishing.publish(stack.stack(), build(tmp_path), wait=False, say=stack.said.append)
    assert (done.url, done.files) == ("https://page.example", 3)
    config = json.loads(stack.s3.get_object(Bucket="site", Key="config.json")["Body"].read())
    assert config == {"api": "https://api.example", "maxUploadBytes": 104_857_600}
    html = stack.s3.get_object(Bucket="site", Key="index.html")["Body"].read().decode()
    assert "wss://live.example" in html
    distribution = stack.outputs["DistributionId"]
    made = stack.cloudfront.get_invalidation(DistributionId=distribution, Id=done.invalidation)["Invalidation"]
    assert made["InvalidationBatch"]["Paths"]["Items"] == ["/*"]


def test_it_waits_for_that_very_invalidation_when_it_is_asked_to(
    stack: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By boto3's own waiter; moto leaves every invalidation unfinished."""
    waited: list[dict[str, Any]] = []
    waiter = SimpleNamespace(wait=lambda **told: waited.append(told))
    monkeypatch.setattr(stack.cloudfront, "get_waiter", {"invalidation_completed": waiter}.__getitem__)
    done = publishing.publish(stack.stack(), build(tmp_path), wait=True, say=stack.said.append)
    [told] = waited
    assert (told["DistributionId"], told["Id"]) == (stack.outputs["DistributionId"], done.invalidation)


def test_files_of_earlier_builds_stay_for_pages_that_are_open(stack: Deployed, tmp_path: Path) -> None:
    stack.s3.put_object(Bucket="site", Key="assets/index-old.js", Body=b"")
    publishing.publish(stack.stack(), build(tmp_path), wait=False, say=stack.said.append)
    held = {item["Key"] for item in stack.s3.list_objects_v2(Bucket="site")["Contents"]}
    assert held == {"assets/index-old.js", "assets/index-abc.js", "config.json", "index.html"}


def test_without_a_page_nothing_is_uploaded_or_invalidated(stack: Deployed, tmp_path: Path) -> None:
    with pytest.raises(NotBuilt, match="make web"):
        publishing.publish(stack.stack(), tmp_path, wait=False, say=stack.said.append)
    listed = stack.cloudfront.list_invalidations(DistributionId=stack.outputs["DistributionId"])
    assert listed["InvalidationList"]["Quantity"] == 0


def test_a_stack_of_an_older_template_is_told_apart(stack: Deployed, tmp_path: Path) -> None:
    del stack.outputs["UploadsUrl"]
    with pytest.raises(NoSystem, match="UploadsUrl"):
        publishing.publish(stack.stack(), build(tmp_path), wait=False, say=stack.said.append)
