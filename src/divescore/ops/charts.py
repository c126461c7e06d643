"""Charts as SVG text, drawn by matplotlib in one style: for the load report, the capacity study and evaluations.

The same data gives the same bytes: neither a date nor a random id enters the file, and text stays text.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from cycler import cycler
from matplotlib import style
from matplotlib.figure import Figure

COLOURS = ("#0b6e99", "#d1495b", "#66883b", "#8a5aa8", "#c98a00")
"""Colours of lines and areas, in order; told apart in greyscale and with the common kinds of colour blindness."""
INK, FAINT = "#1c2b36", "#d5dde2"
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "divescore",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


@contextmanager
def drawn(width: float, height: float) -> Iterator[Figure]:
    """A figure of `width` by `height` inches in the project's style; give it to `svg` before the block ends."""
    with style.context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def svg(figure: Figure, title: str) -> str:
    """The figure as one SVG element; `title` is what a screen reader says of it."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    return text.getvalue()
