"""Degree of difficulty of a dive: the published sum A + B + C + D + E, by height.

A somersaults, B position in flight, C twists, D approach, E unnatural entry (the diver does not see the water before).
World Aquatics competition regulations, appendices 8 (springboard, 1 and 3 m) and 10 (platform, 5, 7.5 and 10 m), which
were appendices 1 and 3 of the FINA diving rules. Their tables print a dash where they hold a dive for impossible; here
it gets the value of the nearest number of somersaults that has one, since whoever declares it wants a difficulty.
"""

from divescore.dives import Dive, Position, Rotation

LOWEST, HIGHEST = 1.0, 6.0
"""What may be declared as a dive's difficulty: more than the tables hold today, on either side."""
HEIGHTS = (1.0, 3.0, 5.0, 7.5, 10.0)
"""Metres above the water: springboards of 1 and 3, platforms of 5, 7.5 and 10."""
PLATFORMS = HEIGHTS[2:]
PLATFORM, SPRINGBOARD = 10.0, 3.0

# What follows is indexed by half somersaults unless it says otherwise.
_SOMERSAULTS: dict[float, tuple[float, ...]] = {
    1.0: (0.9, 1.1, 1.2, 1.6, 2.0, 2.4, 2.7, 3.0, 3.3, 3.8),
    3.0: (1.0, 1.3, 1.3, 1.5, 1.8, 2.2, 2.3, 2.8, 2.9, 3.5),
    5.0: (0.9, 1.1, 1.2, 1.6, 2.0, 2.4, 2.7, 3.0, 3.7, 3.8),
    7.5: (1.0, 1.3, 1.3, 1.5, 1.8, 2.2, 2.3, 2.8, 3.5, 3.5),
    10.0: (1.0, 1.3, 1.4, 1.5, 1.9, 2.1, 2.5, 2.7, 3.5, 3.5),
}
_ELEVEN_HALVES = 4.5

# Half somersaults 0-2, 3-4, 5, 6-7, 8 and more, for each direction.
_Bands = tuple[float, float, float, float, float]
_FLIGHT: dict[Position, dict[Rotation, _Bands]] = {
    Position.TUCK: {
        Rotation.FORWARD: (0.1, 0.0, 0.0, 0.0, 0.0),
        Rotation.BACK: (0.1, 0.0, 0.1, 0.0, 0.1),
        Rotation.REVERSE: (0.1, 0.0, 0.0, 0.0, 0.2),
        Rotation.INWARD: (-0.3, 0.1, 0.2, 0.3, 0.4),
    },
    Position.PIKE: {
        Rotation.FORWARD: (0.2, 0.1, 0.2, 0.3, 0.4),
        Rotation.BACK: (0.2, 0.3, 0.3, 0.3, 0.4),
        Rotation.REVERSE: (0.2, 0.3, 0.2, 0.3, 0.5),
        Rotation.INWARD: (-0.2, 0.3, 0.5, 0.6, 0.8),
    },
    Position.STRAIGHT: {
        Rotation.FORWARD: (0.3, 0.4, 0.6, 0.6, 0.6),
        Rotation.BACK: (0.3, 0.5, 0.7, 0.7, 0.7),
        Rotation.REVERSE: (0.3, 0.6, 0.6, 0.6, 0.6),
        Rotation.INWARD: (0.1, 0.8, 0.8, 0.8, 0.8),
    },
    Position.FREE: {
        Rotation.FORWARD: (0.1, 0.0, 0.0, 0.0, 0.0),
        Rotation.BACK: (0.1, -0.1, -0.1, 0.0, 0.0),
        Rotation.REVERSE: (0.1, -0.1, -0.2, 0.0, 0.0),
        Rotation.INWARD: (-0.1, 0.2, 0.4, 0.4, 0.4),
    },
}
_INWARD_PIKE_PLATFORM: _Bands = (-0.2, 0.3, 0.5, 0.6, 0.7)
_ARMSTAND_FLIGHT: dict[Position, _Bands] = {
    Position.TUCK: (0.1, 0.0, 0.1, 0.2, 0.3),
    Position.PIKE: (0.3, 0.3, 0.3, 0.4, 0.5),
    Position.STRAIGHT: (0.4, 0.5, 0.5, 0.5, 0.5),
    Position.FREE: (0.0, 0.0, 0.0, 0.0, 0.0),
}
_FLYING: dict[Rotation, _Bands] = {
    Rotation.FORWARD: (0.2, 0.2, 0.3, 0.4, 0.4),
    Rotation.BACK: (0.1, 0.2, 0.3, 0.3, 0.3),
    Rotation.REVERSE: (0.1, 0.2, 0.3, 0.3, 0.3),
    Rotation.INWARD: (0.4, 0.5, 0.7, 0.7, 0.7),
}

# By half twists from 0; those of up to 4 and those of 5 or more half somersaults.
_TWISTS_FORWARD = (0.0, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 1.6, 1.9, 2.0)
_TWISTS_INWARD = (0.0, 0.4, 0.4, 0.8, 0.8, 1.2, 1.5, 1.6, 1.9, 2.0)
_TWISTS_BACK = (0.0, 0.4, 0.4, 0.8, 0.8, 1.2, 1.4, 1.7, 1.8, 2.1)
_TWISTS_BACK_MANY = {
    (Rotation.BACK, False): (0.0, 0.0, 0.4, 0.7, 0.8, 1.1, 1.4, 1.7, 1.8, 2.1),
    (Rotation.REVERSE, False): (0.0, 0.0, 0.4, 0.6, 0.8, 1.0, 1.4, 1.8, 1.8, 2.1),
    (Rotation.BACK, True): (0.0, 0.0, 0.4, 0.6, 0.8, 1.0, 1.4, 1.5, 1.8, 2.1),
    (Rotation.REVERSE, True): (0.0, 0.0, 0.4, 0.6, 0.8, 1.0, 1.4, 1.5, 1.8, 2.1),
}
_HALF_TWIST_FEW = 0.2
_ARMSTAND_TWISTS_FORWARD = (0.0, 0.4, 1.0, 1.2, 1.3, 1.5, 1.7, 1.9, 2.1, 2.3)
_ARMSTAND_TWISTS_OTHER = (0.0, 0.1, 0.4, 0.9, 1.1, 1.3, 1.5, 1.7, 1.9, 2.1)

