"""A table of prices is a file that may be wrong."""

import json
from pathlib import Path

import pytest

from divescore.lab.capacity.documents import DocumentInvalid, read_prices


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"region": "eu-central-1", "s3_get": 1e-6}))
    found = read_prices(path)
    assert found == {**read_prices(), "region": "eu-central-1", "s3_get": 1e-6}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "cannot be read"),
        ("[1]", "no JSON object"),
        ('{"s3_gets": 1}', "s3_gets"),
        ('{"s3_get": "1"}', "s3_get"),
        ('{"s3_get": -1}', "s3_get"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(DocumentInvalid, match=says):
        read_prices(path)
