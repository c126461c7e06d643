"""The client runs from the base installation: without torch, and without what the service needs."""

import json
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENDS_WITHIN = 60.0
# Whatever else is installed here is hidden, as if it were not.
LOADED = """
import json, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

HIDDEN = set(json.loads(sys.argv[1]))
sys.meta_path.insert(0, Hidden())
import divescore.client
from divescore.client import ClientError, Divescore, Job, SubmittedDive
import divescore.client.errors
Divescore("https://api.test")
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded(hidden: set[str]) -> set[str]:
    """Top-level modules of a fresh interpreter that has made a client without the hidden ones."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(sorted(hidden))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_WITHIN,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def brought_by(requirements: list[str]) -> set[str]:
    """Names of all distributions that an installation of these brings."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = requirement.name.lower().replace("_", "-")
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        waiting += [Requirement(text) for text in requires(name) or []]
    return found


def test_a_client_needs_no_more_than_the_base_installation_brings() -> None:
    base = brought_by(PROJECT["dependencies"]) | {"divescore", "setuptools"}  # an editable installation's finder
    hidden = {
        module
        for module, names in packages_distributions().items()
        if not {name.lower().replace("_", "-") for name in names} & base
    }
    assert {"torch", "boto3", "botocore", "aws_lambda_powertools", "pydantic_settings", "jwt", "click"} <= hidden
    assert loaded(hidden).isdisjoint(hidden)


def test_a_client_loads_nothing_of_the_service_where_that_is_installed_too() -> None:
    service = {"torch", "numpy", "av", "boto3", "botocore", "aws_lambda_powertools", "pydantic_settings", "jwt"}
    assert loaded(set()).isdisjoint(service | {"cv2", "ministack", "functions"})


def test_the_service_is_an_extra_that_command_and_worker_bring_along() -> None:
    extras = PROJECT["optional-dependencies"]
    assert not {"boto3", "aws-lambda-powertools", "torch"} & brought_by(PROJECT["dependencies"])
    assert "divescore[service]" in extras["cli"]
    assert "divescore[service]" in extras["worker"]


def test_type_checkers_of_those_who_use_it_read_its_types() -> None:
    """PEP 561: a marker in the package, which an installation brings along."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert "py.typed" in setuptools["package-data"]["divescore"]
    assert (ROOT / "src" / "divescore" / "py.typed").is_file()
