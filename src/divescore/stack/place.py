"""Where the system is: named by the user, deployed as a CloudFormation stack, or running on this machine."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from divescore.stack.errors import START_IT, NoSystem

STATE_FILE = "stack.json"


def api_address(api: str | None = None, stack: str | None = None) -> str:
    """The HTTP API's address: `api` itself, the output of the deployed `stack`, or the local one's. Raises NoSystem."""
    if api is not None:
        return api.rstrip("/")
    if stack is not None:
        return deployed(stack)["ApiUrl"].rstrip("/")
    state = local()
    if state is None:
        raise NoSystem(f"The system is not running on this machine. {START_IT}")
    return state["api"].rstrip("/")


def local() -> dict[str, str] | None:
    """The addresses that `divescore up` left on this machine, None when it is not running."""
    for home in homes():
        try:
            state = json.loads((home / STATE_FILE).read_text())
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise NoSystem(f"{home / STATE_FILE} cannot be read ({error}). {START_IT}") from error
        if not isinstance(state, dict) or not isinstance(state.get("api"), str):
            raise NoSystem(f"{home / STATE_FILE} does not name an API. {START_IT}")
        return {name: value for name, value in state.items() if isinstance(value, str)}
    return None


def homes() -> Iterator[Path]:
    """Folders that may hold the local system's state, the likeliest first."""
    if chosen := os.environ.get("DIVESCORE_HOME"):
        yield Path(chosen)
        return
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[3]):
        yield folder / ".divescore"


def deployed(stack: str) -> dict[str, str]:
    """The outputs of a CloudFormation stack. Raises NoSystem when it cannot be described."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = boto3.client("cloudformation").describe_stacks(StackName=stack)
    except (BotoCoreError, ClientError) as error:
        raise NoSystem(f"The stack {stack} cannot be read: {error}") from error
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for output in answer["Stacks"][0].get("Outputs", [])
        if "OutputKey" in output and "OutputValue" in output
    }
    if "ApiUrl" not in outputs:
        raise NoSystem(f"The stack {stack} has no output ApiUrl; is it a Divescore stack?")
    return outputs
