"""The scenarios of an upload in parts: tests/contract/upload-scenarios/README.md says what they are made of."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "upload-scenarios"
TIMING = json.loads((FOLDER / "timing.json").read_text())


def scenarios() -> dict[str, dict[str, Any]]:
    """All of them, by name."""
    return {
        scenario["name"]: scenario
        for path in sorted(FOLDER.glob("*.json"))
        if path.stem != "timing"
        for scenario in json.loads(path.read_text())
    }
