import json
from pathlib import Path

from divescore.live.messages import ErrorCode
from divescore.live.schema import schema, text

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_committed_schema_is_current() -> None:
    committed = (DOCS / "protocol.schema.json").read_text()
    assert committed == text(), "run: python -m divescore.live.schema > docs/protocol.schema.json"


def test_the_schema_holds_every_message_and_every_reference_resolves() -> None:
    definitions = schema()["$defs"]
    messages = {"Subscribe", "Unsubscribe", "Ping", "JobNews", "Unsubscribed", "Pong", "Problem"}
    assert messages | {"ClientMessage", "ServerMessage"} <= set(definitions)
    references = {part.split('"')[0] for part in json.dumps(schema()).split("#/$defs/")[1:]}
    assert references <= set(definitions)
    for name in messages:
        assert ("action" if name in ("Subscribe", "Unsubscribe", "Ping") else "type") in definitions[name]["required"]


def test_the_page_about_the_protocol_names_every_code() -> None:
    page = (DOCS / "protocol.md").read_text()
    for code in ErrorCode:
        assert f"`{code.value}`" in page
