"""The figures as rows of words: for the page, and as tables that fit a terminal of 80 columns."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from rich import box
from rich.console import Console
from rich.table import Table

from divescore.lab.capacity.analysis import Analysis
from divescore.lab.capacity.burst import Burst, PollingCost

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
COST = ("part", "$ a thousand", "$ a day")

Row = Sequence[str]


def limit_rows(found: Analysis) -> Iterator[Row]:
    """Each limit, under `LIMITS`."""
    for limit in found.limits:
        reached = limit.jobs_per_day(found.inputs.workload, digits=2)
        yield (
            limit.name,
            limit.owner,
            f"{limit.used:,.4g} of {limit.limit:,.6g} {limit.unit}",
            limit.raise_it,
            f"{limit.share:.1%}",
            "never" if reached is None else f"{reached:,.0f}",
        )


def scale_rows(found: Iterable[tuple[Analysis, Analysis]]) -> Iterator[Row]:
    """Each scale as deployed, and what is closest once everything that can be raised is, under `SCALES`."""
    for before, after in found:
        broken = ", ".join(f"{limit.name} ({limit.share:,.1f}x)" for limit in before.broken)
        first = before.limits[0]
        closest = next(limit for limit in after.limits if limit.owner in ("fixed", "design"))
        yield (
            f"{before.inputs.workload.jobs_per_day:,.0f}",
            f"{before.inputs.workload.peak:,.2f}",
            f"{before.workers:,.0f}",
            broken or f"none; closest: {first.name}, {first.share:.0%}",
            f"{closest.name}, {closest.share:.0%}",
            f"{after.cost.total_per_thousand:.3f}",
            f"{after.cost.total_per_day:,.2f}",
        )


def burst_rows(found: Burst) -> Iterator[Row]:
    """Each scenario of a burst, under `BURST`."""
    for scenario in found.scenarios:
        run = scenario.run
        yield (
            scenario.name,
            *(span(seconds) for seconds in (run.drain, run.latency(0.5), run.latency(0.99))),
            f"{run.worker.peak:,}",
            f"{run.worker.cold_starts:,}" if run.worker.cold_starts else "",
            f"{scenario.requests:.1f}",
            f"{scenario.dollars:,.2f}",
        )


def cost_rows(found: Analysis, old: PollingCost) -> Iterator[Row]:
    """Dollars by part, for a thousand dives and for a day, under `COST`."""
    cost, thousands = found.cost, found.inputs.workload.jobs_per_day / 1000
    parts = sorted(cost.per_thousand.items(), key=lambda part: -part[1])
    fixed = [(f"{name} (fixed)", price / thousands) for name, price in cost.per_day.items() if price]
    whole = [("all", cost.total_per_thousand), ("the polling design", old.per_thousand)]
    for name, price in [*parts, *fixed, *whole]:
        yield name, f"{price:.4f}", f"{price * thousands:,.2f}"


def span(seconds: float) -> str:
    """A length of time in the unit that fits it."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def table(title: str, head: Row, rows: Iterable[Row], below: Sequence[int] = ()) -> Table:
    """A table for a terminal: words on the left, which may be wrapped, then figures, which are not.

    What stands in the columns `below` comes under the first one's words.
    """
    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    beside = [number for number in range(1, len(head)) if number not in below]
    shown.add_column(head[0], ratio=1)
    for number in beside:
        shown.add_column("\n".join(wrap(head[number], 8)), justify="right", no_wrap=True)
    for row in rows:
        words = "".join(f"\n[dim]{head[number]}:[/dim] {row[number]}" for number in below)
        shown.add_row(f"[bold]{row[0]}[/bold]{words}", *(row[number] for number in beside), end_section=bool(below))
    return shown


def show_analysis(console: Console, found: Analysis, old: PollingCost) -> None:
    """One scale: what comes first, the limits, the cost."""
    workload, first = found.inputs.workload, found.limits[0]
    console.print(
        f"[bold]{workload.jobs_per_day:,.0f} dives a day[/bold]: {workload.average:.2f} a second, "
        f"{workload.peak:.2f} in the busiest minute. A worker takes {found.usage.attempt:.2f} s for a dive, "
        f"so {found.workers:.0f} work at once.\n"
        f"First limit: [bold]{first.name}[/bold], {first.share:.0%} used "
        f"({first.used:,.4g} of {first.limit:,.4g} {first.unit}). Raise: {first.raise_it}.\n"
    )
    console.print(table("Limits", LIMITS, [*limit_rows(found)][:SHOWN_LIMITS], below=(2, 3)), "")
    console.print(table("Cost in US dollars", COST, cost_rows(found, old)))


def show_burst(console: Console, found: Burst) -> None:
    """A burst in each of its scenarios, and what keeps it out."""
    console.print(table(f"{found.title} (simulated)", BURST, burst_rows(found)))
    for limit in found.refused:
        console.print(
            f"Before these uploads get in, raise {limit.raise_it}: "
            f"{limit.name}, {limit.used:,.0f} of {limit.limit:,.0f} {limit.unit}."
        )
