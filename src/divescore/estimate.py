"""Prior and posterior of an execution, and the score that follows: all arithmetic after the network, and nothing else.

What real dives say of a dive like this (the prior) and what the network saw are averaged by the evidence, quantile by
quantile (Vincent averaging), so that their intervals are averaged too. Where the two disagree the interval is wider, by
the deviation of a mixture of both. The evidence is the network's weight.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from divescore.declaration import UNUSUAL, Declaration
from divescore.dives import POSITION_LETTERS, ROTATION_DIGITS, Dive, parse_dive
from divescore.judging import MAX_EXECUTION, score_of
from divescore.priors import BY_DIFFICULTY, BY_FAMILY, BY_NUMBER, DIFFICULTY, USUAL
from divescore.result import Aspects, DiveSeen, Flaw, Interval, Result

UNSEEN = "unseen"
"""Name of the flaw that is the prior's share."""
UNNAMED = DiveSeen(
    number=None,
    source="predicted",
    position="unknown",
    armstand=False,
    rotation="unknown",
    half_somersaults=0,
    half_twists=0,
)
"""Of a network that does not name the dive."""


class NothingKept(ValueError):
    """A result from before results kept what an amendment starts from."""


@dataclass(frozen=True)
class Estimate:
    """A median with the bounds of an interval about it."""

    low: float
    middle: float
    high: float


def family_of(dive: Dive) -> str:
    """Group and letter of the position, such as `1B`: what dives have in common."""
    letter = next(letter for letter, position in POSITION_LETTERS.items() if position is dive.position)
    if dive.armstand or dive.half_twists:
        return ("6" if dive.armstand else "5") + letter
    return next(digit for digit, rotation in ROTATION_DIGITS.items() if rotation is dive.rotation) + letter


def band_of(difficulty: float) -> float:
    """The half that a difficulty is nearest to."""
    return math.floor(2.0 * difficulty + 0.5) / 2.0


def prior_of(dive: Dive | None = None, sureness: float = 1.0, difficulty: float | None = None) -> Estimate:
    """What real dives say of the execution of `dive`, which is named with `sureness` 0..1, or of any dive.

    `difficulty` tells something where no dive is named. The height would too, but by less than chance does.
    """
    usual = BY_DIFFICULTY.get(band_of(difficulty), USUAL) if difficulty is not None else USUAL
    if dive is None:
        return Estimate(*usual)
    named = BY_NUMBER.get(dive.number or "", BY_FAMILY.get(family_of(dive), usual))
    return Estimate(*(sureness * this + (1.0 - sureness) * other for this, other in zip(named, usual, strict=True)))


def posterior_of(seen: Estimate, evidence: float, prior: Estimate) -> Estimate:
    """Both together, `seen` with the weight `evidence`, 0..1."""
    other = 1.0 - evidence
    middle = evidence * seen.middle + other * prior.middle
    apart = evidence * other * (seen.middle - prior.middle) ** 2
    below = evidence * (seen.middle - seen.low) + other * (prior.middle - prior.low)
    above = evidence * (seen.high - seen.middle) + other * (prior.high - prior.middle)
    return Estimate(middle - math.sqrt(below**2 + apart), middle, middle + math.sqrt(above**2 + apart))


def rescored(
    result: Result, *, dive: str | None = None, height: float | None = None, difficulty: float | None = None
) -> Result:
    """`result` as it is when this and nothing else is declared; no inference, only what the result keeps.

    `dive` is a number, `height` in metres. Of a network that predicts the score, that stays, and the execution follows.
    Raises ValueError for what is no dive number, NothingKept for a result that is too old.
    """
    kept = result.predicted
    if kept is None:
        raise NothingKept("This dive was scored before amendments were possible; upload the video again.")
    declared = parse_dive(dive) if dive is not None else None
    named = declared or (parse_dive(kept.dive.number) if kept.dive and kept.dive.number else None)
    metres = height if height is not None else kept.height
    degree, source = _difficulty(result, Declaration(dive, metres, difficulty))
    result = _warned(result, Declaration(dive, height, difficulty).warning())
    # To hundredths where it is predicted too: a tenth is two points of the score, and would leap by a file's encoding.
    rounded = round(degree.middle, 2)
    if kept.of == "score":
        return _with(result, declared, height, rounded, source, _following(result, rounded))
    sureness = 1.0 if declared else (kept.dive.sureness or 0.0) if kept.dive else 0.0
    own = _seen(result)
    if result.evidence is None:
        estimate = own
    else:
        estimate = posterior_of(own, result.evidence, prior_of(named, sureness, difficulty))
    execution = round(min(max(estimate.middle, 0.0), MAX_EXECUTION), 2)
    score = score_of(execution, rounded)
    low = math.hypot((execution - estimate.low) * rounded, (degree.middle - degree.low) * execution)
    high = math.hypot((estimate.high - execution) * rounded, (degree.high - degree.middle) * execution)
    interval = Interval(
        low=round(max(score - low, 0.0), 2),
        high=round(min(score + high, MAX_EXECUTION * degree.high), 2),
        level=result.interval.level,
    )
    parts = apportioned([segment.contribution for segment in result.segments], score)
    segments = [
        segment.model_copy(update={"contribution": part}) for segment, part in zip(result.segments, parts, strict=True)
    ]
    changed = {
        "score": score,
        "execution": execution,
        "interval": interval,
        "segments": segments,
        "aspects": _accounted(result.aspects, execution, result.evidence),
    }
    return _with(result, declared, height, rounded, source, changed)


