"""Each zip function's package works by itself: an interpreter that has nothing else imports it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from divescore.stack.local import deploy
from tests.image.contents import base_python

ROOT = Path(__file__).resolve().parents[2]
IMPORTED_WITHIN = 60.0
SAM_WITHIN = 900.0
LARGEST_LAYER = 25_000_000
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
    """The layer as `sam build` makes it, but with wheels for the Python that runs this test.

    How long that may take is for the whole run to say (`--timeout`): it downloads, beside whatever else runs.
    """
    built = tmp_path_factory.mktemp("layer")
    make = ["make", "-C", "functions/layer", "build-SharedLayer"]
    command = [*make, f"ARTIFACTS_DIR={built}", f"PYTHON={sys.executable}", "PLATFORM="]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return built / "python"


def imported(python: str, folder: Path, layer: Path) -> dict[str, Any]:
    """What an interpreter with a function's folder and the layer, and nothing else, finds and imports."""
    done = subprocess.run(
        [python, "-I", "-S", "-c", IMPORT, str(folder), str(layer)],
        env={"PATH": os.environ["PATH"], "LAMBDA_TASK_ROOT": str(folder), "AWS_DEFAULT_REGION": "us-east-1"},
        timeout=IMPORTED_WITHIN,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize("name", sorted(deploy.FUNCTIONS.values()))
def test_a_package_needs_nothing_but_itself_and_the_layer(name: str, layer: Path) -> None:
    told = imported(base_python(), ROOT / "functions" / name, layer)
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


def test_the_layer_is_small_and_has_the_models_of_the_services_that_are_called(layer: Path) -> None:
    """Without the models of AWS's other services, which are most of what boto3 brings."""
    sizes = [path.stat().st_size for path in layer.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(sizes) < LARGEST_LAYER
    models = {path.parent.parent.name for path in (layer / "botocore" / "data").rglob("service-2.json.gz")}
    assert models == {"dynamodb", "s3", "secretsmanager", "sns", "sqs"}
    code = "import sys, boto3; [boto3.client(name, region_name='us-east-1') for name in sys.argv[2:]]"
    done = subprocess.run(
        [base_python(), "-I", "-S", "-c", f"import sys; sys.path.insert(0, sys.argv[1]); {code}", str(layer), *models],
        timeout=IMPORTED_WITHIN,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def built_by_sam() -> Path:
    """The layer of `make sam-check`, which validates the template too, with SAM in an environment of its own."""
    done = subprocess.run(["make", "sam-check"], cwd=ROOT, timeout=SAM_WITHIN, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "build" / "sam-check" / "SharedLayer" / "python"


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_sam_validates_the_template_and_builds_for_the_functions_python(built_by_sam: Path) -> None:
    held = [path.name for path in built_by_sam.rglob("*.so")]
    assert held
    assert not [name for name in held if "cpython-" in name and "cpython-313-x86_64" not in name]


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", sorted(deploy.FUNCTIONS.values()))
def test_the_functions_python_imports_what_sam_built(name: str, built_by_sam: Path) -> None:
    target = shutil.which("python3.13")
    if target is None or subprocess.run([target, "-c", ""], capture_output=True).returncode:
        pytest.skip("there is no python3.13 here")
    assert imported(target, ROOT / "functions" / name, built_by_sam)["handler"] is True
