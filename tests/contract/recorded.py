"""The recorded exchanges, for the contract tests."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def recorded(kind: str) -> dict[str, Any]:
    """The exchanges of "live" or "http" by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / kind).glob("*.json"))}
