"""What CloudFormation says of a stack: its status, its outputs and parameters, and what failed and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True)
class Description:
    """A stack's name, its outputs and its parameters."""

    name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]


def describe(cloudformation: "CloudFormationClient", stack: str | None = None) -> list[Description]:
    """The stack of that name, or without one all stacks of the account. Raises botocore's ClientError."""
    answer = cloudformation.describe_stacks(**({} if stack is None else {"StackName": stack}))
    return [
        Description(
            found["StackName"],
            {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])},
            {item["ParameterKey"]: item.get("ParameterValue", "") for item in found.get("Parameters", [])},
        )
        for found in answer["Stacks"]
    ]


def status(cloudformation: "CloudFormationClient", stack: str) -> str | None:
    """The stack's status, None when there is no stack. A deleted one is found by its id alone."""
    try:
        return cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except cloudformation.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def failures(cloudformation: "CloudFormationClient", stack: str, ending: str = "_FAILED") -> list[str]:
    """The resources whose status ends so, each with its reason, the first to fail first."""
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith(ending)
    ]
