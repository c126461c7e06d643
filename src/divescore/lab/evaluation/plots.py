"""Pictures of how a model did, as SVG text from plain arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divescore.lab.evaluation.svg import Axis, Chart, document

Values = NDArray[np.float64]
_SHARES = tuple((share / 10, f"{share * 10} %") for share in range(0, 11, 2))
_BINS = 20


@dataclass(frozen=True)
class Sweep:
    """One flaw from none to gross: arrays of the same length, execution in points."""

    amounts: Values
    mean: Values
    low: Values
    high: Values


def executions(truth: Values, guess: Values, highest: float = 30.0) -> str:
    """Predicted execution against the judges'; on the dashed line the two agree. Both [N], in points."""
    chart = Chart("Execution", Axis("judges, points", 0, highest), Axis("predicted, points", 0, highest), 440, 440)
    chart.reference((0, 0), (highest, highest))
    chart.points(truth.tolist(), guess.tolist())
    error = float(np.abs(truth - guess).mean())
    chart.text(0, highest, f"{len(truth)} dives, mean error {error:.2f}", shift=(8, 14))
    return document([chart], f"Predicted against true execution of {len(truth)} dives; mean error {error:.2f} points.")


def reliability(nominal: Values, covered: Values) -> str:
    """Share of the dives inside intervals against the share these promise. Both [N], 0..1."""
    low = max(0.0, float(np.floor(10 * min(nominal.min(), covered.min())) / 10))
    ticks = tuple((tenth / 10, f"{tenth * 10} %") for tenth in range(round(10 * low), 11))
    chart = Chart("Intervals", Axis("promised", low, 1, ticks), Axis("inside", low, 1, ticks), 440, 440)
    chart.reference((low, low), (1, 1))
    chart.line(nominal.tolist(), covered.tolist())
    chart.points(nominal.tolist(), covered.tolist())
    pairs = "; ".join(f"{a:.0%} promised, {b:.0%} inside" for a, b in zip(nominal, covered, strict=True))
    return document([chart], f"Reliability of the intervals: {pairs}.")


def gate(dives: Values, others: Values, threshold: float) -> str:
    """Probability of being a dive, of dives [N] and other films [M], 0..1: how it spreads, what any threshold costs."""
    ticks = tuple((tenth / 10, f"{tenth / 10:g}") for tenth in range(0, 11, 2))
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    parts = [np.histogram(values, edges)[0] / max(len(values), 1) for values in (dives, others)]
    spread = Chart("Gate", Axis("probability of being a dive", 0, 1, ticks), Axis("share of the films", 0, 1, _SHARES))
    for tone, shares in zip("ab", parts, strict=True):
        for left, right, share in zip(edges, edges[1:], shares, strict=False):
            if share:
                spread.box((float(left), 0.0), (float(right), float(share)), tone)
    spread.reference((threshold, 0), (threshold, 1))
    spread.text(threshold, 1, f"threshold {threshold:g}", shift=(6, 12))
    spread.legend([("a", f"{len(dives)} dives"), ("b", f"{len(others)} other films")])
    wrong, right = roc(dives, others)
    area = float(np.trapezoid(right, wrong))
    curve = Chart("Any threshold", Axis("other films let in", 0, 1, _SHARES), Axis("dives let in", 0, 1, _SHARES))
    curve.reference((0, 0), (1, 1))
    curve.line(wrong.tolist(), right.tolist())
    here = float((others >= threshold).mean()), float((dives >= threshold).mean())
    curve.points([here[0]], [here[1]], "b", 5)
    curve.text(1, 0, f"area {area:.4f}; dot: threshold {threshold:g}", "end", (-4, -8))
    words = f"lets in {here[1]:.1%} of {len(dives)} dives and {here[0]:.1%} of {len(others)} other films"
    return document([spread, curve], f"The gate {words}; area under the curve {area:.4f}.", 2)


def roc(dives: Values, others: Values) -> tuple[Values, Values]:
    """Shares of the other films and of the dives let in, by falling threshold, from (0, 0) to (1, 1)."""
    thresholds = np.unique(np.concatenate([dives, others]))[::-1]
    both = [
        np.concatenate([[0.0], 1.0 - np.searchsorted(np.sort(values), thresholds, side="left") / len(values)])
        for values in (others, dives)
    ]
    return both[0], both[1]


def sweeps(flaws: Mapping[str, Sweep], highest: float = 30.0) -> str:
    """Execution against the amount of each flaw alone, with its spread over divers: a small chart for each flaw."""
    charts = []
    for name, sweep in flaws.items():
        amount = Axis("amount", float(sweep.amounts.min()), float(sweep.amounts.max()))
        chart = Chart(name, amount, Axis("execution", 0, highest), 300, 250)
        chart.band(sweep.amounts.tolist(), sweep.low.tolist(), sweep.high.tolist())
        chart.line(sweep.amounts.tolist(), sweep.mean.tolist())
        charts.append(chart)
    falls = "; ".join(f"{name} {sweep.mean[0]:.1f} to {sweep.mean[-1]:.1f}" for name, sweep in flaws.items())
    return document(charts, f"Execution from no flaw to a gross one: {falls}.", 3)


def accuracies(shares: Mapping[str, float], guessing: Mapping[str, float]) -> str:
    """Share named rightly by class head, 0..1, beside what naming the commonest class always would get."""
    names: Sequence[str] = list(shares)
    ticks = tuple((index + 0.5, name.replace("_", " ")) for index, name in enumerate(names))
    chart = Chart(
        "Classes named rightly",
        Axis("", 0, len(names), ticks),
        Axis("dives; dashed: the commonest class", 0, 1, _SHARES),
        640,
        380,
    )
    for index, name in enumerate(names):
        chart.box((index + 0.2, 0), (index + 0.8, shares[name]))
        chart.reference((index + 0.12, guessing[name]), (index + 0.88, guessing[name]))
        chart.text(index + 0.5, shares[name], f"{shares[name]:.1%}", "middle", (0, 14))
    said = "; ".join(f"{name.replace('_', ' ')} {shares[name]:.1%} (guessing {guessing[name]:.1%})" for name in names)
    return document([chart], f"Classes named rightly: {said}.")
