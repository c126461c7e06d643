"""Zips of the functions: the same content gives the same key, other content another."""

import io
import zipfile
from pathlib import Path

from divescore.stack.local import package
from divescore.stack.local.checkout import project_root

ROOT = project_root()
PYTHON = Path("/somewhere/.venv/bin/python")


def names(packed: package.Package) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(packed.content)).namelist())


def test_the_same_files_give_the_same_bytes() -> None:
    first = package.pack("name", {"b.py": b"2", "a.py": b"1"})
    assert package.pack("name", {"a.py": b"1", "b.py": b"2"}) == first
    assert first.key.startswith("name/")


def test_other_content_has_another_key() -> None:
    assert package.pack("name", {"a.py": b"1"}).key != package.pack("name", {"a.py": b"2"}).key


def test_a_zip_function_is_its_own_folder_only() -> None:
    assert names(package.function(ROOT, "enqueue")) == {"app.py"}


def test_the_layer_holds_our_shared_code_below_python() -> None:
    held = names(package.layer(ROOT))
    assert {"python/divescore/__init__.py", "python/divescore/aws.py", "python/divescore/dives.py"} <= held
    assert {path.split("/")[2] for path in held if path.count("/") > 2} == set(package.SHARED_PACKAGES)


def test_the_worker_starts_the_real_runtime_client_with_the_given_interpreter(tmp_path: Path) -> None:
    packed = package.worker(ROOT, PYTHON, tmp_path)
    archive = zipfile.ZipFile(io.BytesIO(packed.content))
    assert f'exec "{PYTHON}" -m awslambdaric app.handler' in archive.read("bootstrap").decode()
    assert archive.getinfo("bootstrap").external_attr >> 16 == 0o755
    assert {"app.py", "divescore/worker/delivery.py"} <= names(packed)
    built = {path.name for path in (ROOT / "src" / "divescore" / "scoring" / "c3d").glob("*.so")}
    assert {Path(name).name for name in names(packed) if name.endswith(".so")} == built
    assert "divescore/scoring/mini/graphs/localiser.onnx" in names(packed)
    assert not [name for name in names(packed) if "/live/" in name or "/local/" in name]


def test_other_weights_are_another_deployment_but_not_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "big.safetensors").write_bytes(b"0" * 1000)
    before = package.worker(ROOT, PYTHON, tmp_path)
    (tmp_path / "manifest.json").write_text('{"id": "other"}')
    after = package.worker(ROOT, PYTHON, tmp_path)
    assert before.key != after.key
    assert "big.safetensors" not in names(after)
