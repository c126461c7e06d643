"""The engine's entry point runs the engine, with small answers sent at once."""

import os
import subprocess
import sys
from pathlib import Path

ENDS_WITHIN = 30.0


def test_the_engine_runs_without_nagles_algorithm(tmp_path: Path) -> None:
    (tmp_path / "ministack").mkdir()
    (tmp_path / "ministack" / "__init__.py").touch()
    (tmp_path / "ministack" / "__main__.py").write_text(
        "import socketserver\nprint(socketserver.StreamRequestHandler.disable_nagle_algorithm)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "divescore.local.launch"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        timeout=ENDS_WITHIN,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr
