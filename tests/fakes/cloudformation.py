"""A CloudFormation that knows one stack."""

from typing import Any

from botocore.exceptions import ClientError


class FakeCloudFormation:
    """Answers as the service does for one stack in one state."""

    class exceptions:
        """The client's errors."""

        ClientError = ClientError

    def __init__(self, statuses: list[str], events: list[dict[str, str]]) -> None:
        self.statuses = statuses
        self.events = events

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == "NONE":
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        return {"Stacks": [{"StackStatus": status, "Outputs": []}]}

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:
        return {"StackEvents": self.events}


def event(name: str, status: str, reason: str) -> dict[str, str]:
    return {
        "LogicalResourceId": name,
        "ResourceType": "AWS::SQS::Queue",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }
