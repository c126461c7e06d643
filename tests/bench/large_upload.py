"""A 200 MB video over loopback, in parts and as a form: how long it takes, and how much memory the engine needs for it.

    python -m tests.bench.large_upload [--mb 200] [--runs 3]

Each way has a system of its own, since an engine keeps memory that it once had; the form's takes all videos as forms.
What the service does with the video afterwards is the same. Promised: in parts it takes no longer
than as a form, and the engine's peak memory stays below the form's; the exit code is 1 when it does not.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from divescore.client.http import Http
from divescore.client.models import UploadInParts
from divescore.client.parts.sender import PartsSender
from divescore.client.upload import upload
from divescore.stack import local_state
from tests.chaos.reconnect import own_system

MB = 2**20
LARGEST = 4 * 1024 * MB


async def send(http: Http, film: Path, size: int) -> None:
    """As the client sends it: in parts or as a form, which the service decides."""
    made = await http.create(film.name, None, size)
    if isinstance(made.upload, UploadInParts):
        await PartsSender(http, (made.job_id, made.token), made.upload.parts, film, size).run()
    else:
        await upload(http.client, made.upload, film, size=size)


def memory(pid: int, name: str) -> float:
    """VmRSS or VmHWM (the peak) of a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def measured(above: int, film: Path, runs: int) -> dict[str, Any]:
    """The figures on a system that takes videos above so many bytes in parts. The peaks are of the runs so far."""
    size = film.stat().st_size
    with own_system({"PartsAboveBytes": str(above)}) as system:
        state = local_state.load(Path(system.addresses["env"]["DIVESCORE_HOME"]))
        assert state is not None
        pid = state.engine.pid
        before = memory(pid, "VmRSS")
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak counts from here

        async def once() -> float:
            async with Http(system.api) as http:
                started = time.monotonic()
                await send(http, film, size)
                return time.monotonic() - started

        seconds, peaks = [], []
        for _ in range(runs):
            seconds.append(round(asyncio.run(once()), 2))
            peaks.append(round(memory(pid, "VmHWM")))
    return {"seconds": seconds, "median": median(seconds), "engine_mb_before": round(before), "engine_mb_peaks": peaks}


def main() -> int:
    """Measure, print, and tell whether the promises are kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        with film.open("wb") as file:
            for _ in range(options.mb):
                file.write(os.urandom(MB))
        parts, form = (measured(above, film, options.runs) for above in (16 * MB, LARGEST))
    kept = {
        "as fast": parts["median"] <= form["median"],
        "less memory": parts["engine_mb_peaks"] < form["engine_mb_peaks"],
    }
    loads = [round(load, 2), round(os.getloadavg()[0], 2)]
    print(json.dumps({"mb": options.mb, "parts": parts, "form": form, "kept": kept, "load": loads}, indent=2))  # noqa: T201
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
