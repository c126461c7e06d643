"""Charts as SVG text, drawn by matplotlib in one style: for the load report, the capacity study and evaluations.

The same data gives the same bytes: neither a date nor a random id enters the file, and text stays text.
"""

import io
import re
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
    # The grid shows where a label belongs.
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
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


def inline_svg(figure: Figure, title: str) -> str:
    """The same for a page of HTML: small, without a background or fonts of its own.

    Its colours are the page's custom properties `--ink`, `--faint` and `--line0` to `--line4`, so that one drawing
    suits a light and a dark page; where the page sets none they are those of a file.
    """
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    text = svg(figure, title)
    text = text[text.index("<svg ") :].replace("<svg ", '<svg role="img" ', 1)
    for pattern in (r"<metadata>.*?</metadata>", r"(?<=<g) id=\"[^\"]*\"", r"font-family: [^;]*; "):
        text = re.sub(pattern, "", text, flags=re.DOTALL)
    properties = {INK: "ink", FAINT: "faint"} | {colour: f"line{number}" for number, colour in enumerate(COLOURS)}
    for colour, name in properties.items():
        text = text.replace(colour, f"var(--{name},{colour})")
    # A tenth of a point is as fine as anybody can see.
    text = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d)\d+", r"\1", path[0]), text)
    return re.sub(r"\s*\n\s*", " ", text).strip()
