"""Work spread over threads on cores of their own."""

import os
import threading
from collections.abc import Callable

import pytest

from divescore.scoring.mini import thread_pool
from divescore.scoring.mini.thread_pool import PinnedThreadPool

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
several = pytest.mark.skipif(len(CORES) < 2, reason="needs two cores and a system that places threads")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_part_is_worked_on_and_found_in_its_place(count: int) -> None:
    spread = PinnedThreadPool(count)

    for parts in range(1, count + 1):
        assert spread.map(lambda part: part * part, range(parts)) == [part * part for part in range(parts)]


def test_the_caller_takes_the_first_part_and_others_the_rest() -> None:
    threads = PinnedThreadPool(3).map(lambda _part: threading.get_ident(), range(3))

    assert threads[0] == threading.get_ident()
    assert len(set(threads)) == 3


def test_parts_are_worked_on_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=20)

    # Would never end if one part had to wait for another.
    assert sorted(PinnedThreadPool(3).map(lambda _part: together.wait(), range(3))) == [0, 1, 2]


@pytest.mark.parametrize("failing", [0, 1])
def test_what_a_part_raises_reaches_the_caller_and_the_next_work_goes_on(failing: int) -> None:
    spread = PinnedThreadPool(2)

    def fail(part: int) -> int:
        if part == failing:
            raise ValueError("no")
        return part

    with pytest.raises(ValueError, match="no"):
        spread.map(fail, range(2))
    assert spread.map(abs, [-1, -2]) == [1, 2]


def test_no_part_is_left_out_in_silence() -> None:
    with pytest.raises(ValueError, match="longer"):
        PinnedThreadPool(2).map(abs, [-1, -2, -3])


@several
def test_each_works_on_a_core_of_its_own() -> None:
    together = threading.Barrier(2, timeout=20)

    def placed(_part: int) -> set[int]:
        together.wait()
        return os.sched_getaffinity(0)

    first, second = PinnedThreadPool(2).map(placed, range(2))

    assert len(first) == len(second) == 1
    assert first != second
    assert sorted(os.sched_getaffinity(0)) == CORES, "the caller may go where it likes again"


@several
def test_a_caller_that_has_one_core_keeps_it() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORES[0]})
    try:
        assert PinnedThreadPool(2).map(lambda _part: os.sched_getaffinity(0), range(2)) == [{CORES[0]}] * 2
        assert os.sched_getaffinity(0) == {CORES[0]}
    finally:
        os.sched_setaffinity(0, before)


def refuse(_thread: int, _cores: set[int]) -> None:
    raise PermissionError


@several
@pytest.mark.parametrize(
    "forbid",
    [
        lambda patch: patch.setattr(os, "sched_setaffinity", refuse),
        lambda patch: patch.setattr(thread_pool, "_CORE_OF_CALLER", None),
    ],
)
def test_work_is_done_where_threads_cannot_be_placed(
    monkeypatch: pytest.MonkeyPatch, forbid: Callable[[pytest.MonkeyPatch], None]
) -> None:
    forbid(monkeypatch)

    assert PinnedThreadPool(2).map(abs, [-1, -2]) == [1, 2]
