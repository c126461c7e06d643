"""What a resumed run knows of earlier ones."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from divescore.client.models import Job
from divescore.declaration import Declaration
from divescore.ops.score.declarations import Entry
from divescore.ops.score.journal import ScoreJournal, journal_of


def job(status: str, **more: object) -> Job:
    return Job.model_validate({"jobId": "a", "status": status, "version": 4} | more)


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    path = tmp_path / "dive.mp4"
    path.write_bytes(b"video")
    return Entry(path, Declaration("107B", 3.0, None), "order 7")


def test_what_was_noted_last_is_found_again(tmp_path: Path, entry: Entry) -> None:
    journal = ScoreJournal(tmp_path / "state" / "journal.jsonl")
    assert journal.find(entry) is None
    journal.note(entry, job("AWAITING_UPLOAD"), "token")
    journal.note(entry, job("SCORED", result={"score": 80.5, "strip": ["data:..."]}), "token")
    known = ScoreJournal.load(journal.path).find(entry)
    assert known is not None
    assert (known.done, known.token, known.job.score) == (True, "token", 80.5)
    assert "data:" not in journal.path.read_text()


@pytest.mark.parametrize(
    ("status", "done"), [("SCORED", True), ("REJECTED", True), ("FAILED", False), ("CANCELLED", False)]
)
def test_only_what_another_try_would_repeat_is_done(tmp_path: Path, entry: Entry, status: str, done: bool) -> None:
    journal = ScoreJournal(tmp_path / "journal.jsonl")
    journal.note(entry, job(status), "token")
    known = journal.find(entry)
    assert known is not None
    assert known.done is done


def test_a_file_that_changed_or_is_declared_otherwise_is_another(tmp_path: Path, entry: Entry) -> None:
    journal = ScoreJournal(tmp_path / "journal.jsonl")
    journal.note(entry, job("SCORED"), "token")
    assert journal.find(replace(entry, declared=Declaration("107B", 10.0, None))) is None
    assert journal.find(replace(entry, reference=None)) is None
    entry.path.write_bytes(b"another video")
    assert journal.find(entry) is None


def test_a_line_that_is_not_whole_is_passed_over(tmp_path: Path, entry: Entry) -> None:
    journal = ScoreJournal(tmp_path / "journal.jsonl")
    journal.note(entry, job("SCORED"), "token")
    with journal.path.open("a") as file:
        file.write('{"file": "x", "jo')
    assert ScoreJournal.load(journal.path).find(entry) is not None


def test_it_is_its_owners_alone_and_one_for_each_service(
    tmp_path: Path, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = journal_of("https://api.test")
    assert path.parent == tmp_path / "divescore"
    assert path != journal_of("https://other.test")
    ScoreJournal(path).note(entry, job("SCORED"), "token")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
