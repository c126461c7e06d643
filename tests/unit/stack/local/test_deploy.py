"""What the deployment says when a stack fails, and what it reads from one that is complete."""

from typing import Any

import pytest

from divescore.stack.local import deploy
from divescore.stack.local.errors import DeployFailed
from tests.fakes.cloudformation import FakeCloudFormation, event


def test_a_failed_stack_is_told_with_its_reasons_the_first_first() -> None:
    newest_first = [
        event("Worker", "CREATE_FAILED", "Resource creation cancelled"),
        event("Scoring", "CREATE_FAILED", "a queue of that name exists"),
        event("Uploads", "CREATE_COMPLETE", ""),
    ]
    fake: Any = FakeCloudFormation(["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"], newest_first)
    with pytest.raises(DeployFailed) as caught:
        deploy.finished(fake)
    assert caught.value.status == "ROLLBACK_COMPLETE"
    assert caught.value.events == [
        "Scoring (AWS::SQS::Queue): a queue of that name exists",
        "Worker (AWS::SQS::Queue): Resource creation cancelled",
    ]
    assert "a queue of that name exists" in str(caught.value)


def test_a_stack_that_never_ends_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "DEPLOYED_WITHIN", 0.0)
    fake: Any = FakeCloudFormation(["CREATE_IN_PROGRESS"], [])
    with pytest.raises(DeployFailed, match="CREATE_IN_PROGRESS after 0 s"):
        deploy.finished(fake)


def test_there_are_as_many_workers_as_cores_but_never_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert deploy.local_parameters()["WorkerConcurrency"] == "2"
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert deploy.local_parameters()["WorkerConcurrency"] == "8"
