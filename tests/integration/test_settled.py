"""A subscriber of the running system hears how a dive ended."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import divescore
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

TOLD_WITHIN = 60.0
COMMAND_WITHIN = 60.0


def told(system: System, job_id: str) -> dict[str, Any]:
    """What `divescore settled` prints about a job."""
    end = time.monotonic() + TOLD_WITHIN
    while time.monotonic() < end:
        done = divescore("settled", "--json", timeout=COMMAND_WITHIN, env=system.addresses["env"])
        assert done.returncode == 0, done.stderr
        for line in map(json.loads, done.stdout.splitlines()):
            if line["job"]["jobId"] == job_id:
                found: dict[str, Any] = line
                return found
        time.sleep(0.2)
    raise AssertionError("nothing was told")


def test_a_score_is_told_with_its_reference_and_without_its_strip(system: System, clips: dict[str, Path]) -> None:
    code, document, said = system.score("--reference", "order 7 🤿", str(clips["one"]))
    assert code == 0, said
    job = document["job"]
    message = told(system, job["jobId"])
    model = job["result"]["model"]["id"]
    assert message["attributes"] == {"status": "SCORED", "model": model, "reference": "order 7 🤿"}
    assert job["result"].pop("strip")
    assert message["job"] == job
