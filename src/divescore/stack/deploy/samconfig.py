"""Which stack is meant: what the user names, else what `sam deploy --guided` wrote into samconfig.toml."""

import shlex
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from divescore.stack.deploy.errors import NoTarget

SAMCONFIG = "samconfig.toml"


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


def find_target(samconfig: Path, stack: str | None, region: str | None) -> Target:
    """The stack that is meant. Raises NoTarget when none is named here or there."""
    saved = _saved(samconfig)
    name = stack or saved.get("stack_name")
    if not isinstance(name, str):
        raise NoTarget(f"Which stack? Name it with --stack; {samconfig} names none.")
    return Target(name, region or saved.get("region"), saved.get("profile"))


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
