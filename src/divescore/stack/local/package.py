"""The code of the functions as zips whose names are hashes of their content: same content, no update."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What the layer of the zip functions and the worker's image hold: both have the modules, each has its packages.
SHARED_MODULES = (
    *("__init__.py", "aws.py", "containers.py", "declaration.py", "difficulty.py", "dives.py", "estimate.py"),
    *("judging.py", "printable.py", "priors.py", "result.py", "views.py"),
)
SHARED_PACKAGES = ("api", "jobs", "live", "sweep", "tokens", "uploads")
WORKER_PACKAGES = ("jobs", "scoring", "uploads", "video", "worker")
FUNCTION_MODULES = ("observability.py", "settings.py")  # what all functions import, beside their folders
COMPILED = ("*.so", "*.onnx")  # what the worker's packages hold beside Python
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever they are zipped


@dataclass(frozen=True)
class Package:
    """A zip and the key under which it is uploaded."""

    key: str
    content: bytes


def pack(name: str, files: dict[str, bytes], executable: frozenset[str] = frozenset()) -> Package:
    """Zip files (path in the zip → content) reproducibly."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.external_attr = (0o755 if path in executable else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[path])
    content = buffer.getvalue()
    return Package(f"{name}/{hashlib.sha256(content).hexdigest()[:32]}.zip", content)


def function(root: Path, name: str) -> Package:
    """A zip function: its own folder only."""
    return pack(name, dict(_python_files(root / "functions" / name)))


def layer(root: Path) -> Package:
    """Our share of the layer; the engine's interpreter already has the third-party packages."""
    return pack("layer", {f"python/{path}": data for path, data in _shared(root, SHARED_PACKAGES)})


def worker(root: Path, python: Path, weights: Path) -> Package:
    """The worker's image as a zip for a custom runtime: the same files, and a bootstrap that runs the same client.

    `python` is the interpreter that has the worker's requirements; `weights` stay where they are, only what they hold
    is part of the zip, so that other weights are another deployment.
    """
    bootstrap = f'#!/bin/sh\nexport PYTHONPATH="$LAMBDA_TASK_ROOT"\nexec "{python}" -m awslambdaric app.handler\n'
    source = root / "src" / "divescore"
    compiled = (path for package in WORKER_PACKAGES for kind in COMPILED for path in (source / package).rglob(kind))
    files = {
        **dict(_python_files(root / "functions" / "worker")),
        **dict(_shared(root, WORKER_PACKAGES)),
        **{f"divescore/{path.relative_to(source).as_posix()}": path.read_bytes() for path in compiled},
        "bootstrap": bootstrap.encode(),
        "weights.txt": f"{weights}\n{_fingerprint(weights)}\n".encode(),
    }
    return pack("worker", files, executable=frozenset({"bootstrap"}))


def _python_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(folder).as_posix(), path.read_bytes()


def _shared(root: Path, packages: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for module in FUNCTION_MODULES:
        yield f"functions/{module}", (root / "functions" / module).read_bytes()
    source = root / "src" / "divescore"
    for module in SHARED_MODULES:
        yield f"divescore/{module}", (source / module).read_bytes()
    for package in packages:
        for path, data in _python_files(source / package):
            yield f"divescore/{package}/{path}", data


def _fingerprint(weights: Path) -> str:
    """What tells one folder of weights from another: the manifest, which holds each file's hash."""
    manifest = weights / "manifest.json"
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else "no manifest"
