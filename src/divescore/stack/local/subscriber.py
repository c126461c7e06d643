"""A subscriber of the local system's topic `DiveSettled`: a queue, as an owner would have one, for `divescore settled`.

The template has none, since who subscribes to a stack on AWS is up to its owner.
"""

import json

from divescore.stack.clients import Clients

QUEUE = "divescore-settled"
KEPT_SECONDS = 86_400  # that a message waits for somebody who looks


def subscribe(client: Clients, topic: str) -> str:
    """The address of the queue that hears all that is published there; the same whenever it is asked for."""
    sqs, sns = client("sqs"), client("sns")
    url = sqs.create_queue(QueueName=QUEUE, Attributes={"MessageRetentionPeriod": str(KEPT_SECONDS)})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    from_topic = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [from_topic]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url
