"""The contents of the worker's image without Docker: the Dockerfile's own instructions, carried out in a folder.

Paths of the image are mapped below the folder. RUN lines run as they are but for two kinds: the installation of uv and
of a compiler is left out, and what uv would install comes from an `Install`, which takes requirements, constraints and
target as the line without hashes names them. AWS's base image brings the runtime interface client; here it lies in
`var/runtime`, as it does there.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Protocol

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.image.dockerfile import Instruction, Stage, read

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "functions" / "worker" / "Dockerfile"
BASE = "amazon/aws-lambda-python:"
TASK, RUNTIME = "/var/task", "/var/runtime"
CLIENT = "awslambdaric"
RUNS_WITHIN = 300.0
ABSOLUTE = re.compile(r"(?<![\w.}/])/(?=\w)")


class Install(Protocol):
    """Puts requirements into a folder."""

    def __call__(self, requirements: Path, constraints: Path, target: Path) -> None:
        """Install what `requirements` names and needs."""


@dataclass(frozen=True)
class Image:
    """A folder that holds what the image holds, and the command that the image starts with."""

    root: Path
    command: list[str]

    @property
    def task(self) -> Path:
        """Where the function's code lies."""
        return self.root / TASK.lstrip("/")

    @property
    def runtime(self) -> Path:
        """Where the runtime interface client lies."""
        return self.root / RUNTIME.lstrip("/")

    def files(self) -> dict[str, int]:
        """Size of every file of the function, by its path below the task folder."""
        return {
            path.relative_to(self.task).as_posix(): path.stat().st_size
            for path in sorted(self.task.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }


def build(
    root: Path, install: Install, dockerfile: Path = DOCKERFILE, compiled: bool = True, **arguments: str
) -> Image:
    """Carry out `dockerfile` below `root`; `arguments` are its build arguments. Not `compiled` saves half a minute."""
    stages = read(dockerfile)
    folders = {stage.name: root / (f"stage-{stage.name}" if stage.name else "image") for stage in stages}
    command: list[str] = []
    for stage in stages:
        command = _Builder(stage, folders, install, compiled, arguments).build() or command
    image = Image(folders[""], command)
    for name in closure([CLIENT]):
        place(name, image.runtime)
    for folder in folders.values():
        if folder != image.root:
            shutil.rmtree(folder)
    return image


class _Builder:
    def __init__(
        self, stage: Stage, folders: dict[str, Path], install: Install, compiled: bool, arguments: dict[str, str]
    ) -> None:
        if not stage.base.startswith(BASE):
            raise ValueError(f"{stage.base} is not AWS's Python image")
        self.stage, self.folders, self.install, self.arguments = stage, folders, install, arguments
        self.compiled = compiled
        self.folder = folders[stage.name]
        self.variables = {"LAMBDA_TASK_ROOT": TASK}

    def build(self) -> list[str]:
        (self.folder / TASK.lstrip("/")).mkdir(parents=True)
        command: list[str] = []
        for instruction in self.stage.instructions:
            match instruction.name:
                case "ARG":
                    name, _, default = instruction.text.partition("=")
                    self.variables[name] = self.arguments.get(name, default)
                case "COPY":
                    self.copy(instruction)
                case "RUN":
                    self.run(instruction)
                case "CMD":
                    command = json.loads(instruction.text)
        return command

    def mapped(self, path: str) -> Path:
        """Where a path of the image lies; relative ones start at the task folder."""
        return self.folder / f"{TASK}/{path}".lstrip("/") if not path.startswith("/") else self.folder / path[1:]

    def copy(self, instruction: Instruction) -> None:
        """A folder's content goes into the target, a file to it, or into it when it ends with a slash."""
        words = instruction.words(self.variables)
        origin = ROOT
        if words[0].startswith("--from="):
            origin = self.folders[words.pop(0).removeprefix("--from=")]
        *sources, target = words
        into = self.mapped(target)
        for source in sources:
            path = origin / source.lstrip("/")
            if origin == ROOT and ignored(source):
                raise ValueError(f".dockerignore keeps {source} out of the build")
            if path.is_dir():
                skip = shutil.ignore_patterns("__pycache__", "*.so") if origin == ROOT else None
                shutil.copytree(path, into, dirs_exist_ok=True, ignore=skip, copy_function=_link_or_copy(origin))
            else:
                place_at = into / path.name if target.endswith("/") else into
                place_at.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place_at)

    def run(self, instruction: Instruction) -> None:
        """Run a line with the image's paths mapped below the folder."""
        for line in instruction.text.split(" && "):
            words = Instruction("RUN", line).words(self.variables)
            if words[0] == "dnf":
                continue  # a compiler, which this machine has
            if words[:2] == ["pip", "install"] and words[-1].startswith("uv=="):
                continue
            if words[:3] == ["uv", "pip", "install"] and "--require-hashes" in words:
                continue  # of what the next line installs; a test compares the two
            if words[:3] == ["uv", "pip", "install"]:
                parser = argparse.ArgumentParser()
                for name in ("-r", "-c", "--target", "--torch-backend"):
                    parser.add_argument(name, required=True)
                parser.add_argument("--no-cache", action="store_true")
                told = parser.parse_args(words[3:])
                if told.torch_backend != "cpu":
                    raise ValueError("the worker has no GPU")
                self.install(self.mapped(told.r), self.mapped(told.c), self.mapped(told.target))
                continue
            if words[:3] == ["python", "-m", "compileall"] and not self.compiled:
                continue
            env = {
                "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                "LAMBDA_TASK_ROOT": str(self.mapped(TASK)),
            }
            interpreter = self.folder / "bin" / "python"
            interpreter.parent.mkdir(exist_ok=True)
            if not interpreter.exists():
                interpreter.write_text(f'#!/bin/sh\nexec "{base_python()}" -I -S "$@"\n')
                interpreter.chmod(0o755)
            mapped = ABSOLUTE.sub(f"{self.folder}/", line)
            subprocess.run(["bash", "-euc", mapped], env=env, cwd=self.mapped(""), check=True, timeout=RUNS_WITHIN)


