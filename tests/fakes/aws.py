"""The stack's resources on moto, set up as the template sets them up."""

import json
from dataclasses import dataclass
from typing import Any, Final

from divescore.aws import client

KEY = "k" * 48
REGION: Final = "eu-central-1"


@dataclass(frozen=True)
class Aws:
    """Clients and names of a freshly made stack."""

    dynamodb: Any
    s3: Any
    sqs: Any
    secretsmanager: Any
    table: str
    bucket: str
    uploads: str
    scoring: str
    scoring_dlq: str
    secret: str

    def bodies(self, url: str) -> list[str]:
        """What lies visible in a queue; it is not visible for a while afterwards."""
        answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]


def make_stack() -> Aws:
    """Table with both indexes, versioned bucket, queues and the secret of the token keys."""
    dynamodb = client("dynamodb")
    s3 = client("s3")
    sqs = client("sqs")
    secretsmanager = client("secretsmanager")
    dynamodb.create_table(
        TableName="jobs",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "openShard", "AttributeType": "S"},
            {"AttributeName": "deadline", "AttributeType": "N"},
            {"AttributeName": "openClient", "AttributeType": "S"},
            {"AttributeName": "createdAt", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": [
                    {"AttributeName": hash_key, "KeyType": "HASH"},
                    {"AttributeName": range_key, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for name, hash_key, range_key in (
                ("open", "openShard", "deadline"),
                ("client", "openClient", "createdAt"),
            )
        ],
    )
    s3.create_bucket(Bucket="videos", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="videos", VersioningConfiguration={"Status": "Enabled"})
    queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("uploads", "scoring", "scoring-dlq")}
    secretsmanager.create_secret(Name="tokens", SecretString=json.dumps({"current": "k1", "k1": KEY}))
    return Aws(
        dynamodb=dynamodb,
        s3=s3,
        sqs=sqs,
        secretsmanager=secretsmanager,
        table="jobs",
        bucket="videos",
        uploads=queues["uploads"],
        scoring=queues["scoring"],
        scoring_dlq=queues["scoring-dlq"],
        secret="tokens",
    )
