"""Pictures of how the shipped network did, as SVG."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from divescore.lab.evaluation.calibration import INTERVAL_LEVEL
from divescore.lab.evaluation.flaw_sweeps import FlawSweep
from divescore.lab.evaluation.predictions import Predictions
from divescore.ops.charts import COLOURS, INK, drawn, svg

Values = NDArray[np.float64]
_HIGHEST = 30.0
"""Points of an execution."""
_BINS = 20
_COLUMNS = 4


def write_plots(
    folder: Path, predictions: Predictions, threshold: float, factor: float, sweeps: Mapping[str, FlawSweep]
) -> None:
    """Write the pictures to `folder`; that of the flaws where there are `sweeps`."""
    dives, labels = predictions.is_dive, predictions.labels
    # The interval is a factor on the predicted spread; others follow from Laplace's tails.
    nominal = np.arange(0.5, 0.96, 0.05)
    factors = factor * np.log(1.0 - nominal) / np.log(1.0 - INTERVAL_LEVEL)
    ratios = predictions.execution_errors / predictions.spread[dives]
    shares, guessing = {}, {}
    for name, guesses in predictions.classes.items():
        truth = labels[name][dives]
        shares[name] = float((guesses[dives] == truth).mean())
        guessing[name] = float(np.unique(truth, return_counts=True)[1].max() / len(truth))
    pictures = {
        "executions": executions(labels["execution"][dives], predictions.execution[dives]),
        "intervals": reliability(nominal, np.array([(ratios <= one).mean() for one in factors])),
        "gate": gate(predictions.probability[dives], predictions.probability[~dives], threshold),
        "classes": accuracies(shares, guessing),
    }
    if sweeps:
        pictures["flaws"] = flaws(sweeps)
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")


def executions(truth: Values, guess: Values) -> str:
    """Predicted execution against the judges'; on the dashed line the two agree. Both [N], in points."""
    error = float(np.abs(truth - guess).mean())
    with drawn(5, 5) as figure:
        axes = figure.add_subplot(aspect="equal", xlim=(0, _HIGHEST), ylim=(0, _HIGHEST))
        axes.set(title="Execution", xlabel="judges, points", ylabel="predicted, points")
        _reference(axes, (0, _HIGHEST), (0, _HIGHEST))
        axes.scatter(truth, guess, s=14, alpha=0.45, linewidths=0, gid="dives", clip_on=False)
        axes.text(0.03, 0.96, f"{len(truth)} dives, mean error {error:.2f}", transform=axes.transAxes, va="top")
        return svg(figure, f"Predicted against true execution of {len(truth)} dives; mean error {error:.2f} points.")


def reliability(nominal: Values, covered: Values) -> str:
    """Share of the dives inside intervals against the share these promise. Both [N], 0..1."""
    low = max(0.0, float(np.floor(10 * min(nominal.min(), covered.min())) / 10))
    pairs = "; ".join(f"{a:.0%} promised, {b:.0%} inside" for a, b in zip(nominal, covered, strict=True))
    with drawn(5, 5) as figure:
        axes = figure.add_subplot(aspect="equal", xlim=(low, 1), ylim=(low, 1))
        axes.set(title="Intervals", xlabel="promised", ylabel="inside")
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        _reference(axes, (low, 1), (low, 1))
        axes.plot(nominal, covered, marker="o", markersize=5, clip_on=False)
        return svg(figure, f"Reliability of the intervals: {pairs}.")


def gate(dives: Values, others: Values, threshold: float) -> str:
    """Probability of being a dive, of dives [N] and other films [M], 0..1: how it spreads, what any threshold costs."""
    wrong, right = roc(dives, others)
    area = float(np.trapezoid(right, wrong))
    here = float((others >= threshold).mean()), float((dives >= threshold).mean())
    with drawn(10, 4.2) as figure:
        spread, curve = figure.subplots(1, 2)
        spread.set(title="Gate", xlabel="probability of being a dive", ylabel="share of the films", xlim=(0, 1))
        edges = np.linspace(0.0, 1.0, _BINS + 1)
        for values, name in ((dives, "dives"), (others, "other films")):
            weights = np.full(len(values), 1.0 / max(len(values), 1))
            spread.hist(values, edges, weights=weights, alpha=0.75, label=f"{len(values)} {name}")
        _reference(spread, (threshold, threshold), (0, 1), f"threshold {threshold:g}")
        spread.set_ylim(0, 1)
        spread.yaxis.set_major_formatter(PercentFormatter(1))
        spread.legend(loc="upper left", bbox_to_anchor=(0.08, 1.0))
        curve.set(title="Any threshold", xlabel="other films let in", ylabel="dives let in")
        curve.xaxis.set_major_formatter(PercentFormatter(1))
        curve.yaxis.set_major_formatter(PercentFormatter(1))
        _reference(curve, (0, 1), (0, 1))
        curve.plot(wrong, right)
        curve.plot(*here, "o", color=COLOURS[1], clip_on=False)
        words = f"area {area:.4f}; dot: threshold {threshold:g}"
        curve.text(0.97, 0.04, words, transform=curve.transAxes, ha="right")
        said = f"lets in {here[1]:.1%} of {len(dives)} dives and {here[0]:.1%} of {len(others)} other films"
        return svg(figure, f"The gate {said}; area under the curve {area:.4f}.")


