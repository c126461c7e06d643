"""The map in docs/architecture.md names handlers, modules, classes and functions that exist."""

import re
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
MAP = PAGE.split("## The map")[1].split("\n## ")[0]
ROWS = [line.strip("| ").split(" | ") for line in MAP.splitlines() if line.startswith("| ")][1:]


def test_every_handler_is_on_the_map() -> None:
    handlers = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert handlers == {name for row in ROWS for name in re.findall(r"`(\w+)`,", row[1])}


def test_every_function_of_the_map_exists() -> None:
    seen = 0
    for row in ROWS:
        known: dict[str, object] = {}
        for name in re.findall(r"`([\w/.]+)`", row[2]):
            if name.endswith(".py"):
                assert (ROOT / "src" / "divescore" / name).is_file(), name
                known |= vars(import_module("divescore." + name.removesuffix(".py").replace("/", ".")))
            else:
                first, _, method = name.partition(".")
                found = known[first] if first in known else elsewhere(first)
                assert not method or hasattr(found, method), name
                seen += 1
    assert seen >= len(ROWS) - 1


def elsewhere(name: str) -> object:
    """A class that an earlier row has introduced."""
    for module in ("divescore.worker.delivery", "divescore.worker.attempt"):
        if name in vars(import_module(module)):
            return vars(import_module(module))[name]
    raise AssertionError(f"the map does not say where {name} is")
