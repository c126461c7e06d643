"""The role of .github/aws.yaml has every right that CloudFormation asks for to make, change and delete the stack.

What it asks for is what the resource types' own schemas say under `handlers` and `tagging`; cfn-lint ships them.
Which ARN a right is asked for comes from AWS's Service Authorization Reference.
"""

import inspect
import json
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from divescore.stack.local import translate
from tests.unit.test_template import expanded

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
REGION, ACCOUNT, STACK = "eu-central-1", "123456789012", "divescore"
NAMES = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "Stack": STACK}
ARTIFACTS = "arn:aws:s3:::divescore-github-artifacts-1"
IMAGES = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/divescore-github-images-1"
HERE = f"{REGION}:{ACCOUNT}"
ANY = "*"  # asked for no resource: only `Resource: "*"` grants it

# As CloudFormation names a resource of the type.
ARNS = {
    "AWS::ApiGatewayV2::Api": f"arn:aws:apigateway:{REGION}::/apis/a1b2c3d4e5",
    "AWS::ApiGatewayV2::Integration": f"arn:aws:apigateway:{REGION}::/apis/a1b2c3d4e5/integrations/1",
    "AWS::ApiGatewayV2::Route": f"arn:aws:apigateway:{REGION}::/apis/a1b2c3d4e5/routes/1",
    "AWS::ApiGatewayV2::RouteResponse": f"arn:aws:apigateway:{REGION}::/apis/a1b2c3d4e5/routes/1/routeresponses/1",
    "AWS::ApiGatewayV2::Stage": f"arn:aws:apigateway:{REGION}::/apis/a1b2c3d4e5/stages/live",
    "AWS::CloudFront::Distribution": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
    "AWS::CloudFront::OriginAccessControl": f"arn:aws:cloudfront::{ACCOUNT}:origin-access-control/E1",
    "AWS::CloudFront::ResponseHeadersPolicy": f"arn:aws:cloudfront::{ACCOUNT}:response-headers-policy/1",
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{HERE}:alarm:{STACK}-UploadsDlqAlarm-1",
    "AWS::CloudWatch::Dashboard": f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/Dashboard-1",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{HERE}:table/{STACK}-JobsTable-1",
    "AWS::Events::Rule": f"arn:aws:events:{HERE}:rule/{STACK}-SweepFunctionEveryMinute-1",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{STACK}-WorkerRole-1",
    "AWS::Lambda::EventInvokeConfig": f"arn:aws:lambda:{HERE}:function:{STACK}-SweepFunction-1",
    "AWS::Lambda::EventSourceMapping": f"arn:aws:lambda:{HERE}:event-source-mapping:1",
    "AWS::Lambda::Function": f"arn:aws:lambda:{HERE}:function:{STACK}-WorkerFunction-1",
    "AWS::Lambda::LayerVersion": f"arn:aws:lambda:{HERE}:layer:SharedLayer1:1",
    "AWS::Lambda::Permission": f"arn:aws:lambda:{HERE}:function:{STACK}-WorkerFunction-1",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{HERE}:log-group:{STACK}-WorkerLogs-1",
    "AWS::S3::Bucket": f"arn:aws:s3:::{STACK}-uploadsbucket-1",
    "AWS::S3::BucketPolicy": f"arn:aws:s3:::{STACK}-uploadsbucket-1",
    "AWS::SNS::Topic": f"arn:aws:sns:{HERE}:{STACK}-DiveSettled-1",
    "AWS::SNS::TopicPolicy": f"arn:aws:sns:{HERE}:{STACK}-DiveSettled-1",
    "AWS::SQS::Queue": f"arn:aws:sqs:{HERE}:{STACK}-UploadsQueue-1",
    "AWS::SQS::QueuePolicy": f"arn:aws:sqs:{HERE}:{STACK}-UploadsQueue-1",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{HERE}:secret:TokenSecret-1",
}
# What is asked for another resource than the one that is made.
ASKED_FOR = {
    "apigateway:TagResource": f"arn:aws:apigateway:{REGION}::/tags/arn%3Aaws%3Aapigateway%3A{REGION}%3A%3A%2Fapis%2Fa",
    "apigateway:UntagResource": f"arn:aws:apigateway:{REGION}::/v2/tags/a",
    "cloudwatch:DescribeAlarms": ANY,  # narrower, it keeps composite alarms back (CloudWatch's API reference)
    "cloudfront:CreateConnectionGroup": f"arn:aws:cloudfront::{ACCOUNT}:connection-group/1",
    "cloudfront:GetConnectionGroup": f"arn:aws:cloudfront::{ACCOUNT}:connection-group/1",
    "cloudfront:GetVpcOrigin": f"arn:aws:cloudfront::{ACCOUNT}:vpcorigin/1",
    "lambda:CreateEventSourceMapping": ANY,
    "lambda:GetCodeSigningConfig": f"arn:aws:lambda:{HERE}:code-signing-config:1",
    "lambda:GetEventSourceMapping": ANY,
    "lambda:PassCapacityProvider": f"arn:aws:lambda:{HERE}:capacity-provider:1",
    "logs:CreateLogDelivery": ANY,
    "logs:DeleteResourcePolicy": ANY,
    "logs:DescribeLogGroups": ANY,
    "logs:DescribeResourcePolicies": ANY,
    "logs:PutResourcePolicy": ANY,
    "secretsmanager:GetRandomPassword": ANY,
}
PACKAGES = {"s3:GetObject", "s3:GetObjectVersion"}  # asked by Lambda's types for what SAM uploaded

