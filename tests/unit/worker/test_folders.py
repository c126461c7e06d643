"""A video lies in a folder of its attempt; what dead workers leave goes at the next attempt, and nothing else."""

import fcntl
import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from divescore.worker.delivery import Delivered
from divescore.worker.folders import PREFIX, attempt_folder
from tests.fakes.world import VIDEO, World, good_score


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of one environment."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def in_child(act: Any) -> int:
    """Do something in a process of its own; its wait status."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1]


def die(*_: object) -> Mapping[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.fixture
def neighbour(temporary: Path) -> Iterator[Path]:
    """The folder of a worker that is alive, in a process of its own."""
    told, tell = os.pipe()
    wait, release = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(release)
        with attempt_folder(print) as folder:
            (folder / "video").write_bytes(VIDEO)
            os.write(tell, str(folder).encode())
            os.read(wait, 1)
        os._exit(0)
    yield Path(os.read(told, 4096).decode())
    os.close(release)
    os.waitpid(pid, 0)
    for descriptor in (told, tell, wait):
        os.close(descriptor)


def deliver(world: World) -> Delivered | None:
    world.post(world.create())
    assert world.enqueue_once()
    return world.work_once()


def test_ten_killed_workers_leave_no_more_than_one_video_and_the_next_attempt_takes_that(temporary: Path) -> None:
    world = World()
    world.score = die
    for _ in range(10):
        assert in_child(lambda: deliver(world)) == signal.SIGKILL
        assert [path.read_bytes() for path in temporary.glob("*/video")] == [VIDEO]
    world.score = good_score
    assert deliver(world) is Delivered.SCORED
    assert list(temporary.iterdir()) == []
    assert [(message, fields["count"]) for message, fields in world.reports] == [("videos of dead workers removed", 1)]


def test_a_living_workers_video_stays(temporary: Path, neighbour: Path) -> None:
    assert in_child(lambda: deliver_and_die(World())) == signal.SIGKILL
    assert deliver(World()) is Delivered.SCORED
    assert list(temporary.iterdir()) == [neighbour]
    assert (neighbour / "video").read_bytes() == VIDEO


def deliver_and_die(world: World) -> None:
    world.score = die
    deliver(world)


def test_two_attempts_of_one_process_leave_each_other_alone(temporary: Path) -> None:
    with attempt_folder(pytest.fail) as one, attempt_folder(pytest.fail) as other:
        assert one != other
        assert one.is_dir()


def test_what_is_not_ours_stays(temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "film.mp4").write_bytes(VIDEO)
    (temporary / "dive-plans").mkdir()
    (temporary / f"{PREFIX}file").write_text("a file")
    (temporary / f"{PREFIX}link").symlink_to(elsewhere, target_is_directory=True)
    with attempt_folder(pytest.fail):
        pass
    assert {path.name for path in temporary.iterdir()} == {"dive-plans", f"{PREFIX}file", f"{PREFIX}link"}
    assert (elsewhere / "film.mp4").exists()


def test_many_attempts_that_start_at_once_keep_their_folders(temporary: Path) -> None:
    lost: list[Path] = []

    def attempt() -> None:
        for _ in range(40):
            with attempt_folder(lambda *_args, **_fields: None) as folder:
                (folder / "video").write_bytes(b"v")
                if not (folder / "video").exists():
                    lost.append(folder)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert list(temporary.iterdir()) == []


def test_where_locks_are_refused_nothing_is_removed_and_the_dive_is_scored(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_child(lambda: deliver_and_die(World())) == signal.SIGKILL
    left = list(temporary.iterdir())

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(fcntl, "flock", refuse)
    world = World()
    assert deliver(world) is Delivered.SCORED
    assert list(temporary.iterdir()) == left
    assert {message for message, _ in world.reports} == {"videos of dead workers stay"}
