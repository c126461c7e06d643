"""What both languages test: recorded exchanges, and facts that both know."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def recorded(kind: str) -> dict[str, Any]:
    """The exchanges of "live" or "http" by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / kind).glob("*.json"))}


def fact(name: str) -> Any:
    """One of the facts that Python and TypeScript each know in their own way: cases, or a list."""
    return json.loads((FOLDER / "facts" / f"{name}.json").read_text())
