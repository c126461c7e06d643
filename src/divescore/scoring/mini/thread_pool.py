"""Threads that each stay on a core of their own, for one piece of work spread over the cores.

torch's own threads meet at each operation of a network, a hundred times for a dive. Where they sleep in between, as
they have to on cores that others use too, waking them costs as much as they spare. These meet once, at the end.
"""

import ctypes
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

Part = TypeVar("Part")
Answer = TypeVar("Answer")


class PinnedThreadPool:
    """`count` threads, the caller's among them. For one caller at a time."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._helpers = [ThreadPoolExecutor(1, f"core-{number}") for number in range(1, count)]
        self._threads = [helper.submit(threading.get_native_id).result() for helper in self._helpers]

    def map(self, function: Callable[[Part], Answer], parts: Sequence[Part]) -> list[Answer]:
        """What `function` gives for each of the parts, of which there are 1 to `count`.

        Raises what `function` raises, and ValueError for more parts than threads.
        """
        needed = len(parts) - 1
        with _pinned(self._threads[:needed]):
            others = zip(self._helpers[:needed], parts[1:], strict=True)
            begun = [helper.submit(function, part) for helper, part in others]
            return [function(parts[0]), *(future.result() for future in begun)]


@contextmanager
def _pinned(threads: Sequence[int]) -> Iterator[None]:
    """Keep the caller and these threads on cores of their own, as far as the system allows.

    In a virtual machine, measured, a thread that wakes is put on the core of its waker though another core sleeps, and
    the two then take turns.
    """
    if not threads or _CORE_OF_CALLER is None:
        yield
        return
    try:
        usable = os.sched_getaffinity(0)
    except OSError:
        yield
        return
    own = _CORE_OF_CALLER()
    others = sorted(usable - {own}) if own in usable else []
    if others:
        _pin(0, {own})
        for index, thread in enumerate(threads):
            _pin(thread, {others[index % len(others)]})
    try:
        yield
    finally:
        _pin(0, usable)


def _pin(thread: int, cores: set[int]) -> None:
    # Where this is refused the work takes longer, and that is all.
    with suppress(OSError):
        os.sched_setaffinity(thread, cores)


_CORE_OF_CALLER: Callable[[], int] | None = (
    getattr(ctypes.CDLL(None), "sched_getcpu", None) if hasattr(os, "sched_setaffinity") else None
)
"""Linux's alone."""
