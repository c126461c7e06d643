"""A report in a few lines for people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from divescore.ops.load.thresholds import COUNTS

FIGURES = ("p50", "p90", "p95", "p99", "p99.9", "max")


def print_summary(report: Mapping[str, Any], page: Path | None) -> None:
    """Counts, latencies by stage, requirements."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"[bold]{report['scored']} of {report['jobs']} scored[/], {report['throughput']:.2f} a second; "
        f"{report['sent']} sent in {report['duration']:.1f} s"
    )
    trouble = [f"{report[name]} {name.replace('_', ' ')}" for name in COUNTS if report[name]]
    console.print(f"  {', '.join(trouble) or 'nothing lost, doubled, out of order, late or dropped'}")
    for code, count in report["errors"].items():
        console.print(f"  {code}: {count}", markup=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    table.add_column("seconds from due", no_wrap=True)
    for figure in FIGURES:
        table.add_column(figure, justify="right")
    for stage, spread in report["latency"].items():
        table.add_row(stage, *(f"{spread[figure]:.3f}" if figure in spread else "" for figure in FIGURES))
    console.print(table)
    for verdict in report["requirements"]:
        actual = "nothing measured" if verdict["actual"] is None else f"{verdict['actual']:g}"
        word = "[green]met[/]" if verdict["met"] else "[red]not met[/]"
        console.print(f"{verdict['require']}  {actual}  {word}")
    if report["interrupted"]:
        console.print("The run was interrupted.")
    if report["out_of_patience"]:
        console.print("The run ended because no messages came any more.")
    if page is not None:
        console.print(f"report: {page}", markup=False)
