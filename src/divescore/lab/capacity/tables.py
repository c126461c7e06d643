"""The figures as rows of words: for the page, and as tables that fit a terminal of 80 columns."""

from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from divescore.lab.capacity.analysis import Analysis
from divescore.lab.capacity.burst import Scenario
from divescore.lab.capacity.limits import Limit
from divescore.lab.capacity.polling import PollingCost
from divescore.lab.capacity.workload import Workload

SHOWN_LIMITS = 12
LIMITS = ("limit", "whose", "used in the busiest minute", "what to raise", "share", "reached at dives a day")
SCALES = (
    "dives a day",
    "a second at peak",
    "workers",
    "beyond its limit as deployed",
    "then closest",
    "$ a thousand",
    "$ a day",
)
BURST = ("design", "drained after", "score after, median", "p99", "workers", "cold starts", "requests a score", "$")

Row = Sequence[str]


def limit_rows(found: Iterable[Limit], workload: Workload) -> Iterator[Row]:
    """Each limit, under `LIMITS`."""
    for limit in found:
        at = limit.jobs_per_day(workload)
        yield (
            limit.name,
            limit.owner,
            f"{limit.used:,.4g} of {limit.limit:,.6g} {limit.unit}",
            limit.raise_it,
            f"{limit.share:.1%}",
            "never" if at == float("inf") else f"{float(f'{at:.2g}'):,.0f}",
        )


def scale_rows(found: Iterable[tuple[Analysis, Analysis]]) -> Iterator[Row]:
    """Each scale as deployed, and what is closest once everything that can be raised is, under `SCALES`."""
    for before, after in found:
        broken = ", ".join(f"{limit.name} ({limit.share:,.1f}x)" for limit in before.broken)
        closest = next(limit for limit in after.limits if limit.owner in ("fixed", "design"))
        yield (
            f"{before.inputs.workload.jobs_per_day:,.0f}",
            f"{before.inputs.workload.peak:,.2f}",
            f"{before.workers:,.0f}",
            broken or f"none; closest: {before.first.name}, {before.first.share:.0%}",
            f"{closest.name}, {closest.share:.0%}",
            f"{after.dollars_per_thousand:.3f}",
            f"{after.dollars_per_day:,.2f}",
        )


def burst_rows(scenarios: Iterable[Scenario]) -> Iterator[Row]:
    """Each scenario of a burst, under `BURST`."""
    for scenario in scenarios:
        trace = scenario.trace
        yield (
            scenario.name,
            *(span(seconds) for seconds in (trace.drain, trace.latency(0.5), trace.latency(0.99))),
            f"{trace.peak_workers:,}",
            f"{trace.cold_starts:,}" if trace.cold_starts else "",
            f"{scenario.requests:.1f}",
            f"{scenario.dollars:,.2f}",
        )


def cost_rows(found: Analysis, old: PollingCost) -> Iterator[Row]:
    """Dollars by part, for a thousand dives and for a day."""
    daily = found.inputs.workload.jobs_per_day
    for name, price in sorted(found.cost.per_thousand.items(), key=lambda part: -part[1]):
        yield name, f"{price:.4f}", f"{price * daily / 1000:,.2f}"
    for name, price in found.cost.per_day.items():
        if price:
            yield f"{name} (fixed)", f"{price * 1000 / daily:.4f}", f"{price:,.2f}"
    yield "all", f"{found.dollars_per_thousand:.4f}", f"{found.dollars_per_day:,.2f}"
    yield "the polling design", f"{old.per_thousand:.4f}", f"{old.per_thousand * daily / 1000:,.2f}"


def span(seconds: float) -> str:
    """A length of time in the unit that fits it."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def show_analysis(console: Console, found: Analysis, old: PollingCost) -> None:
    """One scale: what comes first, the limits, the cost."""
    workload, first = found.inputs.workload, found.first
    console.print(
        f"[bold]{workload.jobs_per_day:,.0f} dives a day[/bold]: {workload.average:.2f} a second, "
        f"{workload.peak:.2f} in the busiest minute. A worker takes {found.usage.attempt:.2f} s for a dive, "
        f"so {found.workers:.0f} work at once.\n"
        f"First limit: [bold]{first.name}[/bold], {first.share:.0%} used "
        f"({first.used:,.4g} of {first.limit:,.4g} {first.unit}). Raise: {first.raise_it}.\n"
    )
    head = ("limit, and what to raise", "used", "share", "reached at\ndives a day")
    limits = _table("Limits in the busiest minute", head, 2)
    shown = found.limits[:SHOWN_LIMITS]
    for limit, (name, _, used, raise_it, *figures) in zip(shown, limit_rows(shown, workload), strict=True):
        mark = "bold red" if limit.share > 1 else "yellow" if limit.share > 0.5 else ""
        limits.add_row(name, used, *figures, style=mark)
        limits.add_row(Padding(raise_it, (0, 0, 0, 2)), style="dim", end_section=True)
    costs = _table("Cost in US dollars", ("part", "a thousand dives", "a day"), 1)
    for row in cost_rows(found, old):
        costs.add_row(*row)
    console.print(limits, "", costs)


def show_scales(console: Console, found: Sequence[tuple[Analysis, Analysis]]) -> None:
    """One block for each scale."""
    console.print("[bold]From a thousand to ten million dives a day[/bold]")
    for row in scale_rows(found):
        block = Table.grid("", "", padding=(0, 2))
        for name, value in zip(SCALES[1:], row[1:], strict=True):
            block.add_row(name, value)
        console.print(f"\n[bold]{row[0]} {SCALES[0]}[/bold]", Padding(block, (0, 0, 0, 2)))


def show_burst(console: Console, jobs: int, seconds: float, scenarios: Sequence[Scenario]) -> None:
    """A burst in each of its scenarios."""
    title = f"{jobs:,} uploads within {seconds / 60:g} minutes (simulated)"
    table = _table(title, [name.replace(" ", "\n") for name in BURST], 1)
    table.padding = 0  # so many columns leave no room for more than one space between them
    for row in burst_rows(scenarios):
        table.add_row(*row)
    console.print(table)


def _table(title: str, head: Sequence[str], words: int) -> Table:
    """A table whose first `words` columns are words, which may be wrapped; the others are figures, which are not."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for number, name in enumerate(head):
        table.add_column(name, justify="left" if number < words else "right", no_wrap=number >= words)
    return table
