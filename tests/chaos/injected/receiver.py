"""The worker with a register at its door: the product's own handler, and a note of every message as it is delivered."""

import importlib
from pathlib import Path
from typing import Any

from tests.chaos.injected.faults import Faults

# Before the product's module, which reads the environment when it is imported.
faults = Faults.beside(str(Path(__file__).parents[3] / "app.py"))
product = importlib.import_module("product")


def handler(event: dict[str, Any], context: Any) -> Any:
    """Write down what came, then do what the product does."""
    for record in event.get("Records", []):
        system = record["attributes"]
        faults.note(
            "delivered",
            body=record["body"],
            attributes=record["messageAttributes"],
            group=system.get("MessageGroupId"),
            trace=system.get("AWSTraceHeader"),
        )
    return product.handler(event, context)
