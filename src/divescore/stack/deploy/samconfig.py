"""Which stack is meant: what the user names, else what the first deployment kept in samconfig.toml."""

import json
import re
import shlex
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from divescore.stack.deploy.errors import BadName, NoTarget

SAMCONFIG = "samconfig.toml"
SECTION = "[default.deploy.parameters]"


@dataclass(frozen=True)
class Target:
    """A stack's name; its Region and the profile of its credentials where they are set, else the environment's."""

    stack: str
    region: str | None
    profile: str | None

    def environment(self) -> dict[str, str]:
        """The variables by which boto3, and every command that is started with them, finds this stack."""
        chosen = {"AWS_DEFAULT_REGION": self.region, "AWS_REGION": self.region, "AWS_PROFILE": self.profile}
        return {name: value for name, value in chosen.items() if value}


# CloudFormation names a bucket after its stack in lower case, which the roles of .github/aws.yaml name too.
NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


def check_name(stack: str) -> str:
    """The name, if a stack can have it. Raises BadName."""
    if NAME.fullmatch(stack):
        return stack
    raise BadName(
        f"A stack cannot be called {stack!r} here: small letters, digits and hyphens, a letter first, 41 at most."
    )


def find_target(samconfig: Path, stack: str | None, region: str | None) -> Target:
    """The stack that is meant. Raises NoTarget when none is named here or there."""
    saved = _saved(samconfig)
    name = stack or saved.get("stack_name")
    if not isinstance(name, str):
        raise NoTarget(f"Which stack? Name it with --stack; {samconfig} names none.")
    return Target(name, region or saved.get("region"), saved.get("profile"))


def overrides(words: list[str]) -> dict[str, str]:
    """Parameters as SAM takes them: `Name=value`, quoted or not."""
    pairs = (word.partition("=") for word in words)
    return {name: value.strip("\"'") for name, mark, value in pairs if mark}


def saved_parameters(samconfig: Path) -> dict[str, str]:
    """The template's parameters that samconfig.toml sets."""
    text = _saved(samconfig).get("parameter_overrides", "")
    return overrides(shlex.split(text) if isinstance(text, str) else [str(word) for word in text])


def save(samconfig: Path, stack: str, region: str, parameters: Mapping[str, str]) -> None:
    """Keep a deployment's settings where SAM reads them, and leave every other line as it is."""
    words = " ".join(f"{name}={json.dumps(value)}" for name, value in parameters.items())
    values = {"stack_name": stack, "region": region, **({"parameter_overrides": words} if words else {})}
    text = samconfig.read_text() if samconfig.is_file() else "version = 0.1\n"
    if SECTION not in text:
        text += f"\n{SECTION}\n"
    lines = text.splitlines()
    start = lines.index(SECTION) + 1
    end = next((at for at, line in enumerate(lines) if at >= start and line.startswith("[")), len(lines))
    kept = [line for line in lines[start:end] if line.partition("=")[0].strip() not in values]
    # After the last setting: what comes behind that, comments among it, belongs to the next table.
    last = max((at + 1 for at, line in enumerate(kept) if "=" in line and not line.startswith("#")), default=0)
    kept[last:last] = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    samconfig.write_text("\n".join([*lines[:start], *kept, *lines[end:], ""]))


def _saved(samconfig: Path) -> dict[str, Any]:
    """SAM's parameters of a deployment, those for all its commands included."""
    try:
        tables = tomllib.loads(samconfig.read_text()).get("default", {})
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise NoTarget(f"{samconfig} cannot be read: {error}.") from error
    common, deploy = (tables.get(name, {}).get("parameters", {}) for name in ("global", "deploy"))
    return {**common, **deploy}


def main() -> None:
    """Print the stack meant, as shell variables: `eval "$(python -m divescore.stack.deploy.samconfig [STACK])"`."""
    target = find_target(Path(SAMCONFIG), sys.argv[1] if len(sys.argv) > 1 else None, None)
    for name, value in {"STACK": target.stack, **target.environment()}.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


if __name__ == "__main__":
    main()
