from pathlib import Path

import pytest

from divescore.ops.replay import exports
from divescore.ops.replay.dead_letters import Source
from divescore.ops.replay.errors import BadExport
from tests.unit.ops.replay.conftest import Graveyard


def test_what_was_exported_is_found_again_exactly(graveyard: Graveyard, tmp_path: Path) -> None:
    for _ in range(3):
        graveyard.letter(graveyard.job())
    letters = graveyard.place.mailbox(Source.SCORING).take(60)
    path = tmp_path / "letters.jsonl"
    assert exports.write(letters[:2], path) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["letters.jsonl"]
    inside, outside = exports.split(letters, exports.read(path))
    assert (inside, outside) == (letters[:2], letters[2:])


def test_what_is_no_export(tmp_path: Path) -> None:
    with pytest.raises(BadExport, match="No such file"):
        exports.read(tmp_path / "none.jsonl")
    for text in ("hello\n", '{"queue": "scoring"}\n', "[]\n"):
        path = tmp_path / "bad.jsonl"
        path.write_text(text)
        with pytest.raises(BadExport, match="is no export"):
            exports.read(path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(BadExport):
        exports.read(tmp_path / "bytes")
