"""The long proof of replaying: many dead letters, many kills. The short one is an integration test."""

import json
import subprocess
import sys

import pytest

from tests.chaos.replay import holds
from tests.chaos.system import ROOT

WITHIN = 3600.0


@pytest.mark.soak
@pytest.mark.stack
def test_five_hundred_dead_letters_and_twenty_kills() -> None:
    command = [sys.executable, "-m", "tests.chaos.replay", "--letters", "500", "--kills", "20", "--seed", "1"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        out, _ = process.communicate(timeout=WITHIN)
    except subprocess.TimeoutExpired:
        process.terminate()  # it takes its system down
        process.communicate(timeout=60)
        raise
    report = json.loads(out)
    assert holds(report), report
    assert (process.returncode, report["states"]) == (0, {"SCORED": 500})
