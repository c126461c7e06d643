"""Percentiles by nearest rank over all samples, the one rule of this project: each is a value that occurred."""

import math
from collections.abc import Iterable, Sequence

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
Spread = dict[str, float]


def percentile(ordered: Sequence[float], quantile: float) -> float:
    """By nearest rank: the smallest of the sorted samples that at least the share `quantile` of them does not exceed.

    With fewer than 1 / (1 - quantile) samples it is the largest: a tail that was not sampled is not made up.
    """
    if not ordered:
        raise ValueError("there is no percentile of nothing")
    # The margin keeps 0.95 * 20 = 19.000000000000004 from becoming rank 20.
    rank = math.ceil(quantile * len(ordered) - 1e-9)
    return ordered[max(rank, 1) - 1]


def spread(samples: Iterable[float]) -> Spread:
    """`{n, mean, min, p50, p90, p95, p99, p99.9, max}` in the samples' unit; `{n: 0}` of nothing."""
    ordered = sorted(samples)
    if not ordered:
        return {"n": 0}
    figures = {name: percentile(ordered, quantile) for name, quantile in QUANTILES.items()}
    mean = math.fsum(ordered) / len(ordered)
    values = {"mean": mean, "min": ordered[0], **figures, "max": ordered[-1]}
    return {"n": len(ordered), **{name: round(value, 6) for name, value in values.items()}}
