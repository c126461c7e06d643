import json
from pathlib import Path

import pytest

from divescore.ops.replay import exports
from divescore.ops.replay.dead_letters import QueueName, received
from divescore.ops.replay.errors import BadExport
from tests.unit.ops.replay.conftest import FakeSystem
from tests.unit.ops.replay.test_dead_letters import MESSAGE


def test_what_was_exported_is_found_again_exactly(system: FakeSystem, tmp_path: Path) -> None:
    for _ in range(3):
        system.dead_letter(system.job())
    letters = system.receive()
    path = tmp_path / "letters.jsonl"
    assert exports.write(letters[:2], path) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["letters.jsonl"]
    exported = exports.read(path)
    assert [letter for letter in letters if exports.content(exports.document(letter)) in exported] == letters[:2]


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


def test_an_exported_dead_letter_is_whole_and_equal_only_to_itself() -> None:
    letter = received(QueueName.SCORING, MESSAGE)
    exported = json.loads(json.dumps(exports.document(letter)))
    assert exported["attributes"]["bytes"] == {"DataType": "Binary.png", "BinaryValue": "AP8="}
    assert exported["system"]["AWSTraceHeader"] == "Root=1"
    again = received(QueueName.SCORING, MESSAGE | {"ReceiptHandle": "r2", "Attributes": {}})
    assert exports.content(json.loads(json.dumps(exports.document(again)))) == exports.content(exported)
    changes: list[dict[str, object]] = [{"Body": "{}"}, {"MessageId": "m2"}, {"MessageAttributes": {}}]
    for changed in changes:
        other = received(QueueName.SCORING, MESSAGE | changed)
        assert exports.content(exports.document(other)) != exports.content(exported)
