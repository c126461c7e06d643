"""The live messages as one JSON Schema document, for clients in other languages: `python -m divescore.live.schema`."""

import json
import sys
from typing import Any, Literal

from pydantic import TypeAdapter

from divescore.live.messages import ClientMessage, ServerMessage


def schema() -> dict[str, Any]:
    """The document: `$defs` hold every message, `ClientMessage` and `ServerMessage` are the two unions."""
    definitions = _definitions("ClientMessage", ClientMessage, "validation")
    definitions |= _definitions("ServerMessage", ServerMessage, "serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Divescore's live messages",
        "$defs": dict(sorted(definitions.items())),
        "oneOf": [{"$ref": "#/$defs/ClientMessage"}, {"$ref": "#/$defs/ServerMessage"}],
    }


def text() -> str:
    """The document as it is committed."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _definitions(name: str, union: Any, mode: Literal["validation", "serialization"]) -> dict[str, Any]:
    document = TypeAdapter(union).json_schema(mode=mode)
    definitions: dict[str, Any] = {kind: _as_sent(shape) for kind, shape in document.pop("$defs").items()}
    return definitions | {name: document}


def _as_sent(shape: dict[str, Any]) -> dict[str, Any]:
    """A shape as it is on the wire, where what has no value is absent and never null."""
    for field in shape.get("properties", {}).values():
        field.pop("title", None)
        if {"type": "null"} in field.get("anyOf", []):
            (kind,) = (option for option in field.pop("anyOf") if option != {"type": "null"})
            field.update(kind)
            del field["default"]
    return shape


if __name__ == "__main__":
    sys.stdout.write(text())