def _link_or_copy(origin: Path) -> Callable[[str, str], object]:
    """How a folder of the checkout, or of another stage, gets into this one; a stage is used up by it."""
    return shutil.copy2 if origin == ROOT else os.link


def base_python() -> str:
    """The interpreter without a virtual environment around it."""
    return str(getattr(sys, "_base_executable", sys.executable))


def ignored(source: str) -> bool:
    """Whether .dockerignore keeps a path out of the build."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    if lines[0] != "*":
        raise ValueError(".dockerignore is expected to name what may enter")
    return not any(line[0] == "!" and (source == line[1:] or source.startswith(f"{line[1:]}/")) for line in lines[1:])


# --- what is installed here -----------------------------------------------------------------------------------------


def closure(names: list[str]) -> list[str]:
    """The named distributions ("name[extra]") and all that they need here, as installed in this environment."""
    found: dict[str, None] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        found[key[0]] = None
        for text in metadata.requires(requirement.name) or []:
            needed = Requirement(text)
            extras = requirement.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed)
    return sorted(found)


def modules(name: str, caches: bool) -> Iterator[tuple[Path, str]]:
    """The files of a distribution but scripts: where each lies, and its path below site-packages."""
    distribution = metadata.distribution(name)
    for file in distribution.files or []:
        path = file.as_posix()
        if not path.startswith("..") and (caches or "__pycache__" not in path):
            yield Path(str(distribution.locate_file(file))), path


def place(name: str, target: Path, link: bool = True) -> None:
    """Put an installed distribution into a folder, as links where that is wanted and the disk allows."""
    for source, path in modules(name, caches=link):
        into = target / path
        into.parent.mkdir(parents=True, exist_ok=True)
        if into.exists():  # packages that share a folder name the same empty file
            continue
        try:
            if link:
                os.link(source, into)
                continue
        except OSError:  # another disk
            pass
        shutil.copy2(source, into)


def from_this_environment(requirements: Path, constraints: Path, target: Path) -> None:
    """An `Install` without a network: what this environment has, in the very versions that are required, as links."""
    _from_here(requirements, constraints, target, link=True)


def copied_from_this_environment(requirements: Path, constraints: Path, target: Path) -> None:
    """As `from_this_environment`, but the files are the image's own, and nobody else keeps them in memory."""
    _from_here(requirements, constraints, target, link=False)


def _from_here(requirements: Path, constraints: Path, target: Path, link: bool) -> None:
    pins: dict[str, str] = {
        canonicalize_name(name): version
        for name, _, version in (line.partition("==") for line in constraints.read_text().splitlines())
        if version
    }
    wanted = [line for line in requirements.read_text().splitlines() if line and not line.startswith("#")]
    for line in wanted:
        name = Requirement(line)
        if not name.specifier.contains(metadata.version(name.name).split("+")[0]):
            raise RuntimeError(f"{line} is required, {metadata.version(name.name)} is installed; run `make setup`")
    for name_ in closure(wanted):
        version = metadata.version(name_).split("+")[0]
        # The build's own tool, which torch names without using it here.
        if name_ != "setuptools" and pins.get(name_) != version:
            raise RuntimeError(f"requirements.lock has {name_} {pins.get(name_)}, {version} is installed")
        place(name_, target, link)
