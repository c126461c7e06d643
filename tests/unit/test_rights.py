"""What each function may do, as a list to be read: the template grants that and nothing else.

That each of these is needed, tests/integration/test_rights.py shows.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from divescore.stack.local import translate

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Live}/live"
EVERYBODY = {"xray:PutTraceSegments *", "xray:PutTelemetryRecords *"}  # X-Ray has no resources to name
GRANTED = {
    "PresignRole": {
        "logs:CreateLogStream PresignLogs",
        "logs:PutLogEvents PresignLogs",
        "dynamodb:GetItem JobsTable",
        "dynamodb:PutItem JobsTable",
        "dynamodb:UpdateItem JobsTable",
        "dynamodb:DeleteItem JobsTable where ForAllValues:StringLike dynamodb:LeadingKeys JOB#*",
        "dynamodb:Query JobsTable/index/client",
        "s3:PutObject UploadsBucket/uploads/*",
        "s3:GetObjectVersion UploadsBucket/uploads/*",
        "s3:DeleteObject UploadsBucket/uploads/*",
        "s3:DeleteObjectVersion UploadsBucket/uploads/*",
        "s3:GetObject UploadsBucket/uploads/*",
        "s3:AbortMultipartUpload UploadsBucket/uploads/*",
        "s3:ListMultipartUploadParts UploadsBucket/uploads/*",
        "s3:GetObject UploadsBucket/renditions/*",
        "s3:DeleteObject UploadsBucket/renditions/*",
        "s3:DeleteObjectVersion UploadsBucket/renditions/*",
        "s3:ListBucketVersions UploadsBucket",
        "s3:ListBucket UploadsBucket",
        "secretsmanager:GetSecretValue TokenSecret",
    },
    "EnqueueRole": {
        "logs:CreateLogStream EnqueueLogs",
        "logs:PutLogEvents EnqueueLogs",
        "sqs:ReceiveMessage UploadsQueue",
        "sqs:DeleteMessage UploadsQueue",
        "sqs:GetQueueAttributes UploadsQueue",
        "sqs:ChangeMessageVisibility UploadsQueue",
        "dynamodb:GetItem JobsTable",
        "dynamodb:UpdateItem JobsTable",
        "s3:GetObjectVersion UploadsBucket/uploads/*",
        "s3:DeleteObject UploadsBucket/uploads/*",
        "s3:DeleteObjectVersion UploadsBucket/uploads/*",
        "s3:ListBucketVersions UploadsBucket",
        "s3:ListBucket UploadsBucket",
        "sqs:SendMessage ScoringQueue",
        "sqs:GetQueueAttributes ScoringQueue",
    },
    "WorkerRole": {
        "logs:CreateLogStream WorkerLogs",
        "logs:PutLogEvents WorkerLogs",
        "sqs:ReceiveMessage ScoringQueue",
        "sqs:DeleteMessage ScoringQueue",
        "sqs:GetQueueAttributes ScoringQueue",
        "sqs:ChangeMessageVisibility ScoringQueue",
        "sqs:SendMessage ScoringDlq",
        "dynamodb:GetItem JobsTable where ForAllValues:StringLike dynamodb:LeadingKeys JOB#*",
        "dynamodb:UpdateItem JobsTable where ForAllValues:StringLike dynamodb:LeadingKeys JOB#*",
        "dynamodb:PutItem JobsTable where ForAllValues:StringEquals dynamodb:LeadingKeys MODEL",
        "s3:GetObjectVersion UploadsBucket/uploads/*",
        "s3:PutObject UploadsBucket/renditions/*",
        "s3:DeleteObject UploadsBucket/renditions/*",
        "s3:DeleteObjectVersion UploadsBucket/renditions/*",
        "s3:ListBucket UploadsBucket",
    },
    "WsConnectRole": {
        "logs:CreateLogStream WsConnectLogs",
        "logs:PutLogEvents WsConnectLogs",
        "dynamodb:GetItem JobsTable",
        "dynamodb:PutItem JobsTable",
        "dynamodb:UpdateItem JobsTable",
        "dynamodb:DeleteItem JobsTable",
        "secretsmanager:GetSecretValue TokenSecret",
    },
    "NotifyRole": {
        "logs:CreateLogStream NotifyLogs",
        "logs:PutLogEvents NotifyLogs",
        "dynamodb:DescribeStream JobsTable/stream/*",
        "dynamodb:GetRecords JobsTable/stream/*",
        "dynamodb:GetShardIterator JobsTable/stream/*",
        "dynamodb:ListStreams JobsTable/stream/*",
        "sqs:SendMessage StreamDlq",
        "dynamodb:Query JobsTable",
        "dynamodb:DeleteItem JobsTable",
        f"execute-api:ManageConnections {CONNECTIONS}/POST/@connections/*",
        f"execute-api:ManageConnections {CONNECTIONS}/DELETE/@connections/*",
    },
    "SettleRole": {
        "logs:CreateLogStream SettleLogs",
        "logs:PutLogEvents SettleLogs",
        "dynamodb:DescribeStream JobsTable/stream/*",
        "dynamodb:GetRecords JobsTable/stream/*",
        "dynamodb:GetShardIterator JobsTable/stream/*",
        "dynamodb:ListStreams JobsTable/stream/*",
        "sqs:SendMessage SettleDlq",
        "sns:Publish DiveSettled",
    },
    "SweepRole": {
        "logs:CreateLogStream SweepLogs",
        "logs:PutLogEvents SweepLogs",
        "dynamodb:Query JobsTable/index/open",
        "dynamodb:GetItem JobsTable",
        "dynamodb:UpdateItem JobsTable",
        "s3:GetObject UploadsBucket/uploads/*",
        "s3:AbortMultipartUpload UploadsBucket/uploads/*",
        "s3:ListMultipartUploadParts UploadsBucket/uploads/*",
        "s3:ListBucket UploadsBucket",
        "sqs:SendMessage UploadsQueue",
        "sqs:SendMessage ScoringQueue",
        "sqs:GetQueueAttributes ScoringQueue",
    },
}


@pytest.fixture(scope="module")
def template() -> translate.Template:
    source = translate.read(ROOT / "template.yaml")
    for kind, code in (("AWS::Serverless::Function", "CodeUri"), ("AWS::Serverless::LayerVersion", "ContentUri")):
        for resource in translate.resources(source, kind).values():
            image = resource["Properties"].get("PackageType") == "Image"
            resource["Properties"]["ImageUri" if image else code] = "s3://bucket/key"
    return translate.expand(source, {})


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def named(resource: Any) -> str:
    """`{"Fn::GetAtt": [X, "Arn"]}` and a topic's `{"Ref": X}` as X, and what hangs below it as X/…."""
    if isinstance(resource, str):
        return resource
    if "Fn::GetAtt" in resource:
        return str(resource["Fn::GetAtt"][0])
    if "Ref" in resource:
        return str(resource["Ref"])
    return re.sub(r"^\$\{(\w+)\.Arn\}", r"\1", resource["Fn::Sub"])