# Dives that finals saw more often from 3 m than from 10 m.
_FROM_SPRINGBOARD = frozenset(
    {"105B", "107C", "205B", "205C", "305B", "305C", "405C", "5152B", "5154B", "5156B", "5353B", "5355B"}
)


def difficulty_of(dive: Dive, height: float | None = None) -> float:
    """Degree of difficulty of `dive`, one decimal.

    `height` in metres is one of HEIGHTS, another one counts as the nearest of them. Without one it is that from which
    finals see the dive most often: 3 m for a dozen numbers, else 10 m.
    """
    if height is None:
        height = SPRINGBOARD if dive.number in _FROM_SPRINGBOARD else PLATFORM
    metres = min(HEIGHTS, key=lambda listed: abs(listed - height))
    parts = components(dive, metres)
    return round(sum(parts), 1)


def components(dive: Dive, height: float) -> tuple[float, float, float, float, float]:
    """A, B, C, D and E of `dive` from one of HEIGHTS."""
    return (
        _somersaults(dive, height),
        _flight(dive, height),
        _twists(dive, height),
        _approach(dive, height),
        0.0 if dive.half_twists else _unnatural_entry(dive, height),
    )


def _somersaults(dive: Dive, height: float) -> float:
    return _SOMERSAULTS[height][dive.half_somersaults] if dive.half_somersaults < 10 else _ELEVEN_HALVES


def _flight(dive: Dive, height: float) -> float:
    half = dive.half_somersaults
    band = 0 if half <= 2 else 1 if half <= 4 else 2 if half == 5 else 3 if half <= 7 else 4
    if dive.armstand:
        return _ARMSTAND_FLIGHT[dive.position][band]
    if dive.position is Position.PIKE and dive.rotation is Rotation.INWARD and height in PLATFORMS:
        return _INWARD_PIKE_PLATFORM[band] + (_FLYING[dive.rotation][band] if dive.flying else 0.0)
    return _FLIGHT[dive.position][dive.rotation][band] + (_FLYING[dive.rotation][band] if dive.flying else 0.0)


def _twists(dive: Dive, height: float) -> float:
    half, twists = dive.half_somersaults, dive.half_twists
    if dive.armstand:
        if dive.rotation is Rotation.FORWARD:
            # Another somersault before the twist makes it easier: there is more time.
            return _ARMSTAND_TWISTS_FORWARD[twists] - (0.2 if twists and half >= 6 else 0.0)
        return 0.0 if twists == 1 and half <= 2 else _ARMSTAND_TWISTS_OTHER[twists]
    if dive.rotation is Rotation.FORWARD:
        return _TWISTS_FORWARD[twists]
    if twists == 1 and half <= 2:
        return _HALF_TWIST_FEW
    if dive.rotation is Rotation.INWARD:
        return 0.2 if twists == 1 and half == 5 else _TWISTS_INWARD[twists]
    if half >= 5:
        return _TWISTS_BACK_MANY[dive.rotation, height in PLATFORMS][twists]
    if twists == 7 and dive.rotation is Rotation.REVERSE and height not in PLATFORMS:
        return 1.8
    return _TWISTS_BACK[twists]


def _approach(dive: Dive, height: float) -> float:
    half, platform = dive.half_somersaults, height in PLATFORMS
    match dive.rotation:
        case Rotation.FORWARD if dive.armstand:
            return 0.4 if half >= 6 else 0.2
        case Rotation.BACK if dive.armstand:
            return 0.4 if half >= 2 else 0.2
        case Rotation.REVERSE if dive.armstand:
            return 0.5 if half >= 2 else 0.3
        case Rotation.FORWARD:
            return 0.0 if half < 8 else {1.0: 0.5, 10.0: 0.2}.get(height, 0.3)
        case Rotation.BACK:
            return 0.2 if half < 7 else {1.0: 0.6, 3.0: 0.4, 10.0: 0.2}.get(height, 0.3)
        case Rotation.REVERSE if platform:
            many = 0.5 if height == 7.5 else 0.4
            return 0.3 if half < 5 or half == 7 else 0.4 if half < 8 else many
        case Rotation.REVERSE:
            return 0.5 if half >= 7 and height == 1.0 else 0.3
        case _:
            if height in (1.0, 5.0):
                return 0.6 if half <= 2 else 0.5
            return 0.2 if height == PLATFORM and half > 2 else 0.3


def _unnatural_entry(dive: Dive, height: float) -> float:
    half = dive.half_somersaults
    backwards = dive.rotation in (Rotation.BACK, Rotation.REVERSE)
    if dive.armstand:
        return {2: 0.1, 4: 0.2, 6: 0.2, 8: 0.3}.get(half, 0.0) if backwards else {1: 0.1, 3: 0.2, 5: 0.3}.get(half, 0.0)
    if backwards:
        return {1: 0.1, 3: 0.2, 5: 0.3, 7: 0.4, 9: 0.4}.get(half, 0.0)
    return {2: 0.1, 4: 0.2, 6: 0.2, 8: 0.0 if height in PLATFORMS else 0.2}.get(half, 0.0)