def apportioned(parts: Sequence[float], total: float) -> list[float]:
    """`parts` scaled to `total`, in hundredths that add up to it.

    Rounded by largest remainder, so that none is off by more than a hundredth. Parts may be negative; without a
    positive sum there is nothing to scale, and all get the same.
    """
    whole = sum(parts)
    hundredths = round(100 * total)
    exact = [100 * total * part / whole if whole > 0 else 100 * total / len(parts) for part in parts]
    floors = [math.floor(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: exact[i] - floors[i], reverse=True)
    for i in by_remainder[: hundredths - sum(floors)]:
        floors[i] += 1
    return [value / 100 for value in floors]


def half_width(sd: float, level: float) -> float:
    """Half of the interval of `level` of a normal deviation."""
    from statistics import NormalDist

    return sd * NormalDist().inv_cdf(0.5 + level / 2.0)


def _seen(result: Result) -> Estimate:
    if result.seen is None:
        raise NothingKept("This result does not keep what the network saw; upload the video again.")
    half = half_width(result.seen.sd, result.interval.level)
    return Estimate(max(result.seen.mean - half, 0.0), result.seen.mean, min(result.seen.mean + half, MAX_EXECUTION))


def _warned(result: Result, warning: str | None) -> Result:
    others = [text for text in result.warnings if not text.startswith(UNUSUAL)]
    return result.model_copy(update={"warnings": others if warning is None else [*others, warning]})


def _difficulty(result: Result, known: Declaration) -> tuple[Estimate, str]:
    if (counted := known.counted()) is not None:
        degree, source = counted
        return Estimate(degree, degree, degree), source
    kept = result.predicted
    if kept is None:
        raise NothingKept("This result does not keep what the network predicted; upload the video again.")
    middle, margin = kept.difficulty, kept.difficulty_margin
    own = Estimate(middle - margin, middle, middle + margin)
    if result.evidence is None:
        return own, "predicted"
    return posterior_of(own, result.evidence, Estimate(*DIFFICULTY)), "predicted"


def _following(result: Result, difficulty: float) -> dict[str, object]:
    return {"execution": round(min(result.score / difficulty, MAX_EXECUTION), 2)}


def _with(
    result: Result,
    declared: Dive | None,
    height: float | None,
    difficulty: float,
    source: str,
    changed: dict[str, object],
) -> Result:
    kept = result.predicted
    seen_height = kept.height if kept else None
    return result.model_copy(
        update={
            **changed,
            "difficulty": difficulty,
            "difficulty_source": source,
            "dive": dive_seen(declared, "given") if declared else (kept.dive if kept else None) or UNNAMED,
            "height": height if height is not None else seen_height,
            "height_source": "given" if height is not None else "predicted" if seen_height is not None else None,
        }
    )


def dive_seen(dive: Dive, source: Literal["given", "predicted"], sureness: float | None = None) -> DiveSeen:
    """A dive as a result has it."""
    return DiveSeen(
        number=dive.number,
        source=source,
        position=dive.position.value,
        armstand=dive.armstand,
        rotation=dive.rotation.value,
        half_somersaults=dive.half_somersaults,
        half_twists=dive.half_twists,
        sureness=sureness,
    )


def _accounted(aspects: Aspects | None, execution: float, evidence: float | None) -> Aspects | None:
    """With as much `unseen` as makes 30 points of the flaws and the execution."""
    if aspects is None or evidence is None:
        return aspects
    flaws = [flaw for flaw in aspects.flaws if flaw.name != UNSEEN]
    lost = round(100 * (MAX_EXECUTION - execution))
    told = apportioned([flaw.points for flaw in flaws], min(sum(flaw.points for flaw in flaws), lost / 100))
    flaws = [flaw.model_copy(update={"points": points}) for flaw, points in zip(flaws, told, strict=True)]
    left = lost - sum(round(100 * points) for points in told)
    unseen = Flaw(name=UNSEEN, points=left / 100, sureness=round(1.0 - evidence, 4))
    return aspects.model_copy(update={"flaws": [*flaws, unseen]})
