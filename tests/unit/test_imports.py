"""Who may import whom, read off the source; and what a function's process really loads."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from divescore.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "src" / "divescore").rglob("*.py"), *(ROOT / "functions").rglob("*.py")])
HEAVY = {"torch", "torchvision", "cv2", "numpy", "av"}
AWS = {"boto3", "botocore", "aws_lambda_powertools"}
# Without I/O; `aws` is the one with.
FACTS = {
    *("containers", "declaration", "difficulty", "dives", "estimate", "judging", "printable", "priors", "result"),
    "views",
}
SERVICE = {"api", "jobs", "live", "scoring", "sweep", "tokens", "uploads", "video", "worker"}
EVERYTHING = {*FACTS, *SERVICE, "aws", "client", "lab", "ops", "stack"}
# package or module -> what it may import of ours, besides itself
MAY = {
    **dict.fromkeys(FACTS, FACTS),
    "aws": set[str](),
    "tokens": FACTS,
    "jobs": FACTS,
    "uploads": {*FACTS, "jobs"},
    "live": {*FACTS, "aws", "jobs", "tokens"},
    "api": {*FACTS, "aws", "jobs", "tokens", "uploads"},
    "sweep": {*FACTS, "jobs", "uploads"},
    "video": FACTS,
    "scoring": {*FACTS, "video"},
    "worker": {*FACTS, "jobs", "scoring", "uploads", "video"},
    "client": FACTS,
    # A deployment is checked against the very addresses that the functions will give out (uploads, jobs).
    "stack": {*FACTS, "aws", "jobs", "uploads"},
    # Operators change the ring of keys and act as a job's owner (tokens); they read notifications that came to rest in
    # a dead-letter queue, put films into the bucket and erase them (uploads).
    "ops": {*FACTS, "client", "jobs", "stack", "tokens", "uploads"},
    "lab": EVERYTHING,
    # Only `cli` starts what belongs to the laboratory, by the names in its table.
    "cli": {"cli"},
}
# package or module -> libraries that it never imports
NEVER = {
    **dict.fromkeys(FACTS, HEAVY | AWS),
    **dict.fromkeys(("api", "client", "jobs", "live", "sweep", "tokens", "uploads"), HEAVY),
    **dict.fromkeys(("scoring", "video"), AWS),
}
ZIP_FUNCTIONS = ("presign", "enqueue", "notify", "settle", "ws_connect", "sweep")


def module_of(path: Path) -> str:
    base = ROOT / "src" if path.is_relative_to(ROOT / "src") else ROOT
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[str]:
    """Every module or name that a module imports, wherever it does, except for type checkers alone."""
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
            if node.module in ("divescore", "functions"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


EDGES = [(module_of(path), name) for path in SOURCES for name in imports_of(path)]


def part(name: str) -> str:
    """The package or module of divescore that a dotted name lies in."""
    return [*name.split("."), ""][1]


def test_there_is_something_to_look_at() -> None:
    assert ("functions.enqueue.app", "divescore.uploads.admission") in EDGES
    there = {part(module_of(path)) for path in SOURCES if module_of(path).startswith("divescore.")}
    assert there == set(MAY), "everything has a rule"


@pytest.mark.parametrize("package", MAY)
def test_each_package_imports_no_other_of_ours_than_it_may(package: str) -> None:
    wrong = [
        (module, name)
        for module, name in EDGES
        if module.startswith("divescore.")
        and part(module) == package
        and name.startswith("divescore.")
        and part(name) not in {*MAY[package], package, "__version__"}
    ]
    assert wrong == []


@pytest.mark.parametrize("package", NEVER)
def test_each_package_imports_no_library_that_is_none_of_its_business(package: str) -> None:
    wrong = [
        (module, name)
        for module, name in EDGES
        if module.startswith("divescore.") and part(module) == package and name.split(".")[0] in NEVER[package]
    ]
    assert wrong == []


def test_one_tool_of_the_operators_knows_no_other() -> None:
    """But for `charts`, which draws for all of them."""
    wrong = [
        (module, name)
        for module, name in EDGES
        if module.startswith("divescore.ops.")
        and name.startswith("divescore.ops.")
        and module.split(".")[2] != name.split(".")[2] != "charts"
    ]
    assert wrong == []


def test_the_command_starts_what_the_laboratory_has_by_name_alone() -> None:
    assert {part(module) for module in COMMANDS.values()} <= {"lab", "ops", "scoring", "stack"}


def test_functions_import_the_service_and_nothing_else_of_ours() -> None:
    wrong = [
        (module, name)
        for module, name in EDGES
        if module.startswith("functions.")
        and name.startswith("divescore.")
        and part(name) not in {*FACTS, *SERVICE, "aws", "__version__"}
    ]
    assert wrong == []


def test_nothing_imports_functions_but_themselves() -> None:
    wrong = [(module, name) for module, name in EDGES if name.split(".")[0] == "functions" != module.split(".")[0]]
    assert wrong == []


def test_each_function_knows_no_other() -> None:
    """What they share are single modules beside their folders."""
    wrong = [
        (module, name)
        for module, name in EDGES
        if name.startswith("functions.")
        and (ROOT / "functions" / part(name)).is_dir()
        and module.split(".")[:2] != name.split(".")[:2]
    ]
    assert wrong == []


def test_zip_functions_load_nothing_heavy() -> None:
    """In a process of its own, since this one has long loaded everything."""
    foreign = tuple(f"divescore.{name}" for name in ("client", "lab", "ops", "scoring", "stack", "video", "worker"))
    code = f"""
import sys, {", ".join(f"functions.{name}.app" for name in ZIP_FUNCTIONS)}
print(sorted(name for name in sys.modules if name in {HEAVY!r} or name.startswith({foreign!r})))
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
