"""The laboratory without the packages of its extra, in processes of their own: this one has long loaded everything."""

import subprocess
import sys
from pathlib import Path

import pytest

WITHIN = 60.0
HEAVY = ("cv2", "simpy", "numpy", "torch", "matplotlib")


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import sys\nfrom divescore.cli import main\n{code}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN,
    )


@pytest.mark.parametrize("command", [["render", "--out", "x.webm"], ["train", "--out", "x"], ["evaluate"]])
def test_says_which_extra_is_missing(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    done = run("sys.modules['cv2'] = sys.modules['simpy'] = None\nmain()", *command)

    wanted = f"Error: `divescore {command[0]}` needs the extra `lab`: pip install 'divescore[lab]'.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", wanted)


def test_help_loads_nothing_of_the_laboratory_but_its_commands() -> None:
    done = run("main(standalone_mode=False)\nprint(*sys.modules, file=sys.stderr)", "--help")

    modules = done.stderr.split()
    parts = [name.split(".") for name in modules if name.startswith("divescore.lab.")]
    assert done.returncode == 0
    assert not {*HEAVY} & {*modules}
    assert [part for part in parts if len(part) > 3 and part[3] != "commands"] == []
