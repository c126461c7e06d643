from pathlib import Path

import pytest

from divescore.ops.replay import resources
from divescore.ops.replay.dead_letters import Source
from divescore.ops.replay.resources import OUTPUTS, open_place
from divescore.stack.deployed import Stack
from divescore.stack.errors import NoSystem


def owned(monkeypatch: pytest.MonkeyPatch, local: bool, **outputs: str) -> None:
    given = {output: name for name, output in OUTPUTS.items()} | outputs
    owner = Stack("dives", {name: value for name, value in given.items() if value}, {}, local, lambda service: service)
    monkeypatch.setattr(resources, "find_stack", lambda _stack: owner)


def test_a_deployed_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    owned(monkeypatch, local=False)
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    found = open_place("dives")
    assert found.journal == tmp_path / "replay" / "stack-dives.jsonl"
    assert found.mailbox(Source.STREAM).url == "streamDlq"
    assert [found.outbox(source).url for source in (Source.UPLOADS, Source.SCORING, Source.JOBS)] == [
        "uploads",
        "scoring",
        "scoring",
    ]
    assert (found.outbox(Source.SCORING).batches_keep_traces, found.teller.notify) == (True, "notify")


def test_the_system_on_this_machine_sends_letters_with_a_trace_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owned(monkeypatch, local=True)
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    found = open_place(None)
    assert (found.name, found.outbox(Source.SCORING).batches_keep_traces) == ("local", False)


def test_a_stack_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    owned(monkeypatch, local=False, StreamDlqUrl="")
    with pytest.raises(NoSystem, match="no output StreamDlqUrl"):
        open_place("dives")
