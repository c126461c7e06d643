"""Line plots as SVG, drawn by hand so that a report needs nothing but itself. Pure.

Colours are the page's custom properties, so that one drawing suits light and dark.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 40
TICKS = 6

Point = tuple[float, float]
Scale = Callable[[float], float]


@dataclass(frozen=True)
class Line:
    """A named line; `colour` is the number of one of the page's series colours, `steps` draws it as stairs."""

    name: str
    points: Sequence[Point]
    colour: int
    steps: bool = False


def plot(
    title: str,
    lines: Sequence[Line],
    x_label: str,
    y_label: str,
    x_ticks: Sequence[tuple[float, str]] | None = None,
    log_y: bool = False,
) -> str:
    """An SVG of the lines with axes, a grid and a legend. `x_ticks`: (position, label); else round numbers."""
    lines = [line for line in lines if line.points]
    if not lines:
        return f'<p class="empty">{escape(title)}: nothing was measured.</p>'
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    x_from, x_to = min(0.0, min(xs)), max(max(xs), 1e-9)
    across = _scale(x_from, x_to, LEFT, WIDTH - RIGHT)
    vertical, y_ticks = _logarithmic(ys) if log_y else _linear(ys)
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">']
    for value, label in y_ticks:
        y = vertical(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    for value, label in x_ticks or [tick for tick in nice_ticks(x_from, x_to) if tick[0] <= x_to]:
        x = across(value)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(
            f'<text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(label)}</text>'
        )
    for line in lines:
        points = stairs(line.points) if line.steps else line.points
        path = " ".join(f"{across(x):.1f},{vertical(y):.1f}" for x, y in points)
        parts.append(
            f'<polyline class="line c{line.colour}" points="{path}"><title>{escape(line.name)}</title></polyline>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text class="axis" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>')
    half = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="axis" transform="rotate(-90 14 {half})" x="14" y="{half}" text-anchor="middle">'
        f"{escape(y_label)}</text></svg>"
    )
    legend = "".join(f'<span><i class="c{line.colour}"></i>{escape(line.name)}</span>' for line in lines)
    return (
        f'<figure><figcaption>{escape(title)}</figcaption>{"".join(parts)}<div class="legend">{legend}</div></figure>'
    )


def stairs(points: Sequence[Point]) -> list[Point]:
    """The points of a line that keeps each value until the next one."""
    if not points:
        return []
    steps = [points[0]]
    for x, y in points[1:]:
        steps += [(x, steps[-1][1]), (x, y)]
    return steps


def nice_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Round numbers from `low` to at least `high`, about as many as fit."""
    rough = max(high - low, 1e-9) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [(number * step, f"{round(number * step, 10):,g}") for number in range(first, max(last, first + 1) + 1)]


def _linear(ys: Sequence[float]) -> tuple[Scale, list[tuple[float, str]]]:
    ticks = nice_ticks(0.0, max(max(ys), 1e-9))
    return _scale(0.0, ticks[-1][0], HEIGHT - BOTTOM, TOP), ticks


def _logarithmic(ys: Sequence[float]) -> tuple[Scale, list[tuple[float, str]]]:
    """Whole powers of ten around the values; what is not positive lies on the axis."""
    bottom = math.floor(math.log10(min((y for y in ys if y > 0), default=1e-3)))
    top = max(math.ceil(math.log10(max(*ys, 1e-9))), bottom + 1)
    up = _scale(bottom, top, HEIGHT - BOTTOM, TOP)

    def vertical(y: float) -> float:
        return up(math.log10(max(y, 10.0**bottom)))

    return vertical, [(10.0**power, f"{10.0**power:g}") for power in range(bottom, top + 1)]


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    span = high - low or 1.0

    def scaled(value: float) -> float:
        return start + (value - low) / span * (end - start)

    return scaled
