"""What the system's owner reaches: the deployed stack's outputs and parameters, and AWS with the owner's rights.

The same for a stack on AWS, with the credentials that boto3 finds, and for the one on this machine, with its own.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from divescore.stack.errors import START_IT, NoSystem
from divescore.stack.place import STATE_FILE, homes

if TYPE_CHECKING:
    import boto3

CONNECTIONS = 32


@dataclass(frozen=True)
class Owner:
    """A stack seen by its owner. `outputs` and `parameters` are CloudFormation's; `local`: it runs on this machine."""

    stack: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    local: bool
    connect: Callable[[str], Any] = field(repr=False)

    def client(self, service: str) -> Any:
        """A boto3 client of the stack's Region (and engine), safe to share between threads."""
        return self.connect(service)

    def output(self, name: str) -> str:
        """One of the stack's outputs. Raises NoSystem when it has none of that name."""
        if name not in self.outputs:
            raise NoSystem(f"The stack {self.stack} has no output {name}; is it a Divescore stack of this version?")
        return self.outputs[name]

    def number(self, parameter: str) -> int | None:
        """A parameter of the stack as a number; None when the stack has none of that name."""
        text = self.parameters.get(parameter, "")
        return int(text) if text.isdecimal() else None

    def raise_limit(self, parameter: str, value: int) -> str:
        """The command that sets a parameter of this stack."""
        if self.local:
            return f"divescore up --parameter {parameter}={value}"
        return f"sam deploy --stack-name {self.stack} --parameter-overrides {parameter}={value}"


def find_owner(stack: str | None = None) -> Owner:
    """The deployed `stack`, or the system that runs on this machine. Raises NoSystem with a sentence for people."""
    import boto3

    if stack is not None:
        with plainly(f"The stack {stack} cannot be read"):
            session = boto3.Session()
            return _described(stack, session, None)
    state = _running()
    if state is None:
        raise NoSystem(f"The system is not running on this machine. {START_IT}")
    try:
        endpoint, keys = state["engine"]["endpoint"], state["credentials"]
        session = boto3.Session(keys["accessKeyId"], keys["secretAccessKey"], region_name=state["region"])
    except (KeyError, TypeError) as error:
        raise NoSystem(f"The system on this machine is not ready yet, or was left half started. {START_IT}") from error
    with plainly("The system on this machine does not answer (start it with: divescore up)"):
        return _described(None, session, endpoint, state.get("api"))


@contextmanager
def plainly(problem: str) -> Iterator[None]:
    """Turn boto3's errors into NoSystem: `problem`, then what AWS, or the way to it, said."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

    try:
        yield
    except NoCredentialsError as error:
        raise NoSystem(f"{problem}: there are no AWS credentials here; set AWS_PROFILE, say.") from error
    except NoRegionError as error:
        raise NoSystem(f"{problem}: no AWS Region is chosen; set AWS_DEFAULT_REGION.") from error
    except ClientError as error:
        said = error.response.get("Error", {})
        raise NoSystem(f"{problem}: {said.get('Message') or said.get('Code') or error}") from error
    except BotoCoreError as error:
        raise NoSystem(f"{problem}: {error}") from error


def _running() -> dict[str, Any] | None:
    for home in homes():
        try:
            state = json.loads((home / STATE_FILE).read_text())
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise NoSystem(f"{home / STATE_FILE} cannot be read ({error}). {START_IT}") from error
        return state if isinstance(state, dict) else None
    return None


def _described(stack: str | None, session: "boto3.Session", endpoint: str | None, api: str | None = None) -> Owner:
    """The stack of that name; with an `endpoint`, the local stack whose API is at `api`."""
    from botocore.config import Config

    # On loopback a refused connection stays refused: say so at once.
    attempts = 2 if endpoint else 5
    clients: dict[str, Any] = {}

    def connect(service: str) -> Any:
        if service not in clients:
            config = Config(
                connect_timeout=5,
                read_timeout=60,
                max_pool_connections=CONNECTIONS,
                retries={"mode": "standard", "total_max_attempts": attempts},
                signature_version="s3v4" if service == "s3" else None,
                s3={"addressing_style": "path" if endpoint else "virtual"},
                proxies={} if endpoint else None,
            )
            clients[service] = session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]  # any service
        return clients[service]

    named = {} if stack is None else {"StackName": stack}
    for description in connect("cloudformation").describe_stacks(**named)["Stacks"]:
        outputs = {item["OutputKey"]: item["OutputValue"] for item in description.get("Outputs", [])}
        if stack is None and outputs.get("ApiUrl") != api:
            continue
        if "ApiUrl" not in outputs:
            raise NoSystem(f"The stack {stack} has no output ApiUrl; is it a Divescore stack?")
        parameters = {
            item["ParameterKey"]: item.get("ParameterValue", "") for item in description.get("Parameters", [])
        }
        return Owner(description["StackName"], outputs, parameters, endpoint is not None, connect)
    raise NoSystem(f"The system on this machine has no stack of its own. {START_IT}")
