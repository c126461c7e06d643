import stat
from pathlib import Path

import pytest

from divescore.ops.replay.dead_letters import DeadLetter, QueueName, Receipt
from divescore.ops.replay.errors import AlreadyRunning
from divescore.ops.replay.journal import Journal
from divescore.uploads.notifications import Upload

LETTER = DeadLetter(QueueName.SCORING, "m1", "r1", "{}")


def test_what_a_dead_run_wrote_is_read_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "replay" / "local.jsonl"
    with Journal(path) as journal:
        journal.in_flight(
            [LETTER, DeadLetter(QueueName.UPLOADS, "m2", "r2", "{}"), DeadLetter(QueueName.JOBS, "job-a", None, "{}")]
        )
        journal.done([LETTER], [Upload("a", "v1")])
    with Journal(path) as journal:
        assert set(journal.receipts.values()) == {
            Receipt(QueueName.SCORING, "m1", "r1"),
            Receipt(QueueName.UPLOADS, "m2", "r2"),
        }
        assert (set(journal.confirmed.letters), set(journal.confirmed.uploads)) == ({"m1"}, {Upload("a", "v1")})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_keeps_its_format_so_that_a_journal_of_an_older_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "local.jsonl"
    lines = [
        '{"held": [["scoring", "m1", "r1"], ["stream", "m2", "r2"]]}',
        '{"done": ["m1"], "works": [["a", "v1"]]}',
    ]
    path.write_text("".join(line + "\n" for line in lines))
    with Journal(path) as journal:
        assert journal.receipts["m2"] == Receipt(QueueName.STREAM, "m2", "r2")
        assert (journal.confirmed.letters, journal.confirmed.uploads) == ({"m1"}, {Upload("a", "v1")})
        journal.in_flight([LETTER])
        journal.done([LETTER], [Upload("a", "v1")])
    assert path.read_text().splitlines()[2:] == ['{"held": [["scoring", "m1", "r1"]]}', lines[1]]


def test_half_a_line_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "local.jsonl"
    with Journal(path) as journal:
        journal.done([LETTER], [Upload("a", "v1")])
    path.write_text(path.read_text() + '{"done": ["m2"], "wor')
    with Journal(path) as journal:
        assert set(journal.confirmed.letters) == {"m1"}
        journal.done([DeadLetter(QueueName.SCORING, "m3", "r", "{}")], [])
    with Journal(path) as journal:
        assert set(journal.confirmed.letters) == {"m1", "m3"}


def test_two_runs_do_not_share_it(tmp_path: Path) -> None:
    path = tmp_path / "local.jsonl"
    with Journal(path), pytest.raises(AlreadyRunning, match="Another replay"):
        Journal(path)
    with Journal(path):
        pass


def test_an_end_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "replay" / "local.jsonl"
    with Journal(path) as journal:
        journal.done([LETTER], [])
        journal.close(ended=True)
    assert not path.parent.exists()
