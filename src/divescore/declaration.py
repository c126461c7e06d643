"""What may be declared of a dive, and what then counts: its number, the height that it is dived from, its difficulty.

The one rule for it, which the API, the commands and the scorer ask.

DeclarationError
├── DiveImpossible         nobody does this dive, or not from this height
└── DifficultyImpossible   no edition of the tables gives this dive such a difficulty
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from divescore.difficulty import HEIGHTS, HIGHEST, LOWEST, PLATFORMS, difficulty_of
from divescore.dives import Dive, Position, Rotation, parse_dive

FURTHEST = 1.2
"""How far a declared difficulty may lie from the table's.

Between two editions of the tables a dive moves by tenths. Of the 1,412 difficulties that docs/difficulty.md compares,
the furthest is 1.1 away: a digit of the number was written down wrongly. What is further off belongs to another dive.
"""
UNUSUAL = "DIFFICULTY_UNUSUAL"
"""How the warning of a difficulty that is not the table's begins."""
_SAME = 0.05  # difficulties have one decimal
_LETTERS = {Position.STRAIGHT: "A", Position.PIKE: "B", Position.TUCK: "C"}


class DeclarationError(ValueError):
    """Base: this cannot be; `code` for programs, `message` for people, which names what can."""

    code = "INVALID_REQUEST"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class DiveImpossible(DeclarationError):
    """The tables print a dash for this dive, or for this height."""

    code = "DIVE_IMPOSSIBLE"


class DifficultyImpossible(DeclarationError):
    """The dive has another difficulty."""

    code = "DIFFICULTY_IMPOSSIBLE"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the uploader says of the dive; None: nothing. `height` in metres, one of HEIGHTS."""

    dive: str | None = None
    height: float | None = None
    difficulty: float | None = None

    def check(self) -> Dive | None:
        """The declared dive, None without one.

        Raises DeclarationError for what cannot be, ValueError for what is no dive number, height or difficulty.
        """
        if self.height is not None and self.height not in HEIGHTS:
            raise ValueError(f"{self.height:g} is not a height; boards and platforms are at {_metres(HEIGHTS)}.")
        if self.difficulty is not None and not LOWEST <= self.difficulty <= HIGHEST:
            raise ValueError(
                f"{self.difficulty:g} is not a difficulty; difficulties lie between {LOWEST:g} and {HIGHEST:g}."
            )
        if self.dive is None:
            return None
        dive = parse_dive(self.dive)
        if (problem := _impossible(dive, self.height)) is not None:
            raise DiveImpossible(problem)
        if self.difficulty is not None and self._away(dive, self.difficulty) > FURTHEST + _SAME:
            raise DifficultyImpossible(
                f"{self.difficulty:g} cannot be the difficulty of {dive.number}: the table has {self._listed(dive)}."
            )
        return dive

    def counted(self) -> tuple[float, Literal["given", "dive"]] | None:
        """The difficulty that counts and where it is from: declared, or the table's; None: it has to be predicted."""
        if self.difficulty is not None:
            return self.difficulty, "given"
        if self.dive is not None:
            return difficulty_of(parse_dive(self.dive), self.height), "dive"
        return None

    def warning(self) -> str | None:
        """What to warn of: a declared difficulty that is not the table's, though it may be an older table's."""
        if self.dive is None or self.difficulty is None:
            return None
        dive = parse_dive(self.dive)
        if self._away(dive, self.difficulty) < _SAME:
            return None
        return (
            f"{UNUSUAL}: {self.difficulty:g} was declared as the difficulty of {dive.number}; "
            f"today's table has {self._listed(dive)}."
        )

    def _away(self, dive: Dive, difficulty: float) -> float:
        return min(abs(difficulty - difficulty_of(dive, height)) for height in self._heights(dive))

    def _listed(self, dive: Dive) -> str:
        degrees = sorted({difficulty_of(dive, height) for height in self._heights(dive)})
        if self.height is not None:
            return f"{degrees[0]} from {self.height:g} m"
        return f"{degrees[0]} to {degrees[-1]}, by height" if len(degrees) > 1 else f"{degrees[0]}"

    def _heights(self, dive: Dive) -> tuple[float, ...]:
        if self.height is not None:
            return (self.height,)
        return PLATFORMS if dive.armstand else HEIGHTS


def _impossible(dive: Dive, height: float | None) -> str | None:
    """Why nobody does this dive (from this height), with what is done instead; None when somebody may."""
    if dive.armstand and height is not None and height not in PLATFORMS:
        return (
            f"{dive.number} is an armstand dive, which starts from a platform ({_metres(PLATFORMS)}), "
            f"not from the {height:g} m board."
        )
    if _listed_in(dive, dive.position):
        return None
    digits = str(dive.number)[:-1]
    others = [digits + letter for position, letter in _LETTERS.items() if _listed_in(dive, position)]
    if not others:
        return f"The tables hold {dive.number} for impossible: so many somersaults are not done flying."
    return f"The tables hold {dive.number} for impossible; what is done is {' or '.join(others)}."


def _listed_in(dive: Dive, position: Position) -> bool:
    """Whether the table of flight positions has a value and no dash."""
    half = dive.half_somersaults
    if dive.flying:
        # The body is straight before, so the position that follows is another one.
        return position is not Position.STRAIGHT and half < (8 if dive.rotation is Rotation.FORWARD else 6)
    if position is Position.STRAIGHT:
        return half < (5 if dive.armstand or dive.rotation is Rotation.INWARD else 6)
    return True


def _metres(heights: Iterable[float]) -> str:
    *first, last = (f"{height:g}" for height in heights)
    return f"{', '.join(first)} or {last} m"
