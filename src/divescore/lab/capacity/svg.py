"""Line charts as SVG, written by hand: a few lines and two axes need no plotting library."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, PANEL, LEFT, RIGHT, TOP, BOTTOM, ROW = 860, 220, 76, 20, 34, 44, 19
INK, FAINT = "#1c2b36", "#d5dde2"
COLOURS = ("#0b6e99", "#d1495b", "#66883b", "#8a5aa8", "#c98a00")
DASHES = ("", "7 4", "2 3", "9 3 2 3", "5 2")


@dataclass(frozen=True)
class Curve:
    """One line: its name in the legend, and its points."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """One chart; its axes begin at zero."""

    title: str
    x_name: str
    y_name: str
    curves: Sequence[Curve]


def drawing(title: str, panels: Sequence[Panel]) -> str:
    """The panels below each other with one legend, as an SVG document. The same input gives the same bytes."""
    names = list(dict.fromkeys(curve.name for panel in panels for curve in panel.curves))
    head = 38 + ROW * len(names)
    height = len(panels) * (PANEL + TOP + BOTTOM) + head
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="16" font-weight="600">{escape(title)}</text>',
    ]
    for number, name in enumerate(names):
        at = 44 + ROW * number
        parts.append(f'<path d="M{LEFT} {at}h34" {_style(number)}/>')
        parts.append(f'<text x="{LEFT + 44}" y="{at + 4}">{escape(name)}</text>')
    for number, panel in enumerate(panels):
        parts += _panel(panel, head + number * (PANEL + TOP + BOTTOM) + TOP, names)
    return "\n".join([*parts, "</svg>"]) + "\n"


def steps(most: float) -> list[float]:
    """About five round numbers from 0 that reach `most`."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / 5
    scale = 10.0 ** floor(log10(rough))
    step = next(factor * scale for factor in (1, 2, 2.5, 5, 10) if factor * scale >= rough * 0.999999)
    return [number * step for number in range(ceil(most / step - 1e-9) + 1)]


def _panel(panel: Panel, top: float, names: Sequence[str]) -> list[str]:
    xs = steps(max((max(curve.x, default=0) for curve in panel.curves), default=0))
    ys = steps(max((max(curve.y, default=0) for curve in panel.curves), default=0))
    right, bottom = WIDTH - RIGHT, top + PANEL

    def across(x: float) -> float:
        return LEFT + x / xs[-1] * (right - LEFT)

    def up(y: float) -> float:
        return bottom - y / ys[-1] * PANEL

    parts = [f'<text x="{LEFT}" y="{top - 10:g}" font-weight="600">{escape(panel.title)}</text>']
    for x in xs:
        parts.append(f'<path d="M{across(x):.1f} {top:g}V{bottom:g}" stroke="{FAINT}"/>')
        parts.append(f'<text x="{across(x):.1f}" y="{bottom + 18:g}" text-anchor="middle">{_number(x)}</text>')
    for y in ys:
        parts.append(f'<path d="M{LEFT} {up(y):.1f}H{right}" stroke="{FAINT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{up(y) + 4:.1f}" text-anchor="end">{_number(y)}</text>')
    parts.append(f'<text x="{right}" y="{bottom + 36:g}" text-anchor="end">{escape(panel.x_name)}</text>')
    parts.append(f'<text x="{right}" y="{top - 10:g}" text-anchor="end">{escape(panel.y_name)}</text>')
    for curve in panel.curves:
        points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in thinned(curve.x, curve.y))
        parts.append(f'<polyline points="{points}" {_style(names.index(curve.name))}/>')
    return parts


def _style(number: int) -> str:
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    return f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'


def thinned(x: Sequence[float], y: Sequence[float], most: int = 400) -> list[tuple[float, float]]:
    """At most about `most` points of a curve, evenly chosen, its last among them."""
    step = max(1, ceil(len(x) / most))
    points = list(zip(x, y, strict=True))
    return points[::step] + ([points[-1]] if points and (len(points) - 1) % step else [])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:g}"
