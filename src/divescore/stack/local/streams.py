"""DynamoDB streams in the engine: each event source mapping is read by itself, as on AWS.

The engine reads all of them in one thread, which also hands out the queues' messages: while `settle` tells a topic of
one dive, `notify` hears of no other, and no worker gets its next message.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

LOOKS_EVERY = 1.0  # seconds, as the engine's own loop: what is held back after a failure comes again by then

Mapping = tuple[str, str, dict[str, Any]]
"""Account, region and record of an event source mapping, as the engine lists them."""

logger = logging.getLogger(__name__)


class StreamReaders:
    """A thread for each mapping of a stream; in it the engine's own `read`, of all mappings, sees only that one."""

    def __init__(self, read: Callable[[], bool], mappings: Callable[[], Iterable[Mapping]]) -> None:
        self._read, self._mappings = read, mappings
        self._own = threading.local()
        self._woken: dict[str, threading.Event] = {}

    def mappings(self) -> Iterator[Mapping]:
        """In place of the engine's list of mappings: a reader's own, for all others the whole of it."""
        own = getattr(self._own, "mapping", None)
        return (each for each in self._mappings() if own in (None, each[2]["UUID"]))

    def begin(self) -> bool:
        """In place of the engine's reading of all streams: begin to read those that nobody reads yet.

        Returns False: whatever the readers find, the engine's loop need not hurry for it.
        """
        for _account, _region, mapping in self._mappings():
            name = mapping["UUID"]
            if name not in self._woken and ":dynamodb:" in mapping.get("EventSourceArn", ""):
                self._woken[name] = threading.Event()
                threading.Thread(target=self._go_on, args=(name,), daemon=True, name="stream-reader").start()
        return False

    def set(self) -> None:
        """Something was written to a stream. Stands in for the event that the engine sets then."""
        for woken in list(self._woken.values()):
            woken.set()

    def _go_on(self, name: str) -> None:
        """Read a mapping until it is removed."""
        self._own.mapping = name
        woken = self._woken[name]
        while next(self.mappings(), None):
            woken.clear()
            try:
                found = self._read()
            except Exception:  # as the engine's loop: whatever it was, the next look is not given up
                logger.exception("a stream could not be read")
                found = False
            if not found:
                woken.wait(LOOKS_EVERY)
        del self._woken[name]
