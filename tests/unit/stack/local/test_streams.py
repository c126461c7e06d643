"""Each mapping of a stream is read by itself: one that takes its time holds up no other."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from divescore.stack.local import streams
from divescore.stack.local.streams import Mapping, StreamReaders

WITHIN = 10.0


def mapping(name: str, service: str = "dynamodb") -> Mapping:
    return "1", "here", {"UUID": name, "EventSourceArn": f"arn:aws:{service}:here:1:table/jobs/stream/1"}


class Engine:
    """The engine's two calls; what a reader finds is up to the test."""

    def __init__(self, *mappings: Mapping) -> None:
        self.listed = list(mappings)
        self.readers = StreamReaders(self.read, lambda: self.listed)
        self.found: dict[str, Callable[[], bool]] = {}
        self.reads: dict[str, threading.Semaphore] = {each[2]["UUID"]: threading.Semaphore(0) for each in mappings}

    def read(self) -> bool:
        """As the engine reads: every mapping that is listed, in the caller's thread."""
        found = False
        for _account, _region, record in self.readers.mappings():
            name = record["UUID"]
            self.reads[name].release()
            found = self.found.get(name, lambda: False)() or found
        return found

    def was_read(self, name: str) -> bool:
        return self.reads[name].acquire(timeout=WITHIN)


@pytest.fixture(autouse=True)
def _no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read because time has passed, only because it was woken."""
    monkeypatch.setattr(streams, "LOOKS_EVERY", WITHIN * 10)


@pytest.fixture
def engine_of() -> Iterator[Callable[..., Engine]]:
    """Engines with such mappings, whose readers end with the test."""
    engines: list[Engine] = []

    def make(*mappings: Mapping) -> Engine:
        engines.append(Engine(*mappings))
        return engines[-1]

    yield make
    for engine in engines:
        engine.listed.clear()
        engine.readers.set()
    for reader in readers():
        reader.join(WITHIN)


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "stream-reader"]


def test_one_that_takes_its_time_holds_up_no_other(engine_of: Callable[..., Engine]) -> None:
    engine, go_on = engine_of(mapping("notify"), mapping("settle")), threading.Event()
    engine.found["settle"] = lambda: not go_on.wait(WITHIN)
    engine.readers.begin()
    assert engine.was_read("settle")
    for _ in range(3):
        assert engine.was_read("notify")
        engine.readers.set()
    assert not go_on.is_set()
    go_on.set()


def test_what_was_written_while_it_read_is_read_next(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(mapping("notify"))
    written: list[Any] = ["first", "second"]

    def take() -> bool:
        if written:
            written.pop()
            engine.readers.set()  # a write that this look did not see
        return False

    engine.found["notify"] = take
    engine.readers.begin()
    for _ in range(3):
        assert engine.was_read("notify")
    assert written == []


def test_where_something_was_found_it_looks_again(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(mapping("notify"))
    left = [1, 2, 3]
    engine.found["notify"] = lambda: bool(left and left.pop())
    engine.readers.begin()
    for _ in range(4):
        assert engine.was_read("notify")


def test_an_error_ends_no_reader(engine_of: Callable[..., Engine], caplog: pytest.LogCaptureFixture) -> None:
    engine = engine_of(mapping("notify"))
    failing = threading.Event()

    def fail() -> bool:
        failing.set()
        raise ValueError("a record that nobody understands")

    engine.found["notify"] = fail
    engine.readers.begin()
    assert engine.was_read("notify")
    assert failing.wait(WITHIN)
    engine.readers.set()
    assert engine.was_read("notify")
    assert "a record that nobody understands" in caplog.text


def test_a_mapping_is_read_once_and_no_queue_is(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(mapping("notify"), mapping("uploads", "sqs"))
    assert [engine.readers.begin(), engine.readers.begin()] == [False, False]
    assert engine.was_read("notify")
    assert not engine.reads["notify"].acquire(blocking=False)
    assert not engine.reads["uploads"].acquire(blocking=False)
    assert [each[2]["UUID"] for each in engine.readers.mappings()] == ["notify", "uploads"]


def test_a_mapping_that_is_removed_is_read_no_more_and_may_come_again(engine_of: Callable[..., Engine]) -> None:
    engine = engine_of(mapping("notify"))
    engine.readers.begin()
    assert engine.was_read("notify")
    (reader,) = readers()
    gone = engine.listed.pop()
    engine.readers.set()
    reader.join(WITHIN)
    assert not reader.is_alive()
    engine.listed.append(gone)
    engine.readers.begin()
    assert engine.was_read("notify")
