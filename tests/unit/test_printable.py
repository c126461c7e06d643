"""What strangers wrote commands no terminal, and says the same to programs."""

import json

import pytest

from divescore.printable import printable, printable_json

COMMANDS = ["\x1b[2J", "\x9b2J", "\x7f", "\u202e", "\u2066", "\r", "\x07", "\udcff", "\U000e0001", "\u2028"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_is_shown_without_them(command: str) -> None:
    shown = printable(f"dive{command}.mp4")

    assert shown.isprintable()
    assert shown.startswith("dive")
    assert shown.endswith(".mp4")
    shown.encode()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_document_says_the_same_escaped(command: str) -> None:
    document = {"filename": f"Sprünge{command}", "list": [1, None]}

    text = printable_json(document)

    assert json.loads(text) == document
    assert text.replace("\n", "").isprintable()
    assert "Sprünge" in text