def roc(dives: Values, others: Values) -> tuple[Values, Values]:
    """Shares of the other films and of the dives let in, by falling threshold, from (0, 0) to (1, 1)."""
    thresholds = np.unique(np.concatenate([dives, others]))[::-1]
    both = [
        np.concatenate([[0.0], 1.0 - np.searchsorted(np.sort(values), thresholds, side="left") / len(values)])
        for values in (others, dives)
    ]
    return both[0], both[1]


def flaws(sweeps: Mapping[str, FlawSweep]) -> str:
    """Execution against the amount of each flaw alone, with its spread over divers: a small chart for each flaw."""
    rows = -(-len(sweeps) // _COLUMNS)
    falls = "; ".join(f"{name} {sweep.mean[0]:.1f} to {sweep.mean[-1]:.1f}" for name, sweep in sweeps.items())
    with drawn(10, 2.4 * rows) as figure:
        for place, (name, sweep) in enumerate(sweeps.items(), start=1):
            axes = figure.add_subplot(rows, _COLUMNS, place, xlim=(0, 1), ylim=(0, _HIGHEST), title=name)
            axes.fill_between(sweep.amounts, sweep.low, sweep.high, alpha=0.2, linewidth=0, gid=f"band-{place}")
            axes.plot(sweep.amounts, sweep.mean, gid=f"mean-{place}")
        figure.supxlabel("amount of the flaw", size="medium")
        figure.supylabel("execution, points", size="medium")
        return svg(figure, f"Execution from no flaw to a gross one: {falls}.")


def accuracies(shares: Mapping[str, float], guessing: Mapping[str, float]) -> str:
    """Share named rightly by class head, 0..1, beside what naming the commonest class always would get."""
    names = [name.replace("_", " ") for name in shares]
    said = "; ".join(
        f"{name} {share:.1%} (guessing {guess:.1%})"
        for name, share, guess in zip(names, shares.values(), (guessing[name] for name in shares), strict=True)
    )
    with drawn(7, 4.2) as figure:
        axes = figure.add_subplot(ylim=(0, 1))
        axes.set(title="Classes named rightly", ylabel="dives")
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.xaxis.grid(visible=False)
        axes.set_axisbelow(True)
        bars = axes.bar(names, list(shares.values()), width=0.6, alpha=0.75)
        for place, bar in enumerate(bars, start=1):
            bar.set_gid(f"share-{place}")
        axes.bar_label(bars, [f"{share:.1%}" for share in shares.values()], padding=-16, color="white")
        places = np.arange(len(names))
        heights = [guessing[name] for name in shares]
        axes.hlines(heights, places - 0.38, places + 0.38, INK, "dashed", label="always the commonest class")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
        return svg(figure, f"Classes named rightly: {said}.")


def guise_differences(names: list[str], means: Values, worst: Values, bounds: Values) -> str:
    """How far each guise moves the execution: mean and worst film, with the bound. All [N], in points."""
    said = "; ".join(f"{name} {mean:.2f}" for name, mean in zip(names, means, strict=True))
    with drawn(8, 0.3 * len(names) + 1.2) as figure:
        axes = figure.add_subplot(title="Guises", xlabel="difference to the plain twin, points of 30")
        places = np.arange(len(names))[::-1]
        axes.barh(places, means, height=0.6, alpha=0.75, label="mean")
        axes.plot(worst, places, "o", color=COLOURS[1], label="worst film")
        axes.plot(bounds, places, "|", color=INK, markersize=10, label="bound")
        axes.set_yticks(places, names)
        axes.legend(loc="lower right")
        return svg(figure, f"Mean difference of the execution by guise, points: {said}.")


def _reference(axes: Axes, x: tuple[float, float], y: tuple[float, float], label: str | None = None) -> None:
    """A dashed line to compare with."""
    axes.plot(x, y, color=INK, linewidth=1.2, linestyle="dashed", label=label)
