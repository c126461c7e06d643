"""What a worker reads and how long it takes until its first dive, stage by stage, from the image's own files.

    python -m tests.bench.coldstart [--runs 5] [--image DIR] [--json]

The image's contents are built without Docker (tests.image) into a folder of their own, and the worker is started there
in stages by the plain interpreter. Two measurements, since time and reading disturb each other:

- seconds: medians over `--runs` starts with all files in the page cache: what importing and loading cost in themselves;
- reading: one start after the folder's files were dropped from the page cache. `mincore` then tells after each stage
  which pages are there, also of files that are mapped and never read, which the counters of /proc/PID/io would miss.
  A page counts with the kernel's read-ahead. `pieces` are the 512 KiB pieces in which Lambda fetches an image.

The interpreter and its standard library are not part of it; AWS's base image brings them. X-Ray is on, as on AWS.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

from divescore.views import Status
from tests.conftest import divescore
from tests.image.contents import ROOT, TASK, Image, base_python, build, copied_from_this_environment
from tests.image.reading import Touched, forget, touched
from tests.image.services import Services, services

STAGES = ROOT / "tests" / "image" / "stages.py"
RENDERED_WITHIN = 60.0


def start(image: Image, cloud: Services, clip: Path, read: bool, log: IO[bytes]) -> dict[str, dict[str, float]]:
    """One start: by stage the seconds, and with `read` what was touched in it."""
    dives = {name: cloud.dive(clip) for name in ("first dive", "second dive")}
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(image.runtime),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(image.task),
        "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
        **{name: value.replace(TASK, str(image.task)) for name, value in cloud.env.items()},
    }
    if read:
        forget(image.root)
    before = touched(image.root) if read else Touched(0, 0, 0)
    found: dict[str, dict[str, float]] = {}
    with subprocess.Popen(
        [base_python(), "-S", "-s", str(STAGES), json.dumps({name: event for name, (_, event) in dives.items()})],
        cwd=image.task,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        for line in process.stdout:
            told = json.loads(line)
            stage: dict[str, float] = {"seconds": told["seconds"]}
            if read:
                now = touched(image.root)
                step = now.since(before)
                before = now
                stage |= {"files": step.files, "megabytes": round(step.bytes / 1e6, 2), "pieces": step.pieces}
            found[told["stage"]] = stage
            process.stdin.write("\n")
            process.stdin.flush()
    if process.returncode:
        raise SystemExit(f"the worker ended with status {process.returncode}")
    for name, (job_id, _) in dives.items():
        if (job := cloud.job(job_id)).status is not Status.SCORED:
            raise SystemExit(f"the {name} was not scored: {job.status} {job.error}")
    found.pop("start")
    return found


def measure(image: Image, cloud: Services, clip: Path, runs: int, log: IO[bytes]) -> dict[str, dict[str, float]]:
    """By stage: `seconds`, and what is read; and the sum of both up to the first dive as "to the first dive"."""
    start(image, cloud, clip, read=False, log=log)  # fills the page cache
    warm = [start(image, cloud, clip, read=False, log=log) for _ in range(runs)]
    stages = start(image, cloud, clip, read=True, log=log)
    for name, stage in stages.items():
        stage["cold_seconds"] = stage["seconds"]
        stage["seconds"] = round(statistics.median(run[name]["seconds"] for run in warm), 4)
    names = [name for name in stages if not name.endswith("dive")]
    stages["until ready"] = {key: round(sum(stages[name][key] for name in names), 4) for key in stages[names[0]]}
    return stages


def report(document: dict[str, Any]) -> str:
    """The figures as a table."""
    lines = [f"{'':<14}{'s':>8}{'s cold':>8}{'MB read':>9}{'pieces':>8}{'files':>7}"]
    for name, stage in document["stages"].items():
        lines.append(
            f"{name:<14}{stage['seconds']:>8.3f}{stage['cold_seconds']:>8.3f}{stage['megabytes']:>9.1f}"
            f"{stage['pieces']:>8.0f}{stage['files']:>7.0f}"
        )
    lines.append(
        f"image, without AWS's base: {document['image']['megabytes']:.0f} MB, {document['image']['files']} files"
    )
    lines.append(f"load of the machine: {document['load'][0]:.2f} before, {document['load'][1]:.2f} after")
    return "\n".join(lines)


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--image", type=Path, help="a folder that was built before, in place of one that is made")
    parser.add_argument("--clip", type=Path, help="default: a rendered dive")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="divescore-image-") as name, nullcontext(Path(name)) as folder:
        if arguments.image:
            image = Image(arguments.image.resolve(), ["app.handler"])
        else:
            image = build(folder / "built", copied_from_this_environment)
        clip = arguments.clip or folder / "dive.webm"
        if arguments.clip is None:
            drawn = divescore("render", "--dive", "107B", "--seed", "7", "--out", str(clip), timeout=RENDERED_WITHIN)
            if drawn.returncode != 0:
                raise SystemExit(drawn.stderr)
        with services(folder / "engine") as cloud, (folder / "log").open("w+b") as log:
            try:
                stages = measure(image, cloud, clip, arguments.runs, log)
            except SystemExit:
                log.seek(0)
                sys.stderr.write(log.read().decode(errors="replace")[-4000:])
                raise
        sizes = image.files()
    document = {
        "stages": stages,
        "image": {"megabytes": round(sum(sizes.values()) / 1e6, 1), "files": len(sizes)},
        "runs": arguments.runs,
        "load": [before, os.getloadavg()[0]],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
    sys.stdout.write((json.dumps(document, indent=2) if arguments.json else report(document)) + "\n")


if __name__ == "__main__":
    main()
