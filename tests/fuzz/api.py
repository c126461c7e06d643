"""Generated requests against the HTTP API of the running system, made from docs/openapi.json by Schemathesis.

    pip install -e '.[fuzz]' && python -m tests.fuzz.api --examples 100 --json

Three rounds: without a token, with a job's token on addresses of any job, and with it on its own job. No answer may be
a 5xx, and every answer must be one that the document promises: its status, content type and shape; what is no valid
request must be refused. Prints a summary, and findings on standard error; the exit code is 1 when there are any.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from divescore.client.http import Http
from divescore.client.models import Created
from tests.chaos.reconnect import own_system
from tests.conftest import ROOT
from tests.integration.conftest import System

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
)
ROUND_WITHIN = 900.0
ENDLESS = (
    "9" * 400,
    "-" + "9" * 400,
    "1" + "0" * 5000,
    "1e400",
    "-1e400",
    "1e-400",
    "0." + "9" * 400,
    "NaN",
    str(2**63),
)
# One client makes thousands of jobs that it never uploads.
QUOTAS = {"OpenJobsPerClient": "100000", "JobsPerDayPerClient": "100000", "JobsPerDay": "1000000"}


@dataclass(frozen=True)
class Round:
    """How one round's requests are made: the bearer token that all carry, the job that all are about."""

    name: str
    token: str | None = None
    job_id: str | None = None


def fuzz(api: str, way: Round, examples: int, seed: int, folder: Path) -> dict[str, Any]:
    """One round: how many requests were answered how, and the exit code of Schemathesis."""
    settings = folder / "schemathesis.toml"
    settings.write_text(f'[parameters]\n"path.job_id" = "{way.job_id}"\n' if way.job_id else "")
    report = folder / f"{way.name}.ndjson"
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)]
    command += ["run", str(ROOT / "docs" / "openapi.json"), "--url", api, "--checks", ",".join(CHECKS)]
    command += ["--max-examples", str(examples), "--seed", str(seed), "--no-color", "--continue-on-failure"]
    command += ["--report", "ndjson", "--report-ndjson-path", str(report), "--generation-database", ":memory:"]
    command += ["--header", f"Authorization: Bearer {way.token}"] if way.token else []
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, timeout=ROUND_WITHIN, check=False)
    if done.returncode:
        print(done.stdout, file=sys.stderr)  # noqa: T201 - the findings
    return {"round": way.name, "found_nothing": done.returncode == 0, **counted(report)}


def numbers(api: str, token: str, job_id: str) -> dict[str, Any]:
    """Every number that a request may hold, as what the generator never thinks of: far too large, or none."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    shapes = document["components"]["schemas"]
    statuses: Counter[int] = Counter()
    targets: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("CreateJob", "/jobs", {"filename": "a", "sizeBytes": 1}),
        ("ShareJob", f"/jobs/{job_id}/share", {}),
    )
    with httpx.Client(base_url=api, headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
        for shape, path, good in targets:
            for name, described in shapes[shape]["properties"].items():
                if not any(kind in json.dumps(described) for kind in ('"integer"', '"number"')):
                    continue
                for number in ENDLESS:
                    body = json.dumps(good | {name: None}).replace("null", number)
                    headers = {"content-type": "application/json"}
                    statuses[client.post(path, content=body, headers=headers).status_code] += 1
    return {
        "round": "numbers",
        "found_nothing": not any(status >= 500 for status in statuses),
        "requests": statuses.total(),
        "statuses": {str(status): statuses[status] for status in sorted(statuses)},
    }


def counted(report: Path) -> dict[str, Any]:
    """The answers by status."""
    statuses: Counter[int] = Counter()
    for line in report.read_text().splitlines():
        statuses.update(_statuses(json.loads(line)))
    return {"requests": statuses.total(), "statuses": {str(status): statuses[status] for status in sorted(statuses)}}


def _statuses(part: Any) -> list[int]:
    """Every `status_code` in a document, however deep."""
    if isinstance(part, list):
        return [status for item in part for status in _statuses(item)]
    if not isinstance(part, dict):
        return []
    here = [part["status_code"]] if isinstance(part.get("status_code"), int) else []
    return here + [status for item in part.values() for status in _statuses(item)]


async def new_job(api: str) -> Created:
    """A job to be about."""
    async with Http(api) as http:
        return await http.create("dive.webm", "video/webm", 1000)


def rounds(system: System, examples: int, seed: int) -> list[dict[str, Any]]:
    """All rounds on a system that is there."""
    made = asyncio.run(new_job(system.api))
    ways = (Round("nobody"), Round("stranger", made.token), Round("holder", made.token, made.job_id))
    with tempfile.TemporaryDirectory(prefix="divescore-fuzz-") as folder:
        generated = [fuzz(system.api, way, examples, seed, Path(folder)) for way in ways]
    return [*generated, numbers(system.api, made.token, made.job_id)]


def main() -> int:
    """Start a system, run, stop it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=100, help="requests per operation, phase and round, at most")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--json", action="store_true", help="nothing but the summary on standard output (always so)")
    options = parser.parse_args()
    with own_system(QUOTAS) as system:
        found = rounds(system, options.examples, options.seed)
    print(json.dumps({"seed": options.seed, "rounds": found}, indent=2))  # noqa: T201 - a command's own output
    return 0 if all(one["found_nothing"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
