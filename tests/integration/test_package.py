"""Each zip function's package works by itself: an interpreter that has nothing else imports it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from divescore.local import deploy

ROOT = Path(__file__).resolve().parents[2]
BUILT_WITHIN = 180.0
IMPORTED_WITHIN = 60.0
HEAVY = {"torch", "cv2", "numpy"}
# Without -S the interpreter would see this environment's packages, which have everything.
IMPORT = """
import json, sys
sys.path[:0] = sys.argv[1:]
import app
origins = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print(json.dumps({"handler": callable(app.handler), "origins": origins}))
"""


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer as `sam build` makes it, but with wheels for the Python that runs this test."""
    built = tmp_path_factory.mktemp("layer")
    subprocess.run(
        [
            "make",
            "-C",
            "functions/layer",
            "build-SharedLayer",
            f"ARTIFACTS_DIR={built}",
            f"PYTHON={sys.executable}",
            "PLATFORM=",
        ],
        cwd=ROOT,
        check=True,
        timeout=BUILT_WITHIN,
        capture_output=True,
    )
    return built / "python"


@pytest.mark.parametrize("name", sorted(deploy.FUNCTIONS.values()))
def test_a_package_needs_nothing_but_itself_and_the_layer(name: str, layer: Path) -> None:
    folder = ROOT / "functions" / name
    base = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run(
        [base, "-I", "-S", "-c", IMPORT, str(folder), str(layer)],
        env={"PATH": os.environ["PATH"], "POWERTOOLS_TRACE_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"},
        timeout=IMPORTED_WITHIN,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["handler"] is True
    assert not HEAVY & {module.split(".")[0] for module in told["origins"]}
    foreign = [
        origin
        for origin in told["origins"].values()
        if origin and "site-packages" in origin and str(layer) not in origin
    ]
    assert foreign == []


def test_the_layer_has_no_heavy_package(layer: Path) -> None:
    assert not HEAVY & {path.name for path in layer.iterdir()}
