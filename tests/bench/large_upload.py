"""A 200 MB video over loopback, in parts and as a form: how long it takes, and how much memory the engine needs for it.

    python -m tests.bench.large_upload [--mb 200] [--runs 3]

Each way has a system of its own, since an engine keeps memory that it once had. Promised: in parts it takes no longer
than as a form, and the engine's peak memory stays below the form's; the exit code is 1 when it does not.
"""

import argparse
import asyncio
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

from divescore.client.http import Http
from divescore.client.models import UploadForm, UploadInParts
from divescore.client.parts.sender import PartsSender
from divescore.client.upload import upload
from divescore.jobs.model import object_key
from divescore.stack import local_state
from divescore.stack.clients import clients_of_engine
from tests.conftest import divescore, free_port

MB = 2**20
STARTS_WITHIN = 240.0
Way = Callable[[Http, local_state.LocalState, Path, int], Awaitable[None]]


async def in_parts(http: Http, _state: local_state.LocalState, film: Path, size: int) -> None:
    """As the client sends it."""
    made = await http.create(film.name, None, size)
    assert isinstance(made.upload, UploadInParts)
    await PartsSender(http, (made.job_id, made.token), made.upload.parts, film, size).run()


async def as_form(http: Http, state: local_state.LocalState, film: Path, size: int) -> None:
    """As it would be sent if the service gave a form; the owner's rights sign the same one."""
    assert state.credentials is not None
    assert state.stack is not None
    s3 = clients_of_engine(state.engine, state.credentials, state.region)("s3")
    key = object_key(secrets.token_hex(16))
    form = s3.generate_presigned_post(
        state.stack.bucket, key, Conditions=[["content-length-range", size, size]], ExpiresIn=900
    )
    await upload(http.client, UploadForm(url=form["url"], fields=form["fields"]), film, size=size)


def memory(pid: int, name: str) -> float:
    """VmRSS or VmHWM (the peak) of a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def measured(way: Way, film: Path, runs: int) -> dict[str, Any]:
    """The figures of one way, on a system of its own."""
    size = film.stat().st_size
    with tempfile.TemporaryDirectory(prefix="divescore-bench-") as home:
        env = {"DIVESCORE_HOME": home}
        up = divescore("up", "--detach", "--json", "--port", str(free_port()), timeout=STARTS_WITHIN, env=env)
        try:
            if up.returncode != 0:
                raise SystemExit(up.stderr)
            state = local_state.load(Path(home))
            assert state is not None
            assert state.stack is not None
            api, pid = state.stack.api, state.engine.pid
            before = memory(pid, "VmRSS")
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak counts from here

            async def once() -> float:
                async with Http(api) as http:
                    started = time.monotonic()
                    await way(http, state, film, size)
                    return time.monotonic() - started

            seconds = [asyncio.run(once()) for _ in range(runs)]
            peak = memory(pid, "VmHWM")
        finally:
            divescore("down", timeout=STARTS_WITHIN, env=env)
    return {
        "seconds": [round(one, 2) for one in seconds],
        "median": round(median(seconds), 2),
        "best": round(min(seconds), 2),
        "engine_mb_before": round(before),
        "engine_mb_peak": round(peak),
    }


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
        parts, form = (measured(way, film, options.runs) for way in (in_parts, as_form))
    kept = {
        "as fast": parts["median"] <= form["median"],
        "less memory": parts["engine_mb_peak"] < form["engine_mb_peak"],
    }
    loads = [round(load, 2), round(os.getloadavg()[0], 2)]
    print(json.dumps({"mb": options.mb, "parts": parts, "form": form, "kept": kept, "load": loads}, indent=2))  # noqa: T201
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
