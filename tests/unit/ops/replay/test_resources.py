from pathlib import Path

import pytest

from divescore.ops.replay import resources
from divescore.ops.replay.dead_letters import QueueName
from divescore.ops.replay.resources import open_resources
from divescore.stack.deployed import Stack
from divescore.stack.errors import NoSystem

OUTPUTS = (
    "JobsTable",
    "UploadsBucket",
    "NotifyFunction",
    "UploadsQueueUrl",
    "ScoringQueueUrl",
    "UploadsDlqUrl",
    "ScoringDlqUrl",
    "StreamDlqUrl",
    "SettleDlqUrl",
    "SettleFunction",
)


def owned(monkeypatch: pytest.MonkeyPatch, local: bool, **outputs: str) -> None:
    given = {name: f"{name} given" for name in OUTPUTS} | outputs
    stack = Stack("dives", {name: value for name, value in given.items() if value}, {}, local, lambda service: service)
    monkeypatch.setattr(resources, "find_stack", lambda _name: stack)


def test_a_deployed_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    owned(monkeypatch, local=False)
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    found = open_resources("dives")
    assert found.journal == tmp_path / "replay" / "stack-dives.jsonl"
    assert found.dead_letter_queues == {
        QueueName.UPLOADS: "UploadsDlqUrl given",
        QueueName.SCORING: "ScoringDlqUrl given",
        QueueName.STREAM: "StreamDlqUrl given",
        QueueName.SETTLED: "SettleDlqUrl given",
    }
    assert {name: queue.url for name, queue in found.source_queues.items()} == {
        QueueName.UPLOADS: "UploadsQueueUrl given",
        QueueName.SCORING: "ScoringQueueUrl given",
        QueueName.JOBS: "ScoringQueueUrl given",
    }
    assert found.source_queues[QueueName.SCORING].batches_keep_traces
    assert (found.table.name, found.stream.table) == ("JobsTable given", "JobsTable given")
    assert found.store.bucket == "UploadsBucket given"
    assert {queue: (function.deployed, function.name) for queue, function in found.stream_functions.items()} == {
        QueueName.STREAM: ("NotifyFunction given", "notify"),
        QueueName.SETTLED: ("SettleFunction given", "settle"),
    }


def test_the_system_on_this_machine_sends_dead_letters_with_a_trace_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owned(monkeypatch, local=True)
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    found = open_resources(None)
    assert (found.name, found.source_queues[QueueName.SCORING].batches_keep_traces) == ("local", False)


def test_a_stack_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    owned(monkeypatch, local=False, StreamDlqUrl="")
    with pytest.raises(NoSystem, match="no output StreamDlqUrl"):
        open_resources("dives")
