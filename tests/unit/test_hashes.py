"""What goes to AWS is installed by hashes, in the versions that this project was tested with."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.image.contents import closure

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"layer": ROOT / "functions", "image": ROOT / "functions" / "worker"}
# Torch's own build for CPUs is another file on every index; what it names for building is no part of the lock.
WITHOUT_HASH, NOT_LOCKED = {"torch"}, {"setuptools"}


def pins(text: str) -> dict[str, str]:
    lines = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in lines}


def hashed(folder: Path) -> dict[str, str]:
    return pins((folder / "hashes.txt").read_text())


@pytest.mark.parametrize("package", FOLDERS)
def test_every_package_that_is_needed_has_its_hashes(package: str) -> None:
    required = [
        line for line in (FOLDERS[package] / "requirements.txt").read_text().splitlines() if line and line[0] != "#"
    ]
    needed = {canonicalize_name(Requirement(name).name) for name in closure(required)}
    assert needed - set(hashed(FOLDERS[package])) <= WITHOUT_HASH
    for entry in re.split(r"\n(?=\S)", (FOLDERS[package] / "hashes.txt").read_text().strip()):
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("package", FOLDERS)
def test_the_versions_are_those_of_the_lock(package: str) -> None:
    locked = pins((ROOT / "requirements.lock").read_text())
    assert {name: version for name, version in hashed(FOLDERS[package]).items() if name not in NOT_LOCKED} == {
        name: locked[name] for name in hashed(FOLDERS[package]) if name not in NOT_LOCKED
    }


def test_builds_install_by_them() -> None:
    layer = (ROOT / "functions/layer/Makefile").read_text()
    assert '--require-hashes --requirement "$(ROOT)/functions/hashes.txt"' in layer
    assert "--constraint" not in layer
    image = (ROOT / "functions/worker/Dockerfile").read_text()
    assert "--require-hashes --no-deps -r /build/hashes.txt" in image
