"""What strangers wrote, such as a file's name, as a terminal may print it: none of it commands the terminal."""

import json
from typing import Any


def printable(text: str) -> str:
    """`text` with a replacement character for each that would command a terminal, turn its text round or be no text."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def printable_json(document: Any) -> str:
    """A document as indented JSON, in which such characters are escaped: for programs it says the same."""
    # Outside of strings JSON has no such character but the line's end.
    return "".join(
        letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1]
        for letter in json.dumps(document, indent=2, ensure_ascii=False)
    )
