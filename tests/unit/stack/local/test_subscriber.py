"""The local system's own subscriber: one queue, however often it is asked for, which only the topic may fill."""

import json
from typing import Any

import boto3

from divescore.stack.local.subscriber import subscribe
from tests.fakes.aws import REGION, Aws


def test_a_queue_hears_what_is_published_and_is_made_once(aws: Aws) -> None:
    sns = boto3.client("sns", region_name=REGION)
    topic = sns.create_topic(Name="settled")["TopicArn"]
    clients: Any = {"sqs": aws.sqs, "sns": sns}.__getitem__
    url = subscribe(clients, topic)
    assert subscribe(clients, topic) == url
    sns.publish(
        TopicArn=topic, Message="a job", MessageAttributes={"status": {"DataType": "String", "StringValue": "SCORED"}}
    )
    [body] = map(json.loads, aws.bodies(url))
    assert (body["Message"], body["MessageAttributes"]["status"]["Value"]) == ("a job", "SCORED")
    policy = json.loads(aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    [statement] = policy["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}