def where(statement: dict[str, Any]) -> str:
    return "".join(
        f" where {operator} {key} {' '.join(values)}"
        for operator, test in statement.get("Condition", {}).items()
        for key, values in test.items()
    )


@pytest.mark.parametrize("role", GRANTED)
def test_a_role_is_granted_this_and_nothing_else(template: translate.Template, role: str) -> None:
    [policy] = template["Resources"][role]["Properties"]["Policies"]
    found = [
        f"{action} {named(resource)}{where(statement)}"
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]
    assert {statement["Effect"] for statement in policy["PolicyDocument"]["Statement"]} == {"Allow"}
    assert sorted(found) == sorted(GRANTED[role] | EVERYBODY)
    assert set(template["Resources"][role]["Properties"]) == {"AssumeRolePolicyDocument", "Policies"}


def test_there_is_no_other_role_or_policy(template: translate.Template) -> None:
    assert set(translate.resources(template, "AWS::IAM::Role")) == set(GRANTED)
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert {kind for kind in kinds if kind.startswith("AWS::IAM::")} == {"AWS::IAM::Role"}


@pytest.mark.parametrize("role", GRANTED)
def test_a_role_is_for_lambda_alone(template: translate.Template, role: str) -> None:
    [trust] = template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Principal"], trust["Action"]) == ({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")


def test_every_wildcard_resource_has_its_reason_beside_it() -> None:
    lines = (ROOT / "template.yaml").read_text().splitlines()
    wild = [line for line in lines if line.strip().removeprefix("- ").startswith(('Resource: "*"', "Resource: '*'"))]
    assert len(wild) == len(GRANTED) + 1  # X-Ray of each role, and the queues' policy, which only denies
    assert all("# " in line for line in wild)


def test_a_function_is_called_by_its_own_routes_and_schedule_alone(template: translate.Template) -> None:
    callers = set()
    for permission in translate.resources(template, "AWS::Lambda::Permission").values():
        given = permission["Properties"]
        [function] = {"PresignFunction", "WsConnectFunction", "SweepFunction"} & set(re.findall(r"\w+", str(given)))
        [source] = set(re.findall(r"'(Api)'|\{(Live)\.|'(SweepFunctionEveryMinute)'", str(given["SourceArn"])))
        callers.add((function, given["Principal"], "".join(source)))
    assert callers == {
        ("PresignFunction", "apigateway.amazonaws.com", "Api"),
        ("WsConnectFunction", "apigateway.amazonaws.com", "Live"),
        ("SweepFunction", "events.amazonaws.com", "SweepFunctionEveryMinute"),
    }
