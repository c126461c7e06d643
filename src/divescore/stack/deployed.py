"""Which system is meant: a stack on AWS by its name, or the one on this machine; and what its owner reaches there.

The same for both: a stack on AWS with the credentials that boto3 finds, the one on this machine with its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from divescore.stack import cloudformation, local_state
from divescore.stack.clients import Clients, clients_of_engine, clients_on_aws
from divescore.stack.errors import START_IT, NoSystem, as_no_system

NOT_READY = f"The system on this machine is not ready yet, or was left half started. {START_IT}"


@dataclass(frozen=True)
class Stack:
    """A stack as its owner has it. `outputs` and `parameters` are CloudFormation's; `local`: it runs on this machine.

    `client` gives the client of a service in the stack's Region, or of the local engine.
    """

    name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    local: bool
    client: Clients = field(repr=False)

    def output(self, name: str) -> str:
        """One of the stack's outputs. Raises NoSystem when it has none of that name."""
        if name not in self.outputs:
            raise NoSystem(f"The stack {self.name} has no output {name}; is it a Divescore stack of this version?")
        return self.outputs[name]

    def number(self, parameter: str) -> int | None:
        """A parameter of the stack as a number; None when the stack has none of that name."""
        text = self.parameters.get(parameter, "")
        return int(text) if text.isdecimal() else None

    def raise_limit(self, parameter: str, value: int) -> str:
        """The command that sets a parameter of this stack."""
        if self.local:
            return f"divescore up --parameter {parameter}={value}"
        return f"sam deploy --stack-name {self.name} --parameter-overrides {parameter}={value}"


def find_stack(name: str | None = None) -> Stack:
    """The stack of that name on AWS, or the system that runs on this machine. Raises NoSystem."""
    if name is not None:
        with as_no_system(f"The stack {name} cannot be read"):
            clients = clients_on_aws()
            (found,) = cloudformation.describe(clients("cloudformation"), name)
        if "ApiUrl" not in found.outputs:
            raise NoSystem(f"The stack {name} has no output ApiUrl; is it a Divescore stack?")
        return Stack(found.name, found.outputs, found.parameters, False, clients)
    state = local_state.find()
    if state.stack is None or state.credentials is None:
        raise NoSystem(NOT_READY)
    clients = clients_of_engine(state.engine, state.credentials, state.region)
    with as_no_system("The system on this machine does not answer (start it with: divescore up)"):
        stacks = cloudformation.describe(clients("cloudformation"))
    for found in stacks:
        if found.outputs.get("ApiUrl") == state.stack.api:
            return Stack(found.name, found.outputs, found.parameters, True, clients)
    raise NoSystem(f"The system on this machine has no stack of its own. {START_IT}")


def api_address(api: str | None = None, stack: str | None = None) -> str:
    """The HTTP API's address: `api` itself, the output of the deployed `stack`, or the local one's. Raises NoSystem."""
    if api is not None:
        return api.rstrip("/")
    if stack is not None:
        return find_stack(stack).output("ApiUrl").rstrip("/")
    state = local_state.find()
    if state.stack is None:
        raise NoSystem(NOT_READY)
    return state.stack.api.rstrip("/")
