"""The manifest and the verification of its files."""

import json
import shutil
from pathlib import Path

import pytest

from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import read_manifest, sha256_of

WEIGHTS = Path(__file__).parents[3] / "model_weights"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))


def test_the_shipped_model_is_whole_small_and_honest() -> None:
    manifest = read_manifest(WEIGHTS)

    assert manifest.id == "divescore-mini"
    assert manifest.trained_on == "synthetic"
    assert manifest.sha256 == sha256_of(WEIGHTS / manifest.files[0].name)
    assert sum(file.bytes for file in manifest.files) <= 16_000_000
    assert manifest.training["command"].startswith("divescore train")
    assert "execution_rank_correlation" in manifest.figures


def test_an_altered_file_is_refused(folder: Path) -> None:
    path = folder / read_manifest(folder).files[0].name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(WeightsInvalid, match="not the file of its manifest"):
        read_manifest(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    path = folder / read_manifest(folder).files[0].name
    path.unlink()

    with pytest.raises(WeightsInvalid, match=path.name):
        read_manifest(folder)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsInvalid, match=r"manifest\.json"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("files", []),
        ("gate", {"threshold": 2}),
        ("surprise", 1),
        ("files", [{"name": "../x", "sha256": "", "bytes": 1}]),
    ],
)
def test_a_malformed_manifest_says_where(folder: Path, key: str, value: object) -> None:
    path = folder / "manifest.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document[key] = value
    path.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(WeightsInvalid, match=key):
        read_manifest(folder)
