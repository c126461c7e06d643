"""Puts the figures into docs/capacity.md and draws its pictures: `python -m divescore.lab.capacity.page`.

What stands between `<!-- name -->` and `<!-- end -->` is replaced; the rest of the page is written by hand.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from divescore.lab.capacity.analysis import Analysis, analyse, scales
from divescore.lab.capacity.burst import Scene, picture, refused, scenes
from divescore.lab.capacity.limits import Limit
from divescore.lab.capacity.measured import Measurement, read_measurement
from divescore.lab.capacity.polling import replaced
from divescore.lab.capacity.prices import Prices
from divescore.lab.capacity.tables import span
from divescore.lab.capacity.usage import Ledger
from divescore.lab.capacity.workload import Assumed, Deployment, Workload

BURST, WITHIN = 100_000, 300.0
MILLION = 1e6
C3D_SECONDS = 3.0  # of C3D's network in single precision, on the measuring machine


def figures(measurement: Measurement) -> dict[str, str]:
    """Every part of the page but the burst's, by name, as Markdown."""
    prices, assumed, deployment = Prices(), Assumed(), Deployment()
    million = analyse(Workload(MILLION), deployment, prices, assumed, measurement)
    default = analyse(Workload(), deployment, prices, assumed, measurement)
    slow = replace(measurement, work=replace(measurement.work, infer=C3D_SECONDS))
    large = analyse(Workload(MILLION), deployment, prices, assumed, slow)
    return {
        "times": _times(measurement, default),
        "ledger": _ledger(default.book),
        "scales": _scales(scales(Workload(), deployment, prices, assumed, measurement)),
        "limits": _limits(million.limits),
        "cost": _cost(default, million, large, replaced(prices, assumed).per_thousand),
    }


def burst_figures(measurement: Measurement) -> tuple[str, str]:
    """The burst as a table in Markdown, and as a picture."""
    workload, deployment, assumed = Workload(), Deployment(), Assumed()
    shown = scenes(BURST, WITHIN, measurement, workload, deployment, Prices(), assumed)
    away = refused(BURST, WITHIN, measurement, workload, deployment, assumed)
    return _burst(shown, away), picture(BURST, WITHIN, shown)


def filled(page: str, parts: dict[str, str]) -> str:
    """The page with its parts replaced. Raises ValueError for a part that it has no place for."""
    for name, text in parts.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        found = place.search(page)
        if found is None:
            raise ValueError(f"the page has no place for {name}")
        page = f"{page[: found.end(1)]}{text}\n{page[found.start(2) :]}"
    return page


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]], right: int = 1) -> str:
    """A table whose columns from number `right` on are numbers."""
    rule = ["---" if number < right else "---:" for number in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def _times(measurement: Measurement, found: Analysis) -> str:
    work = measurement.work
    stages = {"download": work.download, "decode": work.decode, "network": work.infer, "around it": work.around}
    told = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in stages.items())
    return (
        f"Measured ({measurement.source}), a five-second dive: {told}. Taken for a worker on Lambda at "
        f"{found.deployment.memory_mb:,} MB: **{found.attempt:.2f} s**."
    )


def _ledger(book: Ledger) -> str:
    rows = [
        [
            row.who,
            f"{row.service} `{row.operation}`",
            *(
                f"{value:g}" if value else ""
                for value in (row.times, row.writes, row.index_writes, row.reads, row.records)
            ),
        ]
        for row in book.rows
    ]
    total = [f"**{book.total(unit):g}**" for unit in ("writes", "index_writes", "reads", "records")]
    head = ("by", "call", "times", "write units", "of indexes", "read units", "stream records")
    return _rows(head, [*rows, ["", "in all", "", *total]], 2)


def _scales(found: Sequence[tuple[Analysis, Analysis]]) -> str:
    rows = []
    for before, after in found:
        daily = before.workload.jobs_per_day
        broken = ", ".join(f"{limit.name} ({limit.share:,.1f}x)" for limit in before.broken)
        fixed = next(limit for limit in after.limits if limit.owner in ("fixed", "design"))
        rows.append(
            [
                f"{daily:,.0f}",
                f"{before.workload.peak:,.2f}",
                f"{before.workers:,.0f}",
                broken or f"none; closest: {before.first.name}, {before.first.share:.0%}",
                f"{fixed.name}, {fixed.share:.0%}",
                f"{after.cost.total_per_thousand(daily):.3f}",
                f"{after.cost.day(daily):,.2f}",
            ]
        )
    head = (
        "dives a day",
        "a second at peak",
        "workers",
        "beyond its limit as deployed",
        "then closest",
        "$ a thousand",
        "$ a day",
    )
    return _rows(head, rows, 7)


def _limits(found: Sequence[Limit]) -> str:
    million = Workload(MILLION)
    rows = []
    for limit in found:
        at = limit.jobs_per_day(million)
        rows.append(
            [
                limit.name,
                limit.owner,
                f"{limit.used:,.4g} of {limit.limit:,.6g} {limit.unit}",
                limit.raise_it,
                f"{limit.share:.1%}",
                "never" if at == float("inf") else f"{float(f'{at:.2g}'):,.0f}",
            ]
        )
    return _rows(
        ("limit", "whose", "used in the busiest minute", "what to raise", "share", "reached at dives a day"), rows, 4
    )


def _cost(default: Analysis, million: Analysis, large: Analysis, old: float) -> str:
    rows = []
    for name in sorted(million.cost.per_thousand, key=lambda part: -million.cost.per_thousand[part]):
        rows.append([name, *(f"{found.cost.per_thousand[name]:.4f}" for found in (default, million, large)), ""])
    fixed = [
        f"{sum(found.cost.per_day.values()) * 1000 / found.workload.jobs_per_day:.4f}"
        for found in (default, million, large)
    ]
    total = [
        f"**{found.cost.total_per_thousand(found.workload.jobs_per_day):.3f}**" for found in (default, million, large)
    ]
    head = ("$ for a thousand dives", "20,000 a day", "1,000,000 a day", "the same with C3D (fp32)", "replaced design")
    return _rows(head, [*rows, ["fixed by the day", *fixed, ""], ["**all**", *total, f"**{old:.3f}**"]])


def _burst(shown: Sequence[Scene], away: Sequence[Limit]) -> str:
    rows = [
        [
            scene.name,
            span(scene.run.drain),
            span(scene.run.latency(0.5)),
            span(scene.run.latency(0.99)),
            f"{scene.run.peak_workers:,}",
            f"{scene.run.cold_starts:,}" if scene.run.cold_starts else "",
            f"{scene.requests:.1f}",
            f"{scene.dollars:,.2f}",
        ]
        for scene in shown
    ]
    head = ("design", "drained after", "score after, median", "p99", "workers", "cold starts", "requests a score", "$")
    let_in = "; ".join(f"{limit.raise_it} ({limit.used:,.0f} of {limit.limit:,.0f} {limit.unit})" for limit in away)
    return f"{_rows(head, rows)}\n\nTo let these uploads in at all, raise first: {let_in}."


def main(root: Path) -> None:
    """Rewrite the page of the checkout at `root`."""
    measurement = read_measurement()
    table, drawing = burst_figures(measurement)
    page = root / "docs" / "capacity.md"
    page.write_text(filled(page.read_text("utf-8"), figures(measurement) | {"burst": table}), "utf-8")
    (root / "docs" / "images" / "burst.svg").write_text(drawing, "utf-8")
    sys.stdout.write(f"{page}\n")


if __name__ == "__main__":
    main(Path(__file__).resolve().parents[4])
