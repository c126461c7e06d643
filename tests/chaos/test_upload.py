"""A large upload arrives over a line that breaks, and what was confirmed is not sent again."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.chaos.system import ROOT

pytestmark = pytest.mark.stack

SHORT_WITHIN = 540.0  # about ten on an idle machine; patience, not a bound
LONG_WITHIN = 1800.0


def over_a_bad_line(stack: dict[str, Any], megabytes: int, moments: int, within: float) -> None:
    """In a process of its own: the browser tests leave this one with an event loop that goes on."""
    command = [sys.executable, "-m", "tests.chaos.upload", "--api", stack["api"], "--mb", str(megabytes)]
    command += ["--moments", str(moments), "--seed", str(moments), "--timeout", str(within)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=within + 60)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["job"] in ("SCORED", "REJECTED")
    assert report["confirmed_parts_sent_again"] == []


def test_a_short_rough_upload(stack: dict[str, Any]) -> None:
    over_a_bad_line(stack, 20, 10, SHORT_WITHIN)


@pytest.mark.soak
@pytest.mark.timeout(LONG_WITHIN + 120)
def test_a_long_rough_upload(stack: dict[str, Any]) -> None:
    over_a_bad_line(stack, 60, 50, LONG_WITHIN)
