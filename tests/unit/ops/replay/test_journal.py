import stat
from pathlib import Path

import pytest

from divescore.ops.replay.dead_letters import Letter, Source, Work
from divescore.ops.replay.errors import AtWork
from divescore.ops.replay.journal import Journal
from divescore.ops.replay.queues import Hold

LETTER = Letter(Source.SCORING, "m1", "r1", "{}")


def test_what_a_dead_run_wrote_is_read_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "replay" / "local.jsonl"
    with Journal(path) as journal:
        journal.held([LETTER, Letter(Source.UPLOADS, "m2", "r2", "{}"), Letter(Source.JOBS, "job-a", None, "{}")])
        journal.done([LETTER], [Work("a", "v1")])
    with Journal(path) as journal:
        assert set(journal.holds.values()) == {Hold(Source.SCORING, "m1", "r1"), Hold(Source.UPLOADS, "m2", "r2")}
        assert (set(journal.confirmed.letters), set(journal.confirmed.works)) == ({"m1"}, {Work("a", "v1")})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_half_a_line_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "local.jsonl"
    with Journal(path) as journal:
        journal.done([LETTER], [Work("a", "v1")])
    path.write_text(path.read_text() + '{"done": ["m2"], "wor')
    with Journal(path) as journal:
        assert set(journal.confirmed.letters) == {"m1"}
        journal.done([Letter(Source.SCORING, "m3", "r", "{}")], [])
    with Journal(path) as journal:
        assert set(journal.confirmed.letters) == {"m1", "m3"}


def test_two_runs_do_not_share_it(tmp_path: Path) -> None:
    path = tmp_path / "local.jsonl"
    with Journal(path), pytest.raises(AtWork, match="Another replay"):
        Journal(path)
    with Journal(path):
        pass


def test_an_end_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "replay" / "local.jsonl"
    with Journal(path) as journal:
        journal.done([LETTER], [])
        journal.close(ended=True)
    assert not path.parent.exists()
