"""What builds the packages agrees with what runs in them: one Python, the services that are called, nothing unread."""

import ast
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.loaders import Loader

from divescore.stack.local import deploy, package, translate
from divescore.stack.local.checkout import project_root
from functions import slim
from tests.image.dockerfile import Instruction, read
from tests.unit.test_imports import FACTS, SERVICE

ROOT = project_root()
DOCKERFILE = ROOT / "functions" / "worker" / "Dockerfile"
LAYER = (ROOT / "functions" / "layer" / "Makefile").read_text()


def calls(folders: list[Path]) -> Iterator[str]:
    """The services that `divescore.aws.client` is called with in these folders."""
    for folder in folders:
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "client":
                    [first, *_] = node.args
                    assert isinstance(first, ast.Constant), f"{path} hides the service from this test"
                    yield str(first.value)


def domains(names: tuple[str, ...]) -> list[Path]:
    return [ROOT / "src" / "divescore" / name for name in names]


def test_the_layer_has_the_models_of_the_services_that_are_called() -> None:
    functions = [ROOT / "functions" / name for name in deploy.FUNCTIONS.values()]
    [listed] = re.findall(r"^SERVICES := (.+)$", LAYER, re.MULTILINE)
    assert set(listed.split(",")) == set(calls([*functions, *domains(package.SHARED_PACKAGES)]))


def test_the_image_has_the_models_of_the_services_that_are_called() -> None:
    [listed] = re.findall(r"slim\.py --aws (\S+)", DOCKERFILE.read_text())
    used = set(calls([ROOT / "functions" / "worker", *domains(package.WORKER_PACKAGES)]))
    assert set(listed.split(",")) == used


def test_the_layers_sources_are_copied_while_others_write_bytecode(tmp_path: Path) -> None:
    """Whatever runs from the checkout writes and replaces files in its caches, which a plain copy stumbles over."""
    (tmp_path / "checkout").mkdir()
    for folder in ("src", "functions"):
        shutil.copytree(ROOT / folder, tmp_path / "checkout" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    cache = tmp_path / "checkout" / "src" / "divescore" / "jobs" / "__pycache__"
    cache.mkdir()
    ended = threading.Event()

    def churn() -> None:
        while not ended.is_set():
            for number in range(200):
                (cache / f"{number}.pyc").touch()
            for path in cache.iterdir():
                path.unlink()

    others = threading.Thread(target=churn)
    others.start()
    try:
        make = ["make", "-C", "functions/layer", "sources", f"ROOT={tmp_path / 'checkout'}", f"PYTHON={sys.executable}"]
        done = subprocess.run(
            [*make, f"ARTIFACTS_DIR={tmp_path / 'built'}"], cwd=ROOT, capture_output=True, text=True, check=False
        )
    finally:
        ended.set()
        others.join()
    assert done.returncode == 0, done.stderr
    built = tmp_path / "built" / "python"
    assert (built / "divescore" / "jobs" / "table.py").is_file()
    assert (built / "functions" / "settings.py").is_file()
    assert list(built.rglob("__pycache__")) == []


def test_an_installation_of_the_service_holds_nothing_of_operators_and_laboratory() -> None:
    """Neither the layer nor the image: by the lists that the local zips and their own builds go by."""
    held = {*package.SHARED_PACKAGES, *package.WORKER_PACKAGES}
    held |= {module.removesuffix(".py") for module in package.SHARED_MODULES}
    for text in (LAYER, DOCKERFILE.read_text().rpartition("\nFROM ")[2]):
        held |= set(re.findall(r"src/divescore/(\w+)", text))
        held |= {name for listed in re.findall(r"for package in ([\w ]+);", text) for name in listed.split()}
    assert held.isdisjoint({"cli", "client", "lab", "ops", "stack"})
    assert held == {"__init__", *FACTS, "aws", *SERVICE}


def test_everything_is_built_for_the_one_python_that_runs_it() -> None:
    template = translate.read(ROOT / "template.yaml")
    functions = translate.resources(template, "AWS::Serverless::Function").values()
    runtimes = {item["Properties"]["Runtime"] for item in functions if "Runtime" in item["Properties"]}
    [layer] = translate.resources(template, "AWS::Serverless::LayerVersion").values()
    bases = {stage.base.partition(":")[2] for stage in read(DOCKERFILE)}
    [version] = bases
    assert runtimes == set(layer["Properties"]["CompatibleRuntimes"]) == {f"python{version}"}
    assert f"--python-version {version} " in LAYER
    assert f"COMPILER ?= python{version}\n" in LAYER


def test_only_what_the_image_takes_enters_the_build() -> None:
    """Docker sends the whole context to its daemon: without .dockerignore that would be the virtual environment too."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    taken = [word for stage in read(DOCKERFILE) for item in stage.instructions for word in sources(item)]
    for line in lines[1:]:
        if line.startswith("!"):
            assert any(source == line[1:] or source.startswith(f"{line[1:]}/") for source in taken), (
                f"nobody takes {line}"
            )


def sources(instruction: Instruction) -> list[str]:
    if instruction.name != "COPY" or "--from=" in instruction.text:
        return []
    return instruction.words({"WEIGHTS": "model_weights", "LAMBDA_TASK_ROOT": "/var/task"})[:-1]


# --- what is left out -----------------------------------------------------------------------------------------------


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for path in (
        "torch/__init__.py",
        "torch/__init__.pyi",
        "torch/include/torch/tensor.h",
        "torch/lib/libtorch_cpu.so",
        "torch/bin/protoc-3.13.0.0",
        "torch/bin/torch_shm_manager",
        "torch/testing/__init__.py",
        "torch/testing/_internal/common_utils.py",
        "torch/testing/_internal/logging_tensor.py",
        "numpy/tests/test_array.py",
        "botocore/docs/docstring.py",
        "botocore/data/endpoints.json",
        "botocore/data/s3/2006-03-01/service-2.json.gz",
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "bin/pip",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x" * 10)
    return tmp_path


def test_what_nobody_reads_goes_and_what_somebody_reads_stays(packages: Path) -> None:
    freed = slim.slim(packages, frozenset({"s3"}))
    left = {path.relative_to(packages).as_posix() for path in packages.rglob("*") if path.is_file()}
    assert left == {
        "torch/__init__.py",
        "torch/lib/libtorch_cpu.so",
        "torch/bin/torch_shm_manager",
        "torch/testing/__init__.py",
        "torch/testing/_internal/logging_tensor.py",
        "botocore/docs/docstring.py",
        "botocore/data/endpoints.json",
        "botocore/data/s3/2006-03-01/service-2.json.gz",
    }
    assert freed == 7 * 10
    assert slim.slim(packages, frozenset({"s3"})) == 0


def test_a_service_that_does_not_exist_is_a_mistake(packages: Path) -> None:
    with pytest.raises(ValueError, match="s4"):
        slim.slim(packages, frozenset({"s3", "s4"}))
    assert (packages / "botocore/data/ec2").is_dir(), "nothing was removed"


def test_every_listed_service_is_one_of_aws() -> None:
    [listed] = re.findall(r"^SERVICES := (.+)$", LAYER, re.MULTILINE)
    assert set(listed.split(",")) <= set(Loader().list_available_services("service-2"))
