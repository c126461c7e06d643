"""Whether the simulation tells how long a real flood takes: time to drain, simulated against measured.

    python -m tests.bench.simulated --report flood.json [--times-of other.json] [--json]
    python -m tests.bench.simulated [--jobs 200] [--json]

With --report, a flood that was measured before (`divescore load --json` or `divescore bench --json`); else one on a
system that this program starts and stops itself. The simulation gets the flood's arrivals, its number of workers and
how long each of them took to start; and service times: by default those of the flood itself, with --times-of those of
another, smaller one, which makes it a prediction. Exit code 1 when the two differ by more than 15 %.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from divescore.lab.capacity.documents import DocumentInvalid
from divescore.ops.load.flood import flood, flood_report
from tests.bench.engine_emulation import LocalSystem, simulate_local
from tests.bench.latency import system
from tests.bench.recorded_flood import Flood, read_flood
from tests.conftest import divescore

PROMISED = 0.15
SEEDS = 9
FLOOD_ENDS_WITHIN = 900.0
AT_ONCE = 8
WARM_UP = 16
CALIBRATION = 60


def compare(measured: Flood, times: Flood, seeds: int = SEEDS) -> dict[str, Any]:
    """The flood against its simulation with the service times of `times`; the ratio is simulated to measured."""
    # The measured gap holds what the engine's loop and notify took of it, so they take nothing besides.
    local = LocalSystem(
        measured.workers,
        times.service,
        gap=times.gap,
        starts=measured.starts,
        notify=0.0,
        notify_record=0.0,
        direct=measured.direct,
    )
    traces = [simulate_local(local, measured.arrived, seed) for seed in range(seeds)]
    drains = [max(trace.scored) - min(trace.arrived) for trace in traces]
    ratio = mean(drains) / measured.drain
    return {
        "jobs": len(measured.arrived),
        "workers": measured.workers,
        "service": round(times.service.mean, 4),
        "gap": round(times.gap.mean, 4),
        "starts": [round(seconds, 3) for seconds in measured.starts],
        "measured": measured.drain,
        "simulated": round(mean(drains), 3),
        "least": round(min(drains), 3),
        "most": round(max(drains), 3),
        "ratio": round(ratio, 4),
        "promised": PROMISED,
        "kept": abs(ratio - 1) <= PROMISED,
    }


def measured_here(api: str, clip: Path, jobs: int, folder: Path) -> tuple[Flood, Flood]:
    """A small flood and a larger one on the system at `api`."""

    async def run(count: int) -> dict[str, Any]:
        log = await flood(api, clip, count, AT_ONCE, FLOOD_ENDS_WITHIN)
        return flood_report(log, AT_ONCE, max(2, os.cpu_count() or 2))

    floods = []
    asyncio.run(run(WARM_UP))
    for name, count in (("small", CALIBRATION), ("large", jobs)):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(asyncio.run(run(count))))
        floods.append(read_flood(path))
    return floods[0], floods[1]


def main() -> None:
    """Compare, print, and fail when the promise is not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--report", type=Path, help="the flood's document; default: a flood on a system of its own")
    parser.add_argument("--times-of", type=Path, help="take service times from this flood's document")
    parser.add_argument("--jobs", type=int, default=200, help="dives of a flood of its own")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        if arguments.report:
            measured = read_flood(arguments.report)
            times = read_flood(arguments.times_of) if arguments.times_of else None
        else:
            with tempfile.TemporaryDirectory() as folder, system() as api:
                clip = Path(folder) / "dive.webm"
                drawn = divescore("render", "--dive", "107B", "--seed", "7", "--out", str(clip), timeout=60)
                if drawn.returncode != 0:
                    raise SystemExit(drawn.stderr)
                times, measured = measured_here(api, clip, arguments.jobs, Path(folder))
    except DocumentInvalid as error:
        raise SystemExit(str(error)) from error
    found = {"own_times": compare(measured, measured)}
    if times is not None:
        found["times_of_another"] = compare(measured, times)
    if arguments.json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        for name, figures in found.items():
            measured_in, simulated_in = f"{figures['measured']:.1f} s", f"{figures['simulated']:.1f} s"
            spread = f"{figures['least']:.1f} to {figures['most']:.1f}"
            kept = "kept" if figures["kept"] else "NOT KEPT"
            sys.stdout.write(
                f"{name}: {figures['jobs']} dives, {figures['workers']} workers, drained in {measured_in}, "
                f"simulated {simulated_in} ({spread}), ratio {figures['ratio']:.3f}: {kept}\n"
            )
    raise SystemExit(0 if all(figures["kept"] for figures in found.values()) else 1)


if __name__ == "__main__":
    main()
