"""SAM's command: which versions will do, and the command lines that `make deploy` gives it."""

import re
import subprocess
import sys
from pathlib import Path

from divescore.stack.deploy.errors import SamTooOld

# The first whose translator knows `AWS::Serverless::WebSocketApi` (aws-sam-translator 1.109.0); tried with the wheels.
FIRST = (1, 158, 0)
OURS = "build/sam/bin/sam"
# Without Docker everything but the worker's image can be built.
WITHOUT_IMAGE = ("--exclude", "WorkerFunction", "--build-dir", "build/sam-check", "--cache-dir", "build/sam-cache")


def check_version(said: str) -> None:
    """Take what `sam --version` says. Raises SamTooOld for one that does not know our template."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    if found is None or tuple(map(int, found.groups())) < FIRST:
        first = ".".join(map(str, FIRST))
        raise SamTooOld(
            f"{said.strip() or 'This sam'} does not know AWS::Serverless::WebSocketApi: the first to do so is {first}. "
            f"Update it, or let make install one of its own: make … SAM={OURS}"
        )


def build(sam: str, image: bool) -> list[str]:
    """The command that builds: everything, or all but the worker's image."""
    return [sam, "build", *(() if image else WITHOUT_IMAGE)]


def deploy(sam: str, stack: str, region: str | None, flags: list[str], confirmed: bool) -> list[str]:
    """The command that deploys what was built; `confirmed`: whoever is to be asked was asked already.

    Never `--guided`: for every route without a login it asks whether that is meant, and ends where Enter is pressed.
    """
    line = [sam, "deploy", "--stack-name", stack, "--no-fail-on-empty-changeset"]
    if region is not None and "--region" not in flags:
        line += ["--region", region]
    if confirmed and "--confirm-changeset" not in flags and "--no-confirm-changeset" not in flags:
        line.append("--no-confirm-changeset")
    return line + flags


def interpreter(sam: str) -> Path | None:
    """The Python that runs this `sam`, where its script names one that has SAM's packages."""
    script = Path(sam)
    try:
        first = script.read_bytes().split(b"\n", 1)[0].decode(errors="replace")
    except OSError:
        return None
    python = Path(first.removeprefix("#!").strip())
    return python if first.startswith("#!") and "python" in python.name and python.is_file() else None


def main() -> None:
    """Refuse a SAM that is too old: `python -m divescore.stack.deploy.sam PATH`."""
    try:
        said = subprocess.run([sys.argv[1], "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
        check_version(said)
    except (OSError, SamTooOld) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
