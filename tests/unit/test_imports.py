"""Who may import whom, read off the source; and what a function's process really loads."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "src" / "divescore").rglob("*.py"), *(ROOT / "functions").rglob("*.py")])
HEAVY = {"torch", "cv2", "numpy"}
AWS = {"boto3", "botocore", "aws_lambda_powertools"}
NOT_IN = {
    # domain: what none of its modules may import, as the beginning of a dotted name
    "jobs": {*HEAVY, "divescore.video", "divescore.scoring", "divescore.worker", "divescore.uploads", "divescore.live"},
    "live": {*HEAVY, "divescore.video", "divescore.scoring", "divescore.worker", "divescore.uploads"},
    "uploads": {*HEAVY, "divescore.video", "divescore.scoring", "divescore.worker"},
    "video": {*AWS, "divescore.aws", "divescore.jobs", "divescore.uploads", "divescore.live", "divescore.worker"},
    "scoring": {*AWS, "divescore.aws", "divescore.jobs", "divescore.uploads", "divescore.live", "divescore.worker"},
}
# Reached through the command alone: their own modules and `cli` may know them, nobody else.
FOR_THE_COMMAND = ("training", "local", "load", "replay", "capacity", "keys", "bench")
SERVICE = ("jobs", "uploads", "live", "worker", "video", "scoring")  # what runs in functions knows no client
ZIP_FUNCTIONS = ("presign", "enqueue", "notify", "ws_connect", "sweep")


def module_of(path: Path) -> str:
    base = ROOT / "src" if path.is_relative_to(ROOT / "src") else ROOT
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[str]:
    """Every dotted name that a module imports, wherever it does, except for type checkers alone."""
    tree = ast.parse(path.read_text())
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


EDGES = [(module_of(path), name) for path in SOURCES for name in imports_of(path)]


def test_there_is_something_to_look_at() -> None:
    assert ("functions.enqueue.app", "divescore.uploads.admission") in EDGES


@pytest.mark.parametrize("domain", NOT_IN)
def test_a_domain_knows_nothing_of_what_is_none_of_its_business(domain: str) -> None:
    wrong = [
        (module, name)
        for module, name in EDGES
        if within(module, f"divescore.{domain}") and any(within(name, package) for package in NOT_IN[domain])
    ]
    assert wrong == []


@pytest.mark.parametrize("domain", FOR_THE_COMMAND)
def test_what_serves_the_command_is_known_to_the_command_alone(domain: str) -> None:
    package = f"divescore.{domain}"
    wrong = [(module, name) for module, name in EDGES if within(name, package) and not within(module, package)]
    assert [edge for edge in wrong if edge[0] != "divescore.cli"] == []


def test_the_service_knows_no_client() -> None:
    parts = ("functions", *(f"divescore.{domain}" for domain in SERVICE))
    wrong = [
        (module, name)
        for module, name in EDGES
        if within(name, "divescore.client") and any(within(module, part) for part in parts)
    ]
    assert wrong == []


def test_nothing_imports_functions_but_themselves() -> None:
    wrong = [(module, name) for module, name in EDGES if within(name, "functions") and not within(module, "functions")]
    assert wrong == []


def test_each_function_knows_no_other() -> None:
    wrong = [
        (module, name)
        for module, name in EDGES
        if within(name, "functions") and module.split(".")[:2] != name.split(".")[:2]
    ]
    assert [edge for edge in wrong if edge[1] != "functions"] == []


def test_zip_functions_load_nothing_heavy() -> None:
    """In a process of its own, since this one has long loaded everything."""
    code = f"""
import sys, {", ".join(f"functions.{name}.app" for name in ZIP_FUNCTIONS)}
heavy = [name for name in sys.modules if name in {HEAVY!r} or name.startswith(("divescore.video", "divescore.sc"))]
print(sorted(heavy))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_each_package_of_the_laboratory_stands_on_those_before_it() -> None:
    """Draw, keep, measure, train; `capacity` has to do with none of them."""
    order = ["rendering", "datasets", "evaluation", "training"]
    inside = [
        (module.split(".")[2], name.split(".")[2])
        for module, name in EDGES
        if module.startswith("divescore.lab.") and name.startswith("divescore.lab.")
    ]
    above = [(one, two) for one, two in inside if one in order and two in order and order.index(two) > order.index(one)]
    beside = [(one, two) for one, two in inside if (one == "capacity") != (two == "capacity")]
    assert (set(above), set(beside)) == (set(), set())