UNUSED = "the stack has none: {}".format
LISTS = "lists what no stack holds, for Cloud Control and the generator of templates; no deployment asks for it"
# What the role lacks, and why: an action, or a pattern of actions, of one resource type or of all.
LEFT_OUT: dict[tuple[str, str], str] = {
    ("*", "kms:*"): UNUSED("a key of its own"),
    ("*", "ec2:*"): UNUSED("a network"),
    ("*", "elasticfilesystem:*"): UNUSED("a file system"),
    ("*", "s3files:*"): UNUSED("a file system"),
    ("*", "s3tables:*"): UNUSED("tables of a bucket's metadata"),
    ("*", "kinesis:*"): UNUSED("a Kinesis stream behind the table"),
    ("*", "firehose:*"): UNUSED("a delivery of logs"),
    ("AWS::ApiGatewayV2::Api", "s3:getObject"): UNUSED("an API's document in a bucket"),
    ("AWS::ApiGatewayV2::Integration", "iam:PassRole"): UNUSED("an integration with a role; functions grant by policy"),
    ("AWS::CloudFront::Distribution", "cloudfront:*ConnectionGroup"): UNUSED("a distribution of tenants"),
    ("AWS::CloudFront::Distribution", "cloudfront:GetVpcOrigin"): UNUSED("a network"),
    ("AWS::DynamoDB::Table", "iam:CreateServiceLinkedRole"): UNUSED("a replica or a scaled capacity"),
    ("AWS::DynamoDB::Table", "logs:*"): UNUSED("a table imported from a bucket"),
    ("AWS::DynamoDB::Table", "s3:*"): UNUSED("a table imported from a bucket"),
    ("AWS::Events::Rule", "iam:PassRole"): UNUSED("a target with a role; functions grant by policy"),
    (
        "AWS::IAM::Role",
        "iam:AttachRolePolicy",
    ): "a managed policy could give a role any right; the roles have inline ones",
    ("AWS::IAM::Role", "iam:DetachRolePolicy"): UNUSED("a managed policy"),
    ("AWS::IAM::Role", "iam:*PermissionsBoundary"): UNUSED("a boundary, and nobody may take off one that others set"),
    ("AWS::Lambda::Function", "lambda:GetCodeSigningConfig"): UNUSED("a signature of code"),
    ("AWS::Lambda::Function", "lambda:PassCapacityProvider"): UNUSED("instances of its own for a function"),
    ("AWS::Logs::LogGroup", "logs:CreateLogDelivery"): UNUSED("a delivery of logs"),
    ("AWS::Logs::LogGroup", "logs:*ResourcePolicy"): UNUSED("a policy of a log group"),
    ("AWS::Logs::LogGroup", "s3:*"): UNUSED("a delivery of logs"),
    ("AWS::S3::Bucket", "iam:PassRole"): UNUSED("a copy of a bucket in another"),
    ("AWS::SNS::Topic", "iam:GetRole"): UNUSED("a topic that logs its deliveries by a role"),
}
ACCOUNT_WIDE = {
    "cloudfront:ListDistributions",
    "cloudfront:ListOriginAccessControls",
    "cloudfront:ListResponseHeadersPolicies",
    "cloudwatch:ListDashboards",
    "dynamodb:ListTables",
    "events:ListRules",
    "iam:ListRoles",
    "lambda:ListEventSourceMappings",
    "lambda:ListFunctions",
    "lambda:ListLayerVersions",
    "s3:ListAllMyBuckets",
    "secretsmanager:ListSecrets",
    "sqs:ListQueues",
}
TYPES = sorted({resource["Type"] for resource in expanded()["Resources"].values()})


