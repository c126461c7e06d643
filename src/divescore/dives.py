"""Dive numbers: their grammar and what they say (World Aquatics diving rules, D 1.5.1).

Groups 1 forward, 2 back, 3 reverse, 4 inward: group, flying (0 or 1), half somersaults (11 of them is the only number
of two digits that was ever listed). Group 5, twisting: 5, direction, half somersaults, half twists. Group 6, armstand:
6, direction, half somersaults, and half twists if any. The letter is the position: A straight, B pike, C tuck, D free.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Position(StrEnum):
    """Shape of the body in flight."""

    TUCK = "tuck"
    PIKE = "pike"
    STRAIGHT = "straight"
    FREE = "free"


class Rotation(StrEnum):
    """Direction of the somersaults as seen from the diver's take-off."""

    FORWARD = "forward"
    BACK = "back"
    REVERSE = "reverse"
    INWARD = "inward"


POSITION_LETTERS = {"A": Position.STRAIGHT, "B": Position.PIKE, "C": Position.TUCK, "D": Position.FREE}
ROTATION_DIGITS = {"1": Rotation.FORWARD, "2": Rotation.BACK, "3": Rotation.REVERSE, "4": Rotation.INWARD}
MAX_HALF_SOMERSAULTS = 9
MAX_HALF_TWISTS = 9
_NUMBER = re.compile(r"(?:[1-4][01](?:[0-9]|11)|5[1-4][1-9][1-9]|6[1-3][1-9][1-9]?)[A-D]")


@dataclass(frozen=True)
class Dive:
    """What a dive number says; `number` is the upper-case text, None when the attributes make no valid number."""

    number: str | None
    position: Position
    armstand: bool
    rotation: Rotation
    half_somersaults: int
    half_twists: int
    flying: bool = False
    """Straight for the first part of the flight, then the position."""


def parse_dive(text: str) -> Dive:
    """The dive that `text`, such as `107B` or `5253b`, names; ValueError with a sentence when it names none."""
    number = text.strip().upper()
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"{text!r} is not a dive number; write it like 107B, 5253B or 626C.")
    digits, letter = number[:-1], number[-1]
    group = digits[0]
    if group in "1234":
        rotation, somersaults, twists = group, digits[2:], "0"
    else:
        rotation, somersaults, twists = digits[1], digits[2], digits[3:] or "0"
    return Dive(
        number,
        POSITION_LETTERS[letter],
        group == "6",
        ROTATION_DIGITS[rotation],
        int(somersaults),
        int(twists),
        flying=group in "1234" and digits[1] == "1",
    )


def name_dive(position: Position, armstand: bool, rotation: Rotation, half_somersaults: int, half_twists: int) -> Dive:
    """The dive of these attributes, with its number where the grammar has one for them."""
    letter = next(letter for letter, value in POSITION_LETTERS.items() if value is position)
    digit = next(digit for digit, value in ROTATION_DIGITS.items() if value is rotation)
    if armstand:
        number = f"6{digit}{half_somersaults}{half_twists or ''}{letter}"
    elif half_twists:
        number = f"5{digit}{half_somersaults}{half_twists}{letter}"
    else:
        number = f"{digit}0{half_somersaults}{letter}"
    valid = _NUMBER.fullmatch(number) is not None
    return Dive(number if valid else None, position, armstand, rotation, half_somersaults, half_twists)
