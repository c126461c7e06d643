"""Puts the figures into docs/capacity.md and draws its pictures: `python -m tests.bench.capacity_page`.

What stands between `<!-- name -->` and `<!-- end -->` is replaced; the rest of the page is written by hand.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from divescore.lab.capacity import tables
from divescore.lab.capacity.analysis import Analysis, analyse, scales
from divescore.lab.capacity.burst import polling_cost, simulate
from divescore.lab.capacity.peers import C3D_SECONDS, LAMBDA, beside_peers
from divescore.lab.capacity.peers import SCALES as PEER_SCALES
from divescore.lab.capacity.usage import Usage
from divescore.lab.capacity.workload import CORE_MB, Inputs, Workload

ROOT = Path(__file__).resolve().parents[2]
BURST, WITHIN = 100_000, 300.0
MILLION = Workload(1e6)
MEMORY = (1024, CORE_MB, 2048, 3008, 2 * CORE_MB, 5120)
KNOBS = {
    "fixed by the day": "alarms, metrics and dashboard: leave out those that nobody looks at",
    "video storage": "`RetentionDays`, and what a video may weigh (`MaxUploadBytes`)",
    "worker": "`WorkerMemory`, arm64, then machines of one's own behind the queue",
    "table": "`RetentionDays`; a smaller strip",
}


def figures(inputs: Inputs) -> dict[str, str]:
    """Every part of the page but the burst's, by name, as Markdown."""
    default, million = analyse(inputs), analyse(replace(inputs, workload=MILLION))
    measurement = inputs.measurement
    slow = replace(measurement, infer=C3D_SECONDS)
    large = analyse(replace(inputs, workload=MILLION, measurement=slow))
    old = polling_cost(inputs.prices, inputs.assumed)
    return {
        "times": _times(default),
        "usage": _usage(default.usage),
        "scales": _table(tables.SCALES, tables.scale_rows(scales(inputs)), 7),
        "limits": _table(tables.LIMITS, tables.limit_rows(million), 4),
        "cost": _cost((default, million, large), old.per_thousand),
        "memory": _memory(inputs, replace(inputs, measurement=slow)),
        "peers": _peers(inputs),
        "knobs": _knobs(inputs),
    }


def burst_figures(inputs: Inputs) -> tuple[str, str]:
    """The burst as a table in Markdown, and as a picture."""
    found = simulate(BURST, WITHIN, inputs)
    let_in = "; ".join(
        f"{limit.raise_it} ({limit.used:,.0f} of {limit.limit:,.0f} {limit.unit})" for limit in found.refused
    )
    table = _table(tables.BURST, tables.burst_rows(found), 1)
    return f"{table}\n\nTo let these uploads in at all, raise first: {let_in}.", found.picture()


def filled(page: str, parts: dict[str, str]) -> str:
    """The page with its parts replaced. Raises ValueError for a part that it has no place for."""
    for name, text in parts.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        found = place.search(page)
        if found is None:
            raise ValueError(f"the page has no place for {name}")
        page = f"{page[: found.end(1)]}{text}\n{page[found.start(2) :]}"
    return page


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> str:
    """A table whose columns after the first `words` are figures."""
    rule = ["---" if number < words else "---:" for number in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def _times(found: Analysis) -> str:
    it = found.inputs.measurement
    stages = {"download": it.download, "decode": it.decode, "network": it.infer, "around it": it.around}
    measured = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in stages.items())
    return (
        f"Measured ({it.source}), a five-second dive: {measured}. Taken for a worker on Lambda at "
        f"{found.inputs.deployment.memory_mb:,} MB: **{found.usage.attempt:.2f} s**."
    )


def _usage(usage: Usage) -> str:
    units = ("times", "writes", "index_writes", "reads", "records")
    rows = [
        [row.who, f"{row.service} `{row.operation}`", *(f"{value:g}" if value else "" for value in values)]
        for row in usage.rows
        for values in [[getattr(row, unit) for unit in units]]
    ]
    total = [f"**{usage.total(unit):g}**" for unit in units[1:]]
    head = ("by", "call", "times", "write units", "of indexes", "read units", "stream records")
    return _table(head, [*rows, ["", "in all", "", *total]], 2)


def _cost(found: Sequence[Analysis], old: float) -> str:
    """Dollars at twenty thousand dives a day, at a million, and at a million with a slow network."""
    _, million, _ = found
    parts = sorted(million.cost.per_thousand, key=lambda part: -million.cost.per_thousand[part])
    rows = [[name, *(f"{one.cost.per_thousand[name]:.4f}" for one in found), ""] for name in parts]
    fixed = [f"{sum(one.cost.per_day.values()) * 1000 / one.cost.jobs_per_day:.4f}" for one in found]
    total = [f"**{one.cost.total_per_thousand:.3f}**" for one in found]
    head = ("$ for a thousand dives", "20,000 a day", "1,000,000 a day", "the same with C3D (fp32)", "polling design")
    return _table(head, [*rows, ["fixed by the day", *fixed, ""], ["**all**", *total, f"**{old:.3f}**"]], 1)


def _memory(*networks: Inputs) -> str:
    """Seconds and dollars of an attempt by the worker's memory, with the shipped network and with C3D."""
    head = ["memory, MB", "cores"]
    for network in ("shipped", "C3D"):
        head += [f"{network}: s", "$ x86", "$ arm64"]
    rows = []
    for memory in MEMORY:
        row = [f"{memory:,}", f"{memory / CORE_MB:.2f}"]
        for inputs in networks:
            found = analyse(replace(inputs, deployment=replace(inputs.deployment, memory_mb=memory)))
            dollars = found.cost.per_thousand["worker"]
            row += [f"{found.usage.attempt:.2f}", *(f"{dollars * share:.4f}" for share in LAMBDA.values())]
        rows.append(row)
    return _table(head, rows, 0)


def _peers(inputs: Inputs) -> str:
    """Dollars of scoring a thousand dives by place, at each scale with each network."""
    head = ["scoring a thousand dives, $"]
    head += [f"{network}, {jobs:,.0f} a day" for network in ("shipped", "C3D") for jobs in PEER_SCALES]
    rows = [[name, *("" if one is None else f"{one:.4g}" for one in dollars)] for name, dollars in beside_peers(inputs)]
    return _table(head, rows, 1)


def _knobs(inputs: Inputs) -> str:
    """At each scale the parameters to raise, and the largest part of the bill with what makes it smaller."""
    rows = []
    for before, after in scales(inputs):
        dives = after.inputs.workload.jobs_per_day / 1000
        parts = after.cost.per_thousand | {"fixed by the day": sum(after.cost.per_day.values()) / dives}
        largest = max(parts, key=lambda part: parts[part])
        share = parts[largest] / after.cost.total_per_thousand
        raised = [limit.raise_it.split(" (")[0] for limit in before.broken if limit.owner == "parameter"]
        first = ", ".join(dict.fromkeys(raised)) or "nothing"
        rows.append([f"{dives * 1000:,.0f}", first, f"{largest}, {share:.0%}", KNOBS[largest]])
    return _table(("dives a day", "raise", "largest part of the bill", "its knob"), rows, 4)


def main(root: Path) -> None:
    """Rewrite the page of the checkout at `root`."""
    inputs = Inputs()
    table, drawing = burst_figures(inputs)
    page = root / "docs" / "capacity.md"
    page.write_text(filled(page.read_text("utf-8"), figures(inputs) | {"burst": table}), "utf-8")
    (root / "docs" / "images" / "burst.svg").write_text(drawing, "utf-8")
    sys.stdout.write(f"{page}\n")


if __name__ == "__main__":
    main(ROOT)