@cache
def schema(kind: str) -> dict[str, Any]:
    identity = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())[kind]
    found: dict[str, Any] = json.loads((SCHEMAS / "resources" / f"{identity}.json").read_text())
    return found


def wanted(kind: str) -> set[tuple[str, str]]:
    """What is asked for a resource type: action and what for (create, …, list, tagging)."""
    handlers = {**schema(kind).get("handlers", {}), "tagging": schema(kind).get("tagging", {})}
    return {(action, handler) for handler, about in handlers.items() for action in about.get("permissions", [])}


@cache
def statements(role: str) -> list[dict[str, Any]]:
    resources = translate.read(ROOT / ".github" / "aws.yaml")["Resources"]
    [policy] = resources[role]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """A resource of a statement as a pattern."""
    if isinstance(value, str):
        return value
    [(function, argument)] = value.items()
    if function == "Fn::GetAtt":
        name = argument if isinstance(argument, str) else ".".join(argument)
        return {"Artifacts.Arn": ARTIFACTS, "Images.Arn": IMAGES}[name]
    return re.sub(r"\$\{([^}]+)\}", lambda found: {**NAMES, "Artifacts.Arn": ARTIFACTS}[found[1]], argument)


def grants(role: str, action: str, arn: str, passed_to: str | None = None) -> bool:
    """Whether a statement of the role's allows an action on a resource; IAM reads actions in any case."""
    for statement in statements(role):
        passing = statement.get("Condition", {}).get("StringEquals", {}).get("iam:PassedToService")
        if (
            any(fnmatchcase(action.lower(), pattern.lower()) for pattern in listed(statement["Action"]))
            and any(
                text(pattern) == "*" or fnmatchcase(arn, text(pattern)) for pattern in listed(statement["Resource"])
            )
            and passing in (None, passed_to)
        ):
            return True
    return False


def asked(kind: str, action: str) -> str:
    if kind.startswith("AWS::Lambda::") and action in PACKAGES:
        return f"{ARTIFACTS}/{STACK}/package"
    if kind == "AWS::DynamoDB::Table" and action.startswith("logs:"):
        return f"arn:aws:logs:{HERE}:log-group:/aws-dynamodb/imports"
    if action == "iam:PassRole":
        return ARNS["AWS::IAM::Role"]
    return ASKED_FOR.get(action, ARNS[kind])


def reason(kind: str, action: str, handlers: set[str]) -> str | None:
    if action in ACCOUNT_WIDE and handlers == {"list"}:
        return LISTS
    for (of, pattern), why in LEFT_OUT.items():
        if of in ("*", kind) and fnmatchcase(action, pattern):
            return why
    return None


@pytest.mark.parametrize("kind", TYPES)
def test_the_role_has_what_the_type_asks_for(kind: str) -> None:
    by_action: dict[str, set[str]] = {}
    for action, handler in wanted(kind):
        by_action.setdefault(action, set()).add(handler)
    lacking = [
        (action, sorted(handlers))
        for action, handlers in sorted(by_action.items())
        if not grants("CloudFormationRole", action, asked(kind, action), "lambda.amazonaws.com")
        and reason(kind, action, handlers) is None
    ]
    assert lacking == []


def test_every_type_says_what_it_asks_for() -> None:
    assert [kind for kind in TYPES if not wanted(kind)] == []
    assert set(TYPES) - set(ARNS) == set()


