"""A small writer of charts as self-contained SVG, readable on light and dark grounds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

STYLE = """
.ground{fill:#ffffff}.text{fill:#24292f;font:13px system-ui,sans-serif}.title{font-weight:600;font-size:15px}
.small{font-size:11px}.axis{stroke:#57606a}.grid{stroke:#d8dee4}
.reference{stroke:#24292f;stroke-width:1.5;stroke-dasharray:5 4}
.a{--ink:#0a5fc2}.b{--ink:#bc4c00}.line{stroke:var(--ink);stroke-width:2;fill:none}.fill{fill:var(--ink)}
.band{fill:var(--ink);opacity:.2}.dot{fill:var(--ink);opacity:.45}.bar{fill:var(--ink);opacity:.75}
@media(prefers-color-scheme:dark){.ground{fill:#0d1117}.text{fill:#e6edf3}.axis{stroke:#9198a1}.grid{stroke:#30363d}
.reference{stroke:#e6edf3}.a{--ink:#6cb6ff}.b{--ink:#f69d50}}
"""
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 24.0, 46.0, 48.0


@dataclass(frozen=True)
class Axis:
    """Values `low` to `high` along one side; ticks at round values unless given as (value, text)."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] | None = None

    def marks(self) -> tuple[tuple[float, str], ...]:
        """Where the axis carries which text."""
        if self.ticks is not None:
            return self.ticks
        step = _round_step((self.high - self.low) / 5)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple((index * step, f"{index * step:g}") for index in range(first, last + 1))


class Chart:
    """One chart, in pixels `width` x `height`; drawn from back to front in the order of the calls.

    `tone` is `a` (blue) or `b` (orange), so that two series stay apart.
    """

    def __init__(self, title: str, x: Axis, y: Axis, width: float = 520, height: float = 400) -> None:
        self.title, self.width, self.height = title, width, height
        self._x, self._y = x, y
        self._parts: list[str] = []
        self._frame()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a place on the axes; what lies outside is put on the edge."""
        across = (min(max(x, self._x.low), self._x.high) - self._x.low) / (self._x.high - self._x.low)
        up = (min(max(y, self._y.low), self._y.high) - self._y.low) / (self._y.high - self._y.low)
        right, bottom = self.width - _RIGHT, self.height - _BOTTOM
        return round(_LEFT + across * (right - _LEFT), 2), round(bottom - up * (bottom - _TOP), 2)

    def points(self, xs: Sequence[float], ys: Sequence[float], tone: str = "a", radius: float = 3) -> None:
        """A dot for each pair."""
        for x, y in zip(xs, ys, strict=True):
            across, down = self.at(float(x), float(y))
            self._parts.append(f'<circle class="{tone} dot" cx="{across:g}" cy="{down:g}" r="{radius:g}"/>')

    def line(self, xs: Sequence[float], ys: Sequence[float], tone: str = "a") -> None:
        """A line through the pairs."""
        self._parts.append(f'<polyline class="{tone} line" points="{self._path(xs, ys)}"/>')

    def reference(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """A dashed line to compare with."""
        (x1, y1), (x2, y2) = self.at(*start), self.at(*end)
        self._parts.append(f'<line class="reference" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>')

    def band(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], tone: str = "a") -> None:
        """The ground between two lines."""
        outline = f"{self._path(xs, low)} {self._path(list(xs)[::-1], list(high)[::-1])}"
        self._parts.append(f'<polygon class="{tone} band" points="{outline}"/>')

    def box(self, start: tuple[float, float], end: tuple[float, float], tone: str = "a") -> None:
        """A filled box between two corners."""
        (x1, y1), (x2, y2) = self.at(*start), self.at(*end)
        left, top, width, height = min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1)
        shape = f'x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}"'
        self._parts.append(f'<rect class="{tone} bar" {shape}/>')

    def text(self, x: float, y: float, words: str, anchor: str = "start", shift: tuple[float, float] = (6, 4)) -> None:
        """Words beside a place."""
        across, down = self.at(x, y)
        self._write(across + shift[0], down + shift[1], words, anchor, "small")

    def legend(self, entries: Sequence[tuple[str, str]]) -> None:
        """Names of the series as (tone, words), below the title."""
        across = _LEFT
        for tone, words in entries:
            self._parts.append(f'<rect class="{tone} fill" x="{across:g}" y="27" width="10" height="8"/>')
            self._write(across + 14, 35, words, "start", "small")
            across += 30 + 6.2 * len(words)

    def inner(self) -> str:
        """What is drawn, without the document around it."""
        return "\n".join(self._parts)

    def _frame(self) -> None:
        left, bottom = self.at(self._x.low, self._y.low)
        right, top = self.at(self._x.high, self._y.high)
        self._write(_LEFT, 20, self.title, "start", "title")
        for value, words in self._y.marks():
            _, down = self.at(self._x.low, value)
            self._parts.append(f'<line class="grid" x1="{left:g}" y1="{down:g}" x2="{right:g}" y2="{down:g}"/>')
            self._write(left - 7, down + 4, words, "end", "small")
        for value, words in self._x.marks():
            across, _ = self.at(value, self._y.low)
            self._parts.append(
                f'<line class="axis" x1="{across:g}" y1="{bottom:g}" x2="{across:g}" y2="{bottom + 4:g}"/>'
            )
            self._write(across, bottom + 17, words, "middle", "small")
        self._parts.append(
            f'<polyline class="axis" fill="none" points="{left:g},{top:g} {left:g},{bottom:g} {right:g},{bottom:g}"/>'
        )
        self._write((left + right) / 2, bottom + 36, self._x.label, "middle")
        middle = (top + bottom) / 2
        turned = f'transform="rotate(-90 14 {middle:g})"'
        self._parts.append(
            f'<text class="text" x="14" y="{middle:g}" text-anchor="middle" {turned}>{escape(self._y.label)}</text>'
        )

    def _write(self, x: float, y: float, words: str, anchor: str, extra: str = "") -> None:
        name = f"text {extra}".strip()
        self._parts.append(f'<text class="{name}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>')

    def _path(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        places = (self.at(float(x), float(y)) for x, y in zip(xs, ys, strict=True))
        return " ".join(f"{across:g},{down:g}" for across, down in places)


def document(charts: Sequence[Chart], description: str, columns: int = 1) -> str:
    """An SVG file of one chart or of several in rows of `columns`; `description` is for who cannot see it."""
    width = max(chart.width for chart in charts)
    height = max(chart.height for chart in charts)
    columns = min(columns, len(charts))
    rows = math.ceil(len(charts) / columns)
    total = f"{width * columns:g}", f"{height * rows:g}"
    places = [(width * (index % columns), height * (index // columns)) for index in range(len(charts))]
    placed = [
        f'<g transform="translate({left:g} {top:g})">\n{chart.inner()}\n</g>'
        for (left, top), chart in zip(places, charts, strict=True)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total[0]} {total[1]}" '
            f'width="{total[0]}" height="{total[1]}" role="img" aria-label="{escape(description)}">',
            f"<style>{STYLE}</style>",
            '<rect class="ground" width="100%" height="100%"/>',
            *placed,
            "</svg>\n",
        ]
    )


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * (1 - 1e-9))
