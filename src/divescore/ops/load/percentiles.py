"""Percentiles by nearest rank over all samples: every figure is a value that really occurred."""

import math
from collections.abc import Iterable, Sequence

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
Spread = dict[str, float]


def percentile(ordered: Sequence[float], quantile: float) -> float:
    """The smallest of the sorted samples that at least the share `quantile` of them does not exceed.

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


def spectrum(samples: Iterable[float]) -> list[tuple[float, float]]:
    """Points (quantile, value) whose steps shrink towards 1, as an HDR histogram's: one more for each halving.

    Each halving of the remaining share has four points, as far as there are samples; the last point is the largest.
    """
    ordered = sorted(samples)
    if not ordered:
        return []
    points, left = [(0.0, ordered[0])], 1.0
    while left * len(ordered) > 1:
        for quarter in range(1, 5):
            quantile = 1 - left + left / 8 * quarter
            points.append((quantile, percentile(ordered, quantile)))
        left /= 2
    return [*points, (1.0, ordered[-1])]
