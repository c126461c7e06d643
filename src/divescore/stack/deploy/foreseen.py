"""The addresses that a stack will have in a Region, from template.yaml alone: ids that AWS makes up are made up here.

With them a policy or a rule of the template can be checked before there is a stack, and without an account.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

# As AWS makes them: an API's id, a distribution's host, a bucket named after its stack.
API_IDS = {"Api": "a1b2c3d4e5", "Live": "f6g7h8i9j0"}
SITE_HOST = "d111111abcdef8.cloudfront.net"
BUCKETS = ("UploadsBucket", "SiteBucket")
BUCKET_ENDING = "1a2b3c4d5e6f"
ACCOUNT = "123456789012"
NO_VALUE = object()


@dataclass(frozen=True)
class Foreseen:
    """A stack before it is there: resolves what the template says of it. `parameters` override the defaults."""

    template: Mapping[str, Any]
    region: str
    stack: str
    parameters: Mapping[str, str]

    def output(self, name: str) -> str:
        """The value of an output. Raises KeyError for what is not foreseen."""
        return str(self.resolve(self.template["Outputs"][name]["Value"]))

    def resolve(self, value: Any) -> Any:
        """A value of the template with its functions carried out. Raises KeyError for what is not foreseen."""
        if isinstance(value, list):
            found = [self.resolve(item) for item in value]
            return [item for item in found if item is not NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            match function:
                case "Ref":
                    return self._named(argument)
                case "Fn::GetAtt":
                    return self._named(argument if isinstance(argument, str) else ".".join(argument))
                case "Fn::Sub":
                    return re.sub(r"\$\{([^}!]+)\}", lambda found: str(self._named(found[1])), argument)
                case "Fn::Join":
                    glue, parts = argument
                    return glue.join(self.resolve(parts))
                case "Fn::If":
                    condition, yes, no = argument
                    return self.resolve(yes if self._holds(self.template["Conditions"][condition]) else no)
        return {key: self.resolve(item) for key, item in value.items()}

    def _named(self, name: str) -> Any:
        """What a reference stands for: a pseudo parameter, a parameter, or what AWS will make up."""
        if name in self.parameters:
            return self.parameters[name]
        declared = self.template["Parameters"].get(name)
        if declared is not None:
            return declared["Default"]
        return self._made_up()[name]

    def _made_up(self) -> dict[str, Any]:
        partition, suffix = partition_of(self.region)
        buckets = {name: f"{self.stack}-{name.lower()}-{BUCKET_ENDING}" for name in BUCKETS}
        return {
            "AWS::Region": self.region,
            "AWS::URLSuffix": suffix,
            "AWS::Partition": partition,
            "AWS::AccountId": ACCOUNT,
            "AWS::StackName": self.stack,
            "AWS::NoValue": NO_VALUE,
            "Site.DomainName": SITE_HOST,
            **API_IDS,
            **buckets,
        }

    def _holds(self, condition: Any) -> bool:
        [(function, argument)] = condition.items()
        if function == "Fn::Not":
            return not self._holds(argument[0])
        if function == "Fn::Equals":
            one, other = self.resolve(argument)
            return bool(one == other)
        raise KeyError(function)


@cache
def partition_of(region: str) -> tuple[str, str]:
    """A Region's partition, and what its host names end in."""
    from botocore.session import Session

    session = Session()
    partition = session.get_partition_for_region(region)
    [suffix] = {
        known["outputs"]["dnsSuffix"]
        for known in session.get_data("partitions")["partitions"]
        if known["id"] == partition
    }
    return partition, suffix
