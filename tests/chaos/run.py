"""Fault injection on the whole local system.

    python -m tests.chaos.run --jobs 300 --kills 60 --duplicates 50 --push-failures 50 --json
    python -m tests.chaos.run --poison 5 --jobs 200 --json

Prints a report; the exit code is 1 when a promise was broken. `--lease` below the product's 30 s is for short runs.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.poison import poison
from tests.chaos.storm import Orders, Storm
from tests.chaos.system import ROOT, System
from tests.conftest import divescore, free_port

RENDER_WITHIN = 120.0
RENDERED = (("107B", 7), ("405C", 3))


def clips(folder: Path) -> list[Path]:
    """A few rendered dives: those that the page offers if it is built, or new ones."""
    made = sorted((ROOT / "web" / "public" / "samples").glob("*.webm"))
    for dive, seed in () if made else RENDERED:
        path = folder / f"{dive}.webm"
        done = divescore("render", "--dive", dive, "--seed", str(seed), "--out", str(path), timeout=RENDER_WITHIN)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        made.append(path)
    return made


def say(message: str) -> None:
    """Tell whoever watches."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - a command's own output


def injected_environment(lease: int, push_chance: float) -> dict[str, str]:
    """The functions' environment: the worker's for a lease of that many seconds, notify's for its failures."""
    chance = {"CHAOS_PUSH_CHANCE": str(push_chance)}
    return chance if lease == 30 else chance | {"LEASE_SECONDS": str(lease), "HEARTBEAT_SECONDS": str(lease / 3)}


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--duplicates", type=int, default=50)
    parser.add_argument("--push-failures", type=int, default=50)
    parser.add_argument("--publish-failures", type=int, default=50)
    parser.add_argument("--push-chance", type=float, default=0.2, help="of a push to be one that fails, until all have")
    parser.add_argument("--engine-restarts", type=int, default=2)
    parser.add_argument("--socket-cuts", type=int, default=10)
    parser.add_argument("--outside-kills", type=int, default=10)
    parser.add_argument("--idle-kills", type=int, default=8)
    parser.add_argument("--in-flight", type=int, default=10)
    parser.add_argument("--poison", type=int, default=0, help="instead of a storm: films that kill their worker")
    parser.add_argument("--calm", action="store_true", help="restart the engine only between two deliveries")
    parser.add_argument("--lease", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds that a client waits for its score")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="nothing but the report on standard output (always so)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # an exit that takes the system down
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        videos = clips(Path(folder))
        environment = injected_environment(options.lease, options.push_chance)
        system = System.start(Path(folder) / "home", options.port or free_port(), environment, say)
        try:
            if options.poison:
                document, holds = asyncio.run(poison(system, options.jobs, options.poison, videos, Path(folder), say))
            else:
                orders = Orders(
                    jobs=options.jobs,
                    kills=options.kills,
                    duplicates=options.duplicates,
                    push_failures=options.push_failures,
                    publish_failures=options.publish_failures,
                    engine_restarts=options.engine_restarts,
                    socket_cuts=options.socket_cuts,
                    outside_kills=options.outside_kills,
                    idle_kills=options.idle_kills,
                    in_flight=options.in_flight,
                    calm=options.calm,
                    seed=options.seed,
                    timeout=options.timeout,
                )
                report = asyncio.run(Storm(system, orders, videos, say).run())
                document, holds = report.document(), report.holds
        finally:
            system.stop()
    print(json.dumps({"seed": options.seed, "lease_seconds": options.lease, **document}, indent=2))  # noqa: T201 - what the command is for
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
