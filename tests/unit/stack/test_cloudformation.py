"""What is read of CloudFormation's answers."""

from typing import Any

from divescore.stack.cloudformation import failures, status
from tests.fakes.cloudformation import FakeCloudFormation, event


def test_a_stack_that_is_not_there_has_no_status() -> None:
    fake: Any = FakeCloudFormation(["NONE"], [])
    assert status(fake, "divescore") is None


def test_the_first_to_fail_comes_first_with_its_reason() -> None:
    newest_first = [
        event("Worker", "DELETE_FAILED", "it is in use"),
        event("Scoring", "CREATE_FAILED", "a queue of that name exists"),
    ]
    fake: Any = FakeCloudFormation(["ROLLBACK_FAILED"], newest_first)
    scoring = "Scoring (AWS::SQS::Queue): a queue of that name exists"
    worker = "Worker (AWS::SQS::Queue): it is in use"
    assert failures(fake, "divescore") == [scoring, worker]
    assert failures(fake, "divescore", "DELETE_FAILED") == [worker]
