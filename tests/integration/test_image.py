"""The worker's image holds all that the worker needs and nothing that it does not, and the worker runs from it."""

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from divescore.scoring.manifest import read_manifest
from divescore.views import Status
from tests.image.contents import DOCKERFILE, ROOT, Image, base_python, build, from_this_environment
from tests.image.dockerfile import read
from tests.image.runtime import function
from tests.image.services import Services, services

STARTS_WITHIN = 120.0
SCORED_WITHIN = 60.0
INSTALLED_WITHIN = 1200.0
MEGABYTE = 1_000_000
# Without bytecode, and on Linux for x86-64; nearly all of it is torch's one library.
LARGEST = 800 * MEGABYTE
IMPORTS = """
import json, sys
sys.path.insert(0, sys.argv[1])
import app
before = sorted(sys.modules)
from divescore.worker.model import import_scorer
import_scorer()
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print(json.dumps({"before": before, "files": files}))
"""


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The contents, from what is installed here: a gigabyte, so in links, which need the same disk."""
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="image-", dir=ROOT / "build") as folder:
        yield build(Path(folder), from_this_environment, compiled=False)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with services(tmp_path_factory.mktemp("engine")) as running:
        yield running


@pytest.fixture(scope="module")
def imported(image: Image) -> dict[str, Any]:
    """What the worker's process has imported: before the model is loaded, and every module's file after."""
    done = subprocess.run(
        [base_python(), "-I", "-S", "-c", IMPORTS, str(image.task)],
        env={
            "LAMBDA_TASK_ROOT": str(image.task),
            "POWERTOOLS_METRICS_NAMESPACE": "Divescore",
            "AWS_DEFAULT_REGION": "eu-central-1",
        },
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_dockerfile_passes_its_linter() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("hadolint")), "--no-color", str(DOCKERFILE)],
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_what_changes_rarely_comes_first() -> None:
    """So that new code is a small layer on top: packages, weights, code."""
    *_, last = read(DOCKERFILE)
    copied = [instruction.text for instruction in last.instructions if instruction.name == "COPY"]
    assert "--from=packages" in copied[0]
    assert "WEIGHTS" in copied[1]
    assert all(text.startswith(("src/divescore/", "functions/", "--from=compiled ")) for text in copied[2:])


def test_it_holds_the_code_that_runs_and_no_other(image: Image) -> None:
    held = set(image.files())
    assert {
        "app.py",
        "functions/settings.py",
        "divescore/worker/delivery.py",
        "model_weights/manifest.json",
        "torch/__init__.py",
    } <= held
    ours = {path.split("/")[1] for path in held if path.startswith("divescore/")}
    assert ours.isdisjoint({"api", "live", "tokens", "sweep", "client", "stack", "ops", "lab", "cli.py"})
    assert not [path for path in held if path.startswith(("cv2/", "setuptools/", "boto3/data/", "torch/include/"))]
    assert not [path for path in held if path.endswith((".pyi", ".h", ".a")) or "/tests/" in path]
    models = {path.split("/")[2] for path in held if path.startswith("botocore/data/") and path.count("/") > 2}
    assert models == {"dynamodb", "s3", "sqs"}


def test_it_is_no_larger_than_it_has_to_be(image: Image) -> None:
    sizes = {path: size for path, size in image.files().items() if "__pycache__" not in path}
    torch = sum(size for path, size in sizes.items() if path.startswith("torch/"))
    assert sum(sizes.values()) - torch < 250 * MEGABYTE
    assert sum(sizes.values()) < LARGEST


def test_other_weights_come_by_a_build_argument(tmp_path: Path) -> None:
    """A folder of the checkout, copied as it is; here the one that there always is."""
    stages = read(DOCKERFILE)
    [argument] = [item.text for item in stages[-1].instructions if item.name == "ARG"]
    assert argument == "WEIGHTS=model_weights"

    def nothing(requirements: Path, constraints: Path, target: Path) -> None:
        target.mkdir(parents=True)

    built = build(tmp_path / "image", nothing, compiled=False, WEIGHTS="model_weights")
    assert read_manifest(built.task / "model_weights") == read_manifest(ROOT / "model_weights")


def test_the_handler_imports_nothing_heavy_before_it_loads_the_model(imported: dict[str, Any]) -> None:
    heavy = {"torch", "numpy", "av", "cv2", "onnxruntime", "safetensors"}
    assert not heavy & {name.split(".")[0] for name in imported["before"]}


def test_all_that_is_imported_lies_in_the_image(image: Image, imported: dict[str, Any]) -> None:
    # torch makes modules of its operators, whose files are names without a folder
    files = {name: Path(path) for name, path in imported["files"].items() if path and Path(path).is_absolute()}
    assert {"torch", "numpy", "divescore.scoring.scorer"} <= set(files)
    elsewhere = {name: path for name, path in files.items() if not path.is_relative_to(image.task)}
    assert not [name for name, path in elsewhere.items() if {"site-packages", "dist-packages"} & set(path.parts)]
    assert not [name for name, path in elsewhere.items() if path.is_relative_to(ROOT)]


def test_the_model_comes_without_what_scoring_does_not_touch(imported: dict[str, Any]) -> None:
    unwanted = {"cv2", "torch._dynamo", "torch._inductor", "torch._meta_registrations", "torch.onnx", "setuptools"}
    assert not unwanted & set(imported["files"])


def scores_a_dive(image: Image, cloud: Services, clip: Path, log: Path) -> None:
    """The function starts, tells its model, scores a dive of the queue, and hands back what it cannot read."""
    with function(image, cloud.env, log, STARTS_WITHIN) as started:
        manifest = read_manifest(image.task / "model_weights")
        assert started.invoke({"warm": True}, SCORED_WITHIN)["model"]["sha256"] == manifest.sha256
        job_id, event = cloud.dive(clip)
        assert started.invoke(event, SCORED_WITHIN) == {"batchItemFailures": []}
        job = cloud.job(job_id)
        assert job.status is Status.SCORED, (job.error, log.read_text())
        assert job.result is not None
        assert job.result["model"]["sha256"] == manifest.sha256
        event["Records"][0]["body"] = "no message of ours"
        assert started.invoke(event, SCORED_WITHIN) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    told = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert {line["outcome"] for line in told if line.get("message") == "delivered"} == {"scored"}


@pytest.mark.timeout(300)
def test_the_worker_scores_from_the_image_under_lambdas_own_client(
    image: Image, cloud: Services, clips: dict[str, Path], tmp_path: Path
) -> None:
    scores_a_dive(image, cloud, clips["one"], tmp_path / "log")


def test_a_worker_without_its_weights_says_so_as_it_starts(image: Image, cloud: Services, tmp_path: Path) -> None:
    """It starts all the same, so that its dives end with a cause (tests/unit/functions/test_worker.py)."""
    env = cloud.env | {"MODEL_DIR": "/var/task/no_weights"}
    log = tmp_path / "log"
    with function(image, env, log, STARTS_WITHIN):
        pass
    told = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert [line["level"] for line in told if "no_weights" in str(line)] == ["ERROR"]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_worker_scores_from_an_image_that_was_really_installed(
    cloud: Services, clips: dict[str, Path], tmp_path: Path
) -> None:
    """Everything fetched anew by a clean environment, and compiled: what `sam build` does in Docker, without Docker."""
    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean" / "bin" / "python"

    def fetched(requirements: Path, constraints: Path, target: Path) -> None:
        told = ["--quiet", "--target", str(target), "-r", str(requirements), "-c", str(constraints)]
        pinned = next(line for line in requirements.read_text().splitlines() if line.startswith("torch=="))
        # Where no index offers torch's CPU build under its own version, uv knows the way, as in the Dockerfile.
        by_pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", *told, f"{pinned}+cpu"]
        if subprocess.run(by_pip, capture_output=True, timeout=INSTALLED_WITHIN, check=False).returncode:
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", "uv"], check=True, timeout=INSTALLED_WITHIN)
            by_uv = [str(python), "-m", "uv", "pip", "install", "--python", str(python), "--torch-backend=cpu", *told]
            subprocess.run(by_uv, check=True, timeout=INSTALLED_WITHIN)

    built = build(tmp_path / "image", fetched)
    assert any(path.endswith(".pyc") for path in built.files())
    scores_a_dive(built, cloud, clips["one"], tmp_path / "log")
