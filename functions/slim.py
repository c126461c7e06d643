"""Takes out of a folder of installed packages what no function reads: `python slim.py --aws s3,sqs FOLDER`.

Nothing that is read at run time goes: a test starts the worker from what is left. It saves time and money where images
and zips are stored, pushed and unpacked; a cold start reads only what it touches in any case.
"""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

# Sources and declarations for compilers and type checkers, static libraries.
SUFFIXES = {".pyi", ".pyx", ".pxd", ".h", ".hpp", ".cuh", ".c", ".cpp", ".cu", ".f90", ".a", ".lib", ".cmake", ".ptl"}
# Folders, wherever they lie: tests, headers. What is named `testing` stays: torch imports its own.
FOLDERS = {"tests", "test", "include"}
# What one package brings besides, as paths below the folder.
PARTS = (
    "bin",
    "torch/bin/*Test",
    "torch/bin/protoc*",
    "torch/bin/test_*",
    "torch/bin/upgrader_models",
    "torch/lib/*_test*",
    "torch/lib/libaoti_custom_ops.so",
    "torch/lib/libbackend_with_compiler.so",
    "torch/share",
    "torch/_inductor/kernel/templates",
    "torch/utils/benchmark",
    "torch/utils/model_dump",
    "torch/testing/_internal/[!_l]*",
    "setuptools",
    "_distutils_hack",
    "distutils-precedence.pth",
    "pkg_resources",
    "functorch",
    "numpy/f2py",
    # Python has a library of its own; the rest writes and changes models.
    "onnxruntime/capi/libonnxruntime*",
    "onnxruntime/backend",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "sympy/galgebra.py",
    "boto3/data",
)


def unread(folder: Path, services: frozenset[str]) -> Iterator[Path]:
    """Files and folders to remove, of AWS's service models all but those of `services`."""
    for path in sorted(folder.rglob("*")):
        if (path.is_dir() and path.name in FOLDERS) or path.suffix in SUFFIXES:
            yield path
    for part in PARTS:
        yield from sorted(folder.glob(part))
    for path in sorted((folder / "botocore" / "data").glob("*/")):
        if path.name not in services:
            yield path


def slim(folder: Path, services: frozenset[str]) -> int:
    """Remove what nobody reads; return how many bytes that was. Raises ValueError for a service that AWS has not."""
    data = folder / "botocore" / "data"
    unknown = sorted(service for service in services if data.is_dir() and not (data / service).is_dir())
    if unknown:
        raise ValueError(f"AWS has no service of this name: {', '.join(unknown)}")
    freed = 0
    for path in list(unread(folder, services)):
        if path.is_dir():
            freed += sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            shutil.rmtree(path)
        elif path.exists():
            freed += path.stat().st_size
            path.unlink()
    return freed


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--aws", default="", help="services whose models stay, separated by commas")
    arguments = parser.parse_args()
    freed = slim(arguments.folder, frozenset(filter(None, arguments.aws.split(","))))
    print(f"removed {freed / 1e6:.1f} MB that nobody reads")  # noqa: T201 - a step of a build


if __name__ == "__main__":
    main()
