"""What an export copies, and that it may be stopped and run again."""

import csv
import stat
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from divescore.api.bodies import MarkJob
from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.ops.export.films import Became, Export
from divescore.ops.export.table import COLUMNS, FILE, NotOurTable, event_of
from divescore.uploads.store import UploadStore
from divescore.views import Status
from tests.fakes.clock import START
from tests.fakes.jobs import job_in
from tests.fakes.world import VIDEO, World

SEVEN = {"marks": [8.5, 8.5, 8, 9, 8.5, 8.5, 7.5]}


@pytest.fixture
def run(world: World, tmp_path: Path) -> Export:
    notes: list[str] = []
    return Export(world.table, world.marks, world.store, tmp_path / "dives", notes.append)


def notes(run: Export) -> list[str]:
    return cast("list[str]", run.notice.__self__)  # type: ignore[attr-defined]  # the list behind its append


def marked(world: World, number: int, given: dict[str, Any], film: bytes = VIDEO, **changes: Any) -> Job:
    """A scored dive with a video and with marks."""
    job = job_in(Status.SCORED, job_id=f"{number:032x}", **changes)
    job = replace(job, object_version=world.post(job, film + bytes([number]), notify=False))
    world.dynamodb.put_item(Item=to_item(job))
    world.operations.mark(job.job_id, MarkJob.model_validate(given | {"consent": True}))
    return job


def lines(run: Export) -> list[dict[str, str]]:
    with (run.folder / FILE).open(newline="") as file:
        return list(csv.DictReader(file))


def test_films_and_lines_are_what_was_marked_and_declared(world: World, run: Export) -> None:
    first = marked(world, 1, SEVEN, dive="107B", height=3.0)
    marked(world, 2, {"score": 84.15}, content_type="video/mp4", dive="307C", difficulty=3.3)
    marked(world, 3, {"execution": 24}, client="another", film=b"a film of another kind")
    unmarked = job_in(Status.SCORED, job_id="f" * 32)
    world.dynamodb.put_item(Item=to_item(unmarked))
    world.post(unmarked, notify=False)
    assert run.run(0) == Counter({Became.COPIED: 3})
    names = [f"{1:032x}.avi", f"{2:032x}.avi", f"{3:032x}"]
    assert sorted(path.name for path in run.folder.iterdir()) == sorted([*names, FILE])
    assert (run.folder / names[0]).read_bytes() == VIDEO + b"\x01"
    event = event_of(first)
    one, two, three = lines(run)
    assert tuple(one) == COLUMNS == ("file", "event", "execution", "score", "dive", "height", "difficulty")
    assert list(one.values()) == [names[0], event, "25.5", "", "107B", "3", "3.1"]
    assert list(two.values()) == [names[1], event, "", "84.15", "307C", "", "3.3"]
    assert list(three.values())[2:] == ["24", "", "", "", ""]
    assert three["event"] != event
    assert first.client not in three["event"] + event


def test_nobody_else_reads_the_copies(world: World, run: Export) -> None:
    marked(world, 1, SEVEN)
    run.run(0)
    assert stat.S_IMODE(run.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in run.folder.iterdir()} == {0o600}


def test_only_marks_of_the_time_asked_for(world: World, run: Export) -> None:
    marked(world, 1, SEVEN)
    world.clock.advance(3600)
    marked(world, 2, SEVEN)
    assert run.run(START + 1) == Counter({Became.COPIED: 1})
    assert [line["file"] for line in lines(run)] == [f"{2:032x}.avi"]


def test_what_is_gone_is_skipped_with_a_word(world: World, run: Export) -> None:
    expired = marked(world, 1, SEVEN)
    del world.dynamodb.items[f"JOB#{expired.job_id}", "JOB"]
    late = marked(world, 2, SEVEN)
    world.dynamodb.put_item(Item=to_item(replace(late, expires_at=world.clock())))
    erased = marked(world, 3, SEVEN)
    world.store.erase(erased.job_id)  # and died before the marks
    empty = job_in(Status.AWAITING_UPLOAD, job_id=f"{4:032x}")
    world.dynamodb.put_item(Item=to_item(empty))
    world.operations.mark(empty.job_id, MarkJob.model_validate(SEVEN | {"consent": True}))
    gone = marked(world, 5, SEVEN)
    world.operations.cancel(gone.job_id)
    assert run.run(0) == Counter({Became.EXPIRED: 2, Became.ERASED: 1, Became.EMPTY: 1})
    assert lines(run) == []
    assert sorted(path.name for path in run.folder.iterdir()) == [FILE]
    assert len(notes(run)) == 4
    assert all("skipped" in note for note in notes(run))


def test_a_stopped_run_goes_on_and_films_are_copied_once(world: World, run: Export) -> None:
    for number in range(1, 5):
        marked(world, number, SEVEN)
    copied: list[str] = []

    class Weak:
        """Storage that is gone after two films."""

        head = staticmethod(world.store.head)

        def download(self, job_id: str, *more: Any) -> None:
            if len(copied) == 2:
                raise ConnectionError
            copied.append(job_id)
            world.store.download(job_id, *more)

    with pytest.raises(ConnectionError):
        replace(run, store=cast("UploadStore", Weak())).run(0)
    assert [line["file"] for line in lines(run)] == sorted(f"{job_id}.avi" for job_id in copied)
    assert not list(run.folder.glob("*.part"))
    assert run.run(0) == Counter({Became.THERE: 2, Became.COPIED: 2})
    assert len(lines(run)) == 4


def test_new_marks_change_the_line_and_an_erasure_leaves_the_copy(world: World, run: Export) -> None:
    first, second = marked(world, 1, SEVEN), marked(world, 2, SEVEN)
    run.run(0)
    world.operations.mark(first.job_id, MarkJob.model_validate({"execution": 20, "consent": True}))
    world.operations.cancel(second.job_id)
    assert run.run(0) == Counter({Became.THERE: 1})
    assert [line["execution"] for line in lines(run)] == ["20", "25.5"]


def test_a_foreign_table_is_left_alone(world: World, run: Export) -> None:
    marked(world, 1, SEVEN)
    run.folder.mkdir()
    (run.folder / FILE).write_text("film,mark\nx.mp4,8\n")
    with pytest.raises(NotOurTable, match="file, event, execution"):
        run.run(0)
    assert (run.folder / FILE).read_text() == "film,mark\nx.mp4,8\n"
