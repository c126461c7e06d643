"""When jobs arrive: offsets in seconds from the start, fixed before the run, whatever the system does.

Pure: the same arguments give the same arrivals. The first arrives at 0; none precedes the one before it.
"""

import math
import random
from dataclasses import dataclass

from divescore.ops.load.errors import InvalidOptions

MOST_JOBS = 1_000_000


@dataclass(frozen=True)
class Schedule:
    """When jobs arrive, in seconds from the start; the same in words; the seed, where chance is used."""

    arrivals: list[float]
    words: str
    seed: int


def make_schedule(
    kind: str | None, jobs: int, rate: float | None, from_rate: float, size: int | None, every: float, seed: int
) -> Schedule:
    """The schedule that the command's options describe. Raises InvalidOptions."""
    kind = kind or ("burst" if rate is None else "constant")
    if kind == "burst":
        if rate is not None:
            raise InvalidOptions("A burst has no rate; give its size by --burst and the seconds between by --every.")
        words = "all at once" if size is None or size >= jobs else f"{size} every {every:g} s"
        return Schedule(burst(jobs, size, every), words, seed)
    if size is not None or every:
        raise InvalidOptions("--burst and --every belong to --schedule burst.")
    if rate is None:
        raise InvalidOptions(f"A {kind} schedule needs --rate.")
    if kind == "ramp":
        return Schedule(ramp(jobs, from_rate, rate), f"from {from_rate:g} to {rate:g} a second", seed)
    if kind == "poisson":
        return Schedule(poisson(jobs, rate, seed), f"{rate:g} a second on average (Poisson, seed {seed})", seed)
    return Schedule(constant(jobs, rate), f"{rate:g} a second", seed)


def constant(jobs: int, rate: float) -> list[float]:
    """Evenly, `rate` a second."""
    _check(jobs, rate)
    return [number / rate for number in range(jobs)]


def poisson(jobs: int, rate: float, seed: int) -> list[float]:
    """Independently of each other, `rate` a second on average: the gaps are exponential, drawn by `seed`."""
    _check(jobs, rate)
    draw = random.Random(seed)  # noqa: S311  # an experiment that can be repeated, not a secret
    arrivals = [0.0]
    while len(arrivals) < jobs:
        arrivals.append(arrivals[-1] + draw.expovariate(rate))
    return arrivals


def ramp(jobs: int, first: float, last: float) -> list[float]:
    """At a rate that grows (or falls) evenly from `first` to `last` a second.

    After t seconds of T, `first * t + (last - first) * t**2 / 2T` jobs have arrived; T is 2 * jobs / (first + last).
    """
    _check(jobs, max(first, last))
    if min(first, last) < 0:
        raise InvalidOptions("A rate cannot be negative.")
    bend = (last - first) * (first + last) / jobs
    # The root in the form that stands a rate of 0 at the start and equal rates; max: rounding near a rate of 0.
    return [
        2 * number / (first + math.sqrt(max(0.0, first**2 + bend * number))) if number else 0.0
        for number in range(jobs)
    ]


def burst(jobs: int, size: int | None = None, every: float = 0.0) -> list[float]:
    """`size` at once (default: all), then again `every` so many seconds."""
    _check(jobs, 1.0)
    size = jobs if size is None else size
    if size < 1:
        raise InvalidOptions("A burst has at least one job.")
    if every <= 0 and size < jobs:
        raise InvalidOptions("Several bursts need the seconds between them: --every.")
    return [number // size * every for number in range(jobs)]


def most_within(moments: list[float], seconds: float) -> int:
    """The most of the sorted moments that lie within any so many seconds."""
    most = first = 0
    for number, at in enumerate(moments):
        while at - moments[first] > seconds:
            first += 1
        most = max(most, number - first + 1)
    return most


def _check(jobs: int, rate: float) -> None:
    if not 1 <= jobs <= MOST_JOBS:
        raise InvalidOptions(f"A run has between 1 and {MOST_JOBS:,} jobs.")
    if not (math.isfinite(rate) and rate > 0):
        raise InvalidOptions("A rate is a positive number of jobs a second.")
