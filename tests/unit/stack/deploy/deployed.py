"""A deployed stack for tests: buckets and a distribution on moto, and a CloudFormation that refuses what it should."""

from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from divescore.stack.deployed import Stack

REGION: Final = "eu-central-1"
NAME = "dives"
DISTRIBUTION = {
    "CallerReference": "1",
    "Comment": "",
    "Enabled": True,
    "Origins": {
        "Quantity": 1,
        "Items": [
            {"Id": "site", "DomainName": "site.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
        ],
    },
    "DefaultCacheBehavior": {
        "TargetOriginId": "site",
        "ViewerProtocolPolicy": "redirect-to-https",
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        "MinTTL": 0,
    },
}


class CloudFormation:
    """Knows one stack. Like the real one it refuses to delete a bucket that holds anything."""

    class exceptions:
        ClientError = ClientError

    def __init__(self, s3: Any, buckets: list[str]) -> None:
        self.s3, self.buckets = s3, buckets
        self.status: str | None = "UPDATE_COMPLETE"
        self.stubborn: list[str] = []
        self.deletions = 0
        self.before_deletion: Any = lambda: None
        self._answers: list[str | None] = []

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self._answers:
            self.status = self._answers.pop(0)
        if self.status is None:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": "Stack does not exist"}}, "DescribeStacks"
            )
        return {"Stacks": [{"StackStatus": self.status, "StackId": f"arn:{NAME}"}]}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_stack_resources"
        return self

    def paginate(self, StackName: str) -> Any:
        kinds = [("AWS::S3::Bucket", name) for name in self.buckets] + [("AWS::SQS::Queue", "a-queue")]
        for kind, name in kinds:  # a page each
            resource = {"ResourceType": kind, "PhysicalResourceId": name, "ResourceStatus": "CREATE_COMPLETE"}
            yield {"StackResourceSummaries": [resource]}

    def delete_stack(self, StackName: str) -> None:
        self.deletions += 1
        self.before_deletion()
        self.stubborn = [name for name in self.buckets if self.s3.list_object_versions(Bucket=name).get("Versions")]
        self._answers = ["DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_FAILED" if self.stubborn else None]

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:
        return {
            "StackEvents": [
                {
                    "LogicalResourceId": "UploadsBucket",
                    "ResourceType": "AWS::S3::Bucket",
                    "ResourceStatus": "DELETE_FAILED",
                    "ResourceStatusReason": "The bucket you tried to delete is not empty",
                }
            ]
            if self.stubborn
            else []
        }


@dataclass
class Deployed:
    """The stack's parts, and what its owner has in hand."""

    s3: Any
    cloudfront: Any
    cloudformation: CloudFormation
    outputs: dict[str, str]
    said: list[str] = field(default_factory=list)

    def stack(self) -> Stack:
        clients = {"s3": self.s3, "cloudfront": self.cloudfront, "cloudformation": self.cloudformation}
        return Stack(NAME, self.outputs, {}, False, lambda service: clients[service])


def deployed() -> Deployed:
    """A stack with a versioned bucket for uploads, a bucket for the page, and its distribution; inside mock_aws."""
    session = boto3.Session("testing", "testing", region_name=REGION)
    s3, cloudfront = session.client("s3"), session.client("cloudfront")
    for name in ("uploads", "site"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Enabled"})
    distribution: Any = DISTRIBUTION
    made = cloudfront.create_distribution(DistributionConfig=distribution)["Distribution"]
    return Deployed(
        s3,
        cloudfront,
        CloudFormation(s3, ["uploads", "site"]),
        {
            "SiteBucket": "site",
            "ApiUrl": "https://api.example",
            "LiveUrl": "wss://live.example/live",
            "UploadsUrl": "https://uploads.s3.eu-central-1.amazonaws.com",
            "MaxUploadBytes": "104857600",
            "SiteUrl": "https://page.example",
            "DistributionId": made["Id"],
        },
    )
