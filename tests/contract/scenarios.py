"""The scenarios of the live connection: tests/contract/live-scenarios/README.md says what they are made of."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "live-scenarios"
TIMING = json.loads((FOLDER / "timing.json").read_text())
IN_BROWSERS_ONLY = "browser"


def scenarios() -> dict[str, dict[str, Any]]:
    """All that concern a program, by name."""
    return {
        scenario["name"]: scenario
        for path in sorted(FOLDER.glob("*.json"))
        if path.stem not in ("timing", IN_BROWSERS_ONLY)
        for written in json.loads(path.read_text())
        for scenario in each(written)
    }


def each(written: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A scenario for each value of its placeholder."""
    if "for" not in written:
        yield written
        return
    ((name, values),) = written["for"].items()
    for value in values:
        steps = json.loads(json.dumps(written["steps"]).replace(f"{{{name}}}", value))
        yield written | {"name": f"{written['name']}: {value}", "steps": steps}
