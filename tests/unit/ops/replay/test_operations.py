"""What the commands of an operator do, on fakes."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from divescore.ops.replay import canary, operations
from divescore.ops.replay.errors import AtWork, NoSuchLetter
from divescore.ops.replay.journal import Journal
from divescore.views import Status
from tests.fakes.network import Call, Moment
from tests.fakes.world import UPLOADS_DLQ
from tests.unit.ops.replay.conftest import Graveyard, choose, given


def test_looking_groups_by_queue_cause_and_fate_and_changes_nothing(graveyard: Graveyard) -> None:
    for _ in range(3):
        graveyard.letter(graveyard.job())
    graveyard.letter(graveyard.job(Status.SCORED))
    graveyard.bury(UPLOADS_DLQ, "hello")
    bare = graveyard.job()
    graveyard.world.clock.advance(3700)
    document = operations.look(choose())
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
    assert (graveyard.visible(), graveyard.visible(UPLOADS_DLQ), graveyard.sent()) == (4, 1, [])
    assert json.loads(json.dumps(document)) == document


def test_an_empty_place_is_no_failure(graveyard: Graveyard) -> None:
    assert operations.look(choose())["letters"] == []
    assert operations.rehearse(choose(), given())["ok"]
    document = graveyard.run()
    assert (document["ok"], document["sent"], document["letters"]) == (True, 0, [])
    assert not graveyard.place.journal.exists()


def test_a_letter_is_found_by_its_own_id_or_its_jobs(graveyard: Graveyard) -> None:
    job = graveyard.job()
    letter = graveyard.letter(job)
    graveyard.letter(graveyard.job())
    (one,) = operations.find(choose(), letter.message_id)
    assert [same["messageId"] for same in operations.find(choose(), job.job_id)] == [one["messageId"]]
    assert one["letter"]["attributes"]["bytes"] == {"DataType": "Binary", "BinaryValue": "AP8="}
    assert (one["records"][0]["status"], one["videos"][0]["there"]) == ("FAILED", True)
    with pytest.raises(NoSuchLetter, match="nobody"):
        operations.find(choose(), "nobody")


def test_a_rehearsal_says_what_a_run_would_do_and_does_nothing(graveyard: Graveyard) -> None:
    for _ in range(4):
        graveyard.letter(graveyard.job())
    document = operations.rehearse(choose(), given(limit=3))
    assert (document["dryRun"], document["toDo"], len(document["letters"])) == (True, 3, 3)
    assert (graveyard.visible(), graveyard.sent()) == (4, [])
    assert not any(call.operation in ("update_item", "delete_message_batch") for call in graveyard.world.network.calls)


def test_filters_choose_and_what_was_not_chosen_is_given_back_before_the_run(graveyard: Graveyard) -> None:
    jobs = [graveyard.job() for _ in range(3)]
    for job in jobs:
        graveyard.letter(job)
    document = operations.send(choose(jobs=(jobs[1].job_id,)), given())
    assert (document["sent"], len(document["letters"])) == (1, 1)
    assert (len(graveyard.dead()), graveyard.visible()) == (2, 2)
    assert operations.send(choose(), given(limit=1))["sent"] == 1
    assert len(graveyard.dead()) == 1


def scored_by_workers(graveyard: Graveyard, monkeypatch: pytest.MonkeyPatch) -> None:
    """While canaries are waited for, workers are at work."""
    wait = canary.wait_for

    def working(*arguments: Any) -> canary.Verdict:
        graveyard.world.clock.advance(10)
        while graveyard.world.sqs.receive_is_possible("scoring"):
            graveyard.world.work_once()
        return wait(*arguments)

    monkeypatch.setattr(canary, "wait_for", working)


def test_canaries_that_are_scored_let_the_others_follow(graveyard: Graveyard, monkeypatch: pytest.MonkeyPatch) -> None:
    scored_by_workers(graveyard, monkeypatch)
    for _ in range(5):
        graveyard.letter(graveyard.job())
    document = graveyard.run(canaries=2)
    assert (document["ok"], document["sent"], set(document["canary"].values())) == (True, 5, {"SCORED"})


def test_a_canary_that_is_not_scored_keeps_the_others_where_they_are(
    graveyard: Graveyard, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored_by_workers(graveyard, monkeypatch)

    def broken(*_: object) -> Any:
        raise MemoryError

    graveyard.world.score = broken
    for _ in range(5):
        graveyard.letter(graveyard.job())
    document = graveyard.run(canaries=2)
    assert (document["ok"], document["sent"], document["left"]) == (False, 2, 3)
    assert "SCORED" not in document["canary"].values()
    assert graveyard.visible() == len(graveyard.dead()) == 3
    assert not graveyard.place.journal.exists(), "it ended, however badly"


def test_a_request_to_stop_is_heard_between_two_batches(graveyard: Graveyard) -> None:
    for _ in range(30):
        graveyard.letter(graveyard.job())

    def interrupt(call: Call, moment: Moment) -> None:
        if call.operation == "send_message_batch" and moment == "after":
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    graveyard.world.network.gate = interrupt
    document = graveyard.run()
    assert (document["ok"], document["sent"], document["left"]) == (False, 10, 20)
    assert (len(graveyard.dead()), graveyard.visible()) == (20, 20)
    assert signal.getsignal(signal.SIGINT) is before


def test_what_a_killed_run_hides_is_seen_again_at_once(graveyard: Graveyard) -> None:
    for _ in range(3):
        graveyard.letter(graveyard.job())
    assert graveyard.run_until_killed(1, "before")
    assert graveyard.visible() == 0
    assert len(operations.look(choose("scoring"))["letters"]) == 3


def test_a_run_at_work_keeps_its_letters_from_others(graveyard: Graveyard) -> None:
    graveyard.letter(graveyard.job())
    assert graveyard.run_until_killed(1, "before")
    with Journal(graveyard.place.journal):
        with pytest.raises(AtWork):
            graveyard.run()
        assert operations.look(choose("scoring"))["letters"] == []
    assert graveyard.run()["sent"] == 1


def test_only_what_was_exported_is_purged(graveyard: Graveyard, tmp_path: Path) -> None:
    settled = graveyard.letter(graveyard.job(Status.SCORED))
    graveyard.letter(graveyard.job())
    path = tmp_path / "letters.jsonl"
    assert operations.export(choose(), path, settled=True) == 1
    newcomer = graveyard.letter(graveyard.job(Status.REJECTED))

    rehearsed = operations.purge(choose(), path, settled=True, yes=False)
    assert (rehearsed["found"], rehearsed["notExported"], rehearsed["deleted"], rehearsed["ok"]) == (1, 1, 0, True)
    assert graveyard.visible() == 3
    purged = operations.purge(choose(), path, settled=True, yes=True)
    assert (purged["deleted"], purged["notExported"], purged["ok"]) == (1, 1, False)
    assert {letter.message_id for letter in graveyard.dead()}.isdisjoint({settled.message_id})
    assert newcomer in graveyard.dead()
    assert graveyard.visible() == len(graveyard.dead()) == 2


def test_failed_jobs_without_a_letter_are_nothing_to_export(graveyard: Graveyard, tmp_path: Path) -> None:
    graveyard.job()
    assert operations.export(choose(), tmp_path / "letters.jsonl", settled=False) == 0
    assert (tmp_path / "letters.jsonl").read_text() == ""