@pytest.mark.parametrize(("of", "pattern"), list(LEFT_OUT))
def test_what_is_left_out_is_asked_for_and_really_left_out(of: str, pattern: str) -> None:
    matching = [
        (kind, action)
        for kind in TYPES
        if of in ("*", kind)
        for action, _ in wanted(kind)
        if fnmatchcase(action, pattern)
    ]
    assert matching, "nothing asks for it any more"
    assert any(not grants("CloudFormationRole", action, asked(kind, action)) for kind, action in matching)


def test_tags_of_an_api_are_allowed_whatever_the_service_calls_them() -> None:
    for action in ("apigateway:TagResource", "apigateway:UntagResource"):
        for path in ("/apis/a", "/tags/x", "/v2/tags/x", "/apis/a/stages/live"):
            assert grants("CloudFormationRole", action, f"arn:aws:apigateway:{REGION}::{path}")


def test_the_role_reaches_no_other_stack() -> None:
    for action, arn in {
        "dynamodb:DeleteTable": f"arn:aws:dynamodb:{HERE}:table/other-JobsTable-1",
        "lambda:DeleteFunction": f"arn:aws:lambda:{HERE}:function:other-WorkerFunction-1",
        "iam:PutRolePolicy": f"arn:aws:iam::{ACCOUNT}:role/other-WorkerRole-1",
        "iam:AttachRolePolicy": ARNS["AWS::IAM::Role"],
        "s3:DeleteBucket": "arn:aws:s3:::other-uploadsbucket-1",
        "sns:DeleteTopic": f"arn:aws:sns:{HERE}:other-DiveSettled-1",
        "sqs:DeleteQueue": f"arn:aws:sqs:{HERE}:other-UploadsQueue-1",
    }.items():
        assert not grants("CloudFormationRole", action, arn), action


# What `make destroy` calls, as IAM names it. Where one call asks for several actions, those of a versioned bucket.
ACTIONS_OF_CALLS = {
    "DescribeStacks": ["cloudformation:DescribeStacks"],
    "DescribeStackEvents": ["cloudformation:DescribeStackEvents"],
    "ListStackResources": ["cloudformation:ListStackResources"],
    "DeleteStack": ["cloudformation:DeleteStack"],
    "ListObjectVersions": ["s3:ListBucketVersions"],
    "ListMultipartUploads": ["s3:ListBucketMultipartUploads"],
    "DeleteObjects": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
    "AbortMultipartUpload": ["s3:AbortMultipartUpload"],
}


def calls_of_destroying() -> set[str]:
    """Every call of AWS that the code behind `make destroy` can make, by the client's methods that it names."""
    import divescore.stack.cloudformation
    from divescore.stack.deploy import destroying

    text = "".join(inspect.getsource(module) for module in (divescore.stack.cloudformation, destroying))
    methods = set(re.findall(r"(?:cloudformation|client|s3)\.(\w+)\(", text)) - {"get_paginator"}
    methods |= set(re.findall(r"get_paginator\(\"(\w+)\"\)", text))
    return {method.title().replace("_", "") for method in methods}


def test_the_workflow_that_destroys_has_what_it_calls() -> None:
    assert calls_of_destroying() == set(ACTIONS_OF_CALLS)
    arns = {
        "cloudformation": f"arn:aws:cloudformation:{HERE}:stack/{STACK}/1",
        "bucket": ARNS["AWS::S3::Bucket"],
        "object": f"{ARNS['AWS::S3::Bucket']}/uploads/1/video",
    }
    for action in (action for actions in ACTIONS_OF_CALLS.values() for action in actions):
        kind = "cloudformation" if action.startswith("c") else "bucket" if "Bucket" in action else "object"
        assert grants("DestroyRole", action, arns[kind]), action
        assert not grants("DestroyRole", action, arns[kind].replace(f"{STACK}", "other", 1)), action


def test_only_the_workflow_that_destroys_can_delete() -> None:
    for action in ("cloudformation:DeleteStack", "s3:DeleteObjectVersion", "s3:DeleteObject"):
        assert not any(
            fnmatchcase(action, pattern) for held in statements("DeployRole") for pattern in listed(held["Action"])
        )


def test_the_workflow_may_read_the_quotas() -> None:
    assert grants("DeployRole", "lambda:GetAccountSettings", ANY)
    assert grants("DeployRole", "apigateway:GET", f"arn:aws:apigateway:{REGION}::/account")
