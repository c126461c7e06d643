"""When jobs arrive: offsets in seconds from the start, fixed before the run and deaf to how the system fares.

Pure: the same arguments give the same arrivals. The first arrives at 0; none precedes the one before it.
"""

import math
import random

from divescore.ops.load.errors import Misused

MOST_JOBS = 1_000_000


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
        raise Misused("A rate cannot be negative.")
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
        raise Misused("A burst has at least one job.")
    if every <= 0 and size < jobs:
        raise Misused("Several bursts need the seconds between them: --every.")
    return [number // size * every for number in range(jobs)]


def largest_burst(arrivals: list[float], within: float) -> int:
    """The most jobs that arrive within any `within` seconds."""
    most = first = 0
    for number, at in enumerate(arrivals):
        while at - arrivals[first] > within:
            first += 1
        most = max(most, number - first + 1)
    return most


def _check(jobs: int, rate: float) -> None:
    if not 1 <= jobs <= MOST_JOBS:
        raise Misused(f"A run has between 1 and {MOST_JOBS:,} jobs.")
    if not (math.isfinite(rate) and rate > 0):
        raise Misused("A rate is a positive number of jobs a second.")
