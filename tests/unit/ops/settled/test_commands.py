"""What `settled` prints, takes out of the queue and leaves in it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from divescore.live.settled import settled_message
from divescore.ops.settled import following
from divescore.ops.settled.commands import settled
from divescore.stack import deployed, local_state
from divescore.views import Status
from tests.fakes.aws import Aws
from tests.fakes.jobs import job_in


@pytest.fixture
def queue(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> str:
    """The local system's queue."""
    url: str = aws.sqs.create_queue(QueueName="settled")["QueueUrl"]
    monkeypatch.setattr(following, "LONG_POLL_SECONDS", 0)
    here = SimpleNamespace(stack=SimpleNamespace(queues={"settled": url}))
    monkeypatch.setattr(local_state, "find", lambda: here)
    stack = SimpleNamespace(client=lambda service: getattr(aws, service))
    monkeypatch.setattr(deployed, "find_stack", lambda _name: stack)
    return url


def tell(aws: Aws, queue: str, status: Status, **changes: Any) -> None:
    message = settled_message(job_in(status, **changes))
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()}
    aws.sqs.send_message(QueueUrl=queue, MessageBody=message.body, MessageAttributes=attributes)


def waiting(aws: Aws, queue: str) -> int:
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    answer = aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(names))["Attributes"]
    return sum(int(answer[name]) for name in names)


def test_what_waits_is_printed_once_and_taken_out(aws: Aws, queue: str) -> None:
    tell(aws, queue, Status.SCORED, reference="order 7")
    tell(aws, queue, Status.SCORED, reference="order 7")
    tell(aws, queue, Status.FAILED, job_id="f" * 32)
    done = CliRunner().invoke(settled, [])
    assert done.exit_code == 0, done.output
    lines = sorted(done.stdout.splitlines(), key=lambda line: "FAILED" in line)
    assert len(lines) == 2
    assert all(part in lines[0] for part in (job_in(Status.SCORED).job_id, "SCORED", "84.15 points", "(order 7)"))
    assert "INTERNAL: A fault of ours." in lines[1]
    assert waiting(aws, queue) == 0


def test_only_the_last_versions_are_remembered(aws: Aws, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "REMEMBERED", 2)
    follower = following.Follower(aws.sqs, queue, lambda _said: None)
    for version in range(5, 9):
        tell(aws, queue, Status.SCORED, version=version)
    assert sorted(one.key[1] for one in follower.messages(follow=False)) == [5, 6, 7, 8]
    assert len(follower.seen) == 2


def test_json_is_a_line_for_each(aws: Aws, queue: str) -> None:
    for version in (5, 6):
        tell(aws, queue, Status.SCORED, version=version)
    done = CliRunner().invoke(settled, ["--json"])
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(document["job"]["version"] for document in documents) == [5, 6]
    assert documents[0]["attributes"] == {"status": "SCORED"}


def test_a_foreign_message_is_told_and_left(aws: Aws, queue: str) -> None:
    aws.sqs.send_message(QueueUrl=queue, MessageBody="hello")
    tell(aws, queue, Status.SCORED)
    done = CliRunner().invoke(settled, [])
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 1)
    assert "is the queue subscribed to DiveSettled?" in done.stderr
    assert waiting(aws, queue) == 1


def test_what_was_not_printed_is_not_taken_out(aws: Aws, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise BrokenPipeError

    tell(aws, queue, Status.SCORED)
    monkeypatch.setattr("click.echo", broken)
    CliRunner().invoke(settled, [])
    assert waiting(aws, queue) == 1


def test_a_stack_on_aws_needs_a_queue(tmp_path: Path) -> None:
    done = CliRunner().invoke(settled, ["--follow", "--stack", "dives"])
    assert done.exit_code == 2
    assert "DiveSettledArn" in done.stderr


def test_following_ends_with_an_interrupt(aws: Aws, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(aws, queue, Status.SCORED)
    receive, asked = aws.sqs.receive_message, []

    def receive_twice(**arguments: Any) -> Any:
        asked.append(arguments)
        if len(asked) > 1:
            raise KeyboardInterrupt
        return receive(**arguments)

    monkeypatch.setattr(aws.sqs, "receive_message", receive_twice)
    done = CliRunner().invoke(settled, ["--follow"])
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 1)
