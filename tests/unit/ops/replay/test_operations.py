"""What the commands of an operator do, on fakes."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from divescore.ops.replay import canary, operations
from divescore.ops.replay.errors import AlreadyRunning, DeadLetterNotFound
from divescore.ops.replay.journal import Journal
from divescore.ops.replay.selection import Selection
from divescore.views import Status
from tests.fakes.network import Call, Moment
from tests.fakes.world import UPLOADS_DLQ
from tests.unit.ops.replay.conftest import FakeSystem, given

EVERYTHING = Selection()


def test_looking_groups_by_queue_cause_and_plan_and_changes_nothing(system: FakeSystem) -> None:
    for _ in range(3):
        system.dead_letter(system.job())
    system.dead_letter(system.job(Status.SCORED))
    system.send_to(UPLOADS_DLQ, "hello")
    bare = system.job()
    system.world.clock.advance(3700)
    document = operations.look(system.resources, EVERYTHING)
    rows = {(row["queue"], row["cause"], row["action"]): row for row in document["groups"]}
    assert {key: row["letters"] for key, row in rows.items()} == {
        ("scoring", "INTERNAL", "send"): 3,
        ("scoring", "INTERNAL", "skip"): 1,
        ("uploads", "UNREADABLE", "skip"): 1,
        ("jobs", "INTERNAL", "send"): 1,
    }
    assert rows["scoring", "INTERNAL", "send"]["attempts"] == {"3": 3}
    assert rows["scoring", "INTERNAL", "send"]["oldestSeconds"] == 3700
    assert rows["scoring", "INTERNAL", "skip"]["because"] == "the dive has its score"
    assert [one["jobs"] for one in document["letters"] if one["messageId"] is None] == [[bare.job_id]]
    assert (system.visible(), system.visible(UPLOADS_DLQ), system.sent()) == (4, 1, [])
    assert json.loads(json.dumps(document)) == document


def test_an_empty_system_is_no_failure(system: FakeSystem) -> None:
    assert operations.look(system.resources, EVERYTHING)["letters"] == []
    assert operations.dry_run(system.resources, EVERYTHING, None)["ok"]
    document = system.run()
    assert (document["ok"], document["sent"], document["letters"]) == (True, 0, [])
    assert not system.resources.journal.exists()


def test_a_dead_letter_is_found_by_its_own_id_or_its_jobs(system: FakeSystem) -> None:
    job = system.job()
    letter = system.dead_letter(job)
    system.dead_letter(system.job())
    (one,) = operations.find(system.resources, EVERYTHING, letter.message_id)
    assert [same["messageId"] for same in operations.find(system.resources, EVERYTHING, job.job_id)] == [
        one["messageId"]
    ]
    assert one["letter"]["attributes"]["bytes"] == {"DataType": "Binary", "BinaryValue": "AP8="}
    assert (one["records"][0]["status"], one["videos"][0]["there"]) == ("FAILED", True)
    with pytest.raises(DeadLetterNotFound, match="nobody"):
        operations.find(system.resources, EVERYTHING, "nobody")


def test_the_video_of_a_scored_dive_is_shown_to_be_there(system: FakeSystem) -> None:
    scored = system.job(Status.SCORED)
    system.dead_letter(scored)
    (one,) = operations.find(system.resources, EVERYTHING, scored.job_id)
    assert (one["action"], one["videos"][0]["there"]) == ("skip", True)


def test_a_dry_run_says_what_a_run_would_do_and_does_nothing(system: FakeSystem) -> None:
    for _ in range(4):
        system.dead_letter(system.job())
    document = operations.dry_run(system.resources, EVERYTHING, 3)
    assert (document["dryRun"], document["toDo"], len(document["letters"])) == (True, 3, 3)
    assert (system.visible(), system.sent()) == (4, [])
    assert not any(call.operation in ("update_item", "delete_message_batch") for call in system.world.network.calls)


def test_filters_choose_and_what_was_not_chosen_is_released_before_the_run(system: FakeSystem) -> None:
    jobs = [system.job() for _ in range(3)]
    for job in jobs:
        system.dead_letter(job)
    document = operations.run(system.resources, Selection(jobs=[jobs[1].job_id]), given())
    assert (document["sent"], len(document["letters"])) == (1, 1)
    assert (len(system.in_dlq()), system.visible()) == (2, 2)
    assert system.run(limit=1)["sent"] == 1
    assert len(system.in_dlq()) == 1


def scored_by_workers(system: FakeSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    """While canaries are waited for, workers are at work."""
    wait = canary.wait_for

    def working(*arguments: Any) -> dict[str, str]:
        system.world.clock.advance(10)
        while system.world.sqs.receive_is_possible("scoring"):
            system.world.work_once()
        return wait(*arguments)

    monkeypatch.setattr(canary, "wait_for", working)


def test_canaries_that_are_scored_let_the_others_follow(system: FakeSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    scored_by_workers(system, monkeypatch)
    for _ in range(5):
        system.dead_letter(system.job())
    document = system.run(canaries=2)
    assert (document["ok"], document["sent"], set(document["canary"].values())) == (True, 5, {"SCORED"})


def test_a_canary_that_is_not_scored_keeps_the_others_where_they_are(
    system: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored_by_workers(system, monkeypatch)

    def broken(*_: object) -> Any:
        raise MemoryError

    system.world.score = broken
    for _ in range(5):
        system.dead_letter(system.job())
    document = system.run(canaries=2)
    assert (document["ok"], document["sent"], document["left"]) == (False, 2, 3)
    assert "SCORED" not in document["canary"].values()
    assert system.visible() == len(system.in_dlq()) == 3
    assert not system.resources.journal.exists(), "it ended, however badly"


def test_a_request_to_stop_is_heard_between_two_batches(system: FakeSystem) -> None:
    for _ in range(30):
        system.dead_letter(system.job())

    def interrupt(call: Call, moment: Moment) -> None:
        if call.operation == "send_message_batch" and moment == "after":
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    system.world.network.gate = interrupt
    document = system.run()
    assert (document["ok"], document["sent"], document["left"]) == (False, 10, 20)
    assert (len(system.in_dlq()), system.visible()) == (20, 20)
    assert signal.getsignal(signal.SIGINT) is before


def test_what_a_killed_run_hides_is_seen_again_at_once(system: FakeSystem) -> None:
    for _ in range(3):
        system.dead_letter(system.job())
    assert system.run_until_killed(1, "before")
    assert system.visible() == 0
    assert len(operations.look(system.resources, Selection(["scoring"]))["letters"]) == 3


def test_a_run_that_is_alive_keeps_its_dead_letters_from_others(system: FakeSystem) -> None:
    system.dead_letter(system.job())
    assert system.run_until_killed(1, "before")
    with Journal(system.resources.journal):
        with pytest.raises(AlreadyRunning):
            system.run()
        assert operations.look(system.resources, Selection(["scoring"]))["letters"] == []
    assert system.run()["sent"] == 1


def test_only_what_was_exported_is_purged(system: FakeSystem, tmp_path: Path) -> None:
    settled = system.dead_letter(system.job(Status.SCORED))
    system.dead_letter(system.job())
    path = tmp_path / "letters.jsonl"
    assert operations.export(system.resources, EVERYTHING, path, settled=True) == 1
    newcomer = system.dead_letter(system.job(Status.REJECTED))

    dry = operations.purge(system.resources, EVERYTHING, path, settled=True, yes=False)
    assert (dry["found"], dry["notExported"], dry["deleted"], dry["ok"]) == (1, 1, 0, True)
    assert system.visible() == 3
    purged = operations.purge(system.resources, EVERYTHING, path, settled=True, yes=True)
    assert (purged["deleted"], purged["notExported"], purged["ok"]) == (1, 1, False)
    assert {letter.message_id for letter in system.in_dlq()}.isdisjoint({settled.message_id})
    assert newcomer in system.in_dlq()
    assert system.visible() == len(system.in_dlq()) == 2


def test_failed_jobs_without_a_dead_letter_are_nothing_to_export(system: FakeSystem, tmp_path: Path) -> None:
    system.job()
    assert operations.export(system.resources, EVERYTHING, tmp_path / "letters.jsonl", settled=False) == 0
    assert (tmp_path / "letters.jsonl").read_text() == ""
