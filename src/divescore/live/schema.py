"""The live messages as one JSON Schema document, for clients in other languages: `python -m divescore.live.schema`."""

import json
import sys
from typing import Any, Literal

from pydantic import TypeAdapter

from divescore.live.messages import ClientMessage, ServerMessage
from divescore.result import Result

# A result travels as it was stored: null where a view would leave the member out.
_STORED = {"Result", *Result.model_json_schema()["$defs"]}


def schema() -> dict[str, Any]:
    """The document: `$defs` hold every message, `ClientMessage` and `ServerMessage` are the two unions."""
    definitions = _definitions("ClientMessage", ClientMessage, "validation")
    definitions |= _definitions("ServerMessage", ServerMessage, "serialization")
    # The names in the document are part of the contract, which says Problem as the HTTP API's does.
    named: dict[str, Any] = json.loads(json.dumps(definitions).replace("ErrorReply", "Problem"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Divescore's live messages",
        "$defs": dict(sorted(named.items())),
        "oneOf": [{"$ref": "#/$defs/ClientMessage"}, {"$ref": "#/$defs/ServerMessage"}],
    }


def text() -> str:
    """The document as it is committed."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _definitions(name: str, union: Any, mode: Literal["validation", "serialization"]) -> dict[str, Any]:
    document = TypeAdapter(union).json_schema(mode=mode)
    definitions: dict[str, Any] = document.pop("$defs")
    for kind, shape in definitions.items():
        for field in shape.get("properties", {}).values():
            field.pop("title", None)
            if kind not in _STORED:
                _absent_for_null(field)
    return definitions | {name: document}


def _absent_for_null(field: dict[str, Any]) -> None:
    """A field as it is on the wire, where what has no value is absent and never null."""
    if {"type": "null"} in field.get("anyOf", []):
        (kind,) = (option for option in field.pop("anyOf") if option != {"type": "null"})
        field.update(kind)
        del field["default"]


if __name__ == "__main__":
    sys.stdout.write(text())
