"""Difficulty of a dive from its number.

Dives seen in competition have the difficulty they were given there most often (10 m platform and 3 m springboard
finals, 2012-2015). Any other number gets the sum of the published components for the 10 m platform (FINA diving rules
2013-2017, Appendix 3): somersaults + flight position + twists + approach + unnatural entry. The last one was read off
the dives below; the sum is off by up to 0.4 for the rarest of them.
"""

from divescore.dives import Dive, Position, Rotation

# fmt: off
_COMPETED: dict[str, float] = {
    "100B": 1.5, "102B": 1.9, "103B": 1.6, "105B": 2.4, "107B": 3.0, "107C": 2.8, "109C": 3.7, "200B": 1.8,
    "200D": 1.8, "201B": 2.9, "205B": 3.0, "205C": 2.8, "207B": 3.6, "207C": 3.3, "300B": 1.9, "300D": 1.9,
    "305B": 3.0, "305C": 2.8, "307C": 3.3, "403B": 2.0, "405B": 2.8, "405C": 2.7, "407B": 3.5, "407C": 3.2,
    "409C": 4.1, "5132D": 2.1, "5152B": 3.0, "5154B": 3.4, "5156B": 3.9, "5231D": 2.0, "5233D": 2.4, "5235D": 2.8,
    "5237D": 3.3, "5251B": 2.6, "5251D": 2.6, "5253B": 3.2, "5255B": 3.6, "5255D": 3.6, "5331D": 2.1, "5335D": 2.9,
    "5337D": 3.4, "5353B": 3.3, "5355B": 3.7, "612B": 1.9, "612D": 1.9, "6142D": 3.1, "614B": 2.4, "614D": 2.4,
    "6241B": 2.7, "6241C": 2.7, "6241D": 2.7, "6243D": 3.2, "6245D": 3.6, "626B": 3.5, "626C": 3.3, "626D": 3.3,
    "627C": 3.3, "636C": 3.4,
}
# fmt: on

_SOMERSAULTS = (1.0, 1.3, 1.4, 1.5, 1.9, 2.1, 2.5, 2.7, 3.1, 3.5)
# Rows by half somersaults up to 2, 4, 5, 7 and above; columns forward, back, reverse, inward, armstand.
_FLIGHT: dict[Position, tuple[tuple[float, ...], ...]] = {
    Position.TUCK: (
        (0.1, 0.1, 0.1, -0.3, 0.1),
        (0.0, 0.0, 0.0, 0.1, 0.0),
        (0.0, 0.1, 0.0, 0.2, 0.1),
        (0.0, 0.0, 0.0, 0.3, 0.1),
        (0.0, 0.1, 0.1, 0.4, 0.1),
    ),
    Position.PIKE: (
        (0.2, 0.2, 0.2, -0.2, 0.3),
        (0.1, 0.3, 0.3, 0.3, 0.3),
        (0.2, 0.3, 0.2, 0.5, 0.3),
        (0.3, 0.3, 0.3, 0.6, 0.4),
        (0.4, 0.4, 0.4, 0.7, 0.4),
    ),
    Position.STRAIGHT: (
        (0.3, 0.3, 0.3, 0.1, 0.4),
        (0.4, 0.5, 0.6, 0.8, 0.5),
        (0.6, 0.7, 0.6, 0.8, 0.5),
        (0.6, 0.7, 0.6, 0.8, 0.5),
        (0.6, 0.7, 0.6, 0.8, 0.5),
    ),
    Position.FREE: (
        (0.1, 0.1, 0.1, -0.1, 0.0),
        (0.0, -0.1, -0.1, 0.2, 0.0),
        (0.0, -0.1, -0.2, 0.4, 0.0),
        (0.0, 0.0, 0.0, 0.4, 0.0),
        (0.0, 0.0, 0.0, 0.4, 0.0),
    ),
}
_TWISTS_FORWARD = (0.0, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
_TWISTS_OTHER = (0.0, 0.2, 0.4, 0.8, 0.8, 1.2, 1.4, 1.6, 1.8, 2.0)
_COLUMNS = (Rotation.FORWARD, Rotation.BACK, Rotation.REVERSE, Rotation.INWARD)
_APPROACH = (0.0, 0.2, 0.3, 0.2)
_ARMSTAND_APPROACH = 0.2


def competed_dives() -> dict[str, float]:
    """Difficulty by dive number of the dives seen in competition."""
    return dict(_COMPETED)


def difficulty_of(dive: Dive) -> float:
    """Difficulty of `dive`, one decimal: as competed where known, else by the components' sum."""
    if dive.number in _COMPETED:
        return _COMPETED[dive.number]
    return component_sum(dive)


def component_sum(dive: Dive) -> float:
    """A + B + C + D + E for the 10 m platform; FINA diving rules 2013-2017, Appendix 3."""
    half = dive.half_somersaults
    band = 0 if half <= 2 else 1 if half <= 4 else 2 if half == 5 else 3 if half <= 7 else 4
    column = _COLUMNS.index(dive.rotation)
    flight = _FLIGHT[dive.position][band][4 if dive.armstand else column]
    twists = (_TWISTS_FORWARD if dive.rotation is Rotation.FORWARD else _TWISTS_OTHER)[dive.half_twists]
    approach = _ARMSTAND_APPROACH if dive.armstand else _APPROACH[column]
    return round(_SOMERSAULTS[half] + flight + twists + approach + _unnatural_entry(dive), 1)


def _unnatural_entry(dive: Dive) -> float:
    backwards = dive.rotation in (Rotation.BACK, Rotation.REVERSE)
    if dive.half_twists or not backwards or dive.half_somersaults < 3:
        return 0.0
    return (dive.half_somersaults + (4 if dive.armstand else 1)) // 2 / 10
