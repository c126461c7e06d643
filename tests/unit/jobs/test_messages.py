"""Messages on the scoring queue, and the queue's depth."""

import json

import pytest

from divescore.jobs.messages import BadMessage, DeadLetters, ScoringQueue, parse_message
from divescore.jobs.model import Cause
from divescore.views import Status
from tests.fakes.aws import Aws
from tests.fakes.jobs import job_in
from tests.fakes.network import refused
from tests.fakes.world import SCORING, World


def test_a_message_names_the_job_and_the_version_and_travels_in_its_clients_group(world: World) -> None:
    job = job_in(Status.QUEUED)
    world.queue.send(job)
    [message] = world.sqs.queues[SCORING].messages
    assert json.loads(message.body) == {"jobId": job.job_id, "objectVersion": "v1"}
    assert message.group == job.client
    parsed = parse_message(message.body)
    assert (parsed.job_id, parsed.object_version) == (job.job_id, "v1")


def test_what_later_releases_add_is_ignored() -> None:
    assert parse_message('{"jobId": "j", "objectVersion": "v", "more": 1}').job_id == "j"


@pytest.mark.parametrize("body", ["", "no json", "[]", "{}", '{"jobId": "j"}', '{"jobId": 1, "objectVersion": "v"}'])
def test_what_nobody_of_ours_wrote_is_refused(body: str) -> None:
    with pytest.raises(BadMessage, match="not a scoring message"):
        parse_message(body)


def test_a_job_without_an_upload_cannot_be_queued(world: World) -> None:
    with pytest.raises(ValueError, match="no upload"):
        world.queue.send(job_in(Status.AWAITING_UPLOAD))


def test_the_depth_is_asked_at_most_once_a_second(world: World) -> None:
    assert world.queue.ahead() == 0
    world.queue.send(job_in(Status.QUEUED))
    world.clock.advance(0.9)
    assert world.queue.ahead() == 0
    world.clock.advance(0.2)
    assert world.queue.ahead() == 1


@pytest.mark.parametrize("error", ["RequestThrottled", "InternalError"])
def test_an_unknown_depth_is_no_reason_to_stop(world: World, error: str) -> None:
    world.network.fail("get_queue_attributes", refused(error))
    assert world.queue.ahead() is None
    assert world.queue.ahead() == 0


def test_a_dead_letter_says_why(aws: Aws) -> None:
    DeadLetters(aws.scoring_dlq, aws.sqs).send("body", "client", Cause("OUT_OF_TIME", "Too slow."), 3)
    [letter] = aws.sqs.receive_message(QueueUrl=aws.scoring_dlq, MessageAttributeNames=["All"])["Messages"]
    assert letter["Body"] == "body"
    values = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert values == {"cause": "OUT_OF_TIME", "causeMessage": "Too slow.", "attempts": "3"}
    assert letter["MessageAttributes"]["attempts"]["DataType"] == "Number"


def test_sqs_takes_the_message(aws: Aws) -> None:
    queue = ScoringQueue(aws.scoring, aws.sqs)
    queue.send(job_in(Status.QUEUED))
    assert queue.ahead() == 1
