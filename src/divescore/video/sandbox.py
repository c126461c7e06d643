"""Decoding where it can do no harm: in a process of its own per video, bounded, watched, and gone afterwards.

    worker --socket--> nursery --fork--> decoder of one video

The nursery has imported the decoder's libraries and touches no video; it forks a decoder for each, one ahead, which
costs a few milliseconds instead of an import. A decoder has limits on address space, processor time and file sizes, may
open no further file or socket, has none of the worker's environment, and dies with the nursery, which goes when the
worker's end of the socket closes. Pictures come back in shared memory, everything else as lines of JSON. Neither
/dev/shm nor a writable disk is needed, and no clock runs between videos, so an environment may be frozen there.
"""

import atexit
import contextlib
import json
import math
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.limits import Limits

Frames = NDArray[np.uint8]
Progress = Callable[[float], None]

START_SECONDS = 60.0
STOP_SECONDS = 2.0
RELAY_SLOTS = 3
TICK_SECONDS = 0.5
"""`on_progress` is called at least this often, so that a silent decoder can be cancelled."""

POPULATED = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
"""Mapping in one go costs less than a fault per page."""

_LAST_WORDS = {"report", "rejected", "failed", "memory", "exit"}
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from divescore.video.forkserver import main; main()"
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT")
_THRIFT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # A decoder's memory is new to it and every page of it costs a fault, so what was freed is used again.
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
}


class DecoderFailed(RuntimeError):
    """Decoding failed for a reason of ours, not the video's."""


@dataclass(frozen=True)
class Report:
    """What was found: picture size as shown, frames decoded, seconds they span, times of the samples, warnings."""

    width: int
    height: int
    frames: int
    seconds: float
    times: list[float]
    warnings: list[str]


@dataclass(frozen=True)
class Piece:
    """A stretch of a video: `frames` uint8 RGB [N, H, W, 3]; frames the file promises; share decoded, 0..1."""

    frames: Frames
    promised: int
    share: float


class Decoder:
    """A nursery and the way to talk to it. One video at a time; more threads wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._lines = bytearray()
        self._ready = False
        self._busy = False
        self._peak_bytes = 0

    def start(self) -> None:
        """Start the nursery without waiting for it, so that the first video need not."""
        with self._lock:
            self._launch()

    def close(self) -> None:
        """End the nursery, and with it whatever it is decoding."""
        with self._lock:
            self._end()

    def peak_bytes(self) -> int:
        """Most memory that the last decoder had resident; waits for its end."""
        with self._lock:
            self._end_last()
        return self._peak_bytes

    def decode(
        self, descriptor: int, container: str, count: int, size: tuple[int, int], limits: Limits, on_progress: Progress
    ) -> tuple[Frames, Report]:
        """Pictures, uint8 RGB [count, height, width, 3], and report of the file open at `descriptor`.

        Raises VideoRejected, DecoderFailed, and whatever `on_progress` raises; the decoder is gone by then.
        """
        width, height = size
        shape = (count, height, width, 3)
        with self._lock:
            self._end_last()
            self._await_ready()
            shared = _shared_file(count * height * width * 3)
            try:
                request = {"container": container, "shape": shape, "limits": asdict(limits)}
                self._send(json.dumps(request).encode() + b"\n", [descriptor, shared])
                outcome = self._follow(limits, on_progress)
                memory = mmap.mmap(shared, count * height * width * 3, flags=POPULATED)
            finally:
                os.close(shared)
        return np.frombuffer(memory, dtype=np.uint8).reshape(shape), _judge(outcome, limits)

    def relay(
        self, descriptor: int, container: str, piece: int, size: tuple[int, int], limits: Limits, on_progress: Progress
    ) -> Generator[Piece, None, Report]:
        """Every frame of the file open at `descriptor` in order, `piece` at a time; returns the report.

        While a piece is used the decoder works on the next ones, a few at most, so memory does not grow with the video.
        Only waiting counts as time of decoding. Raises as `decode` does; closing the generator ends the decoder.
        """
        width, height = size
        shape = (RELAY_SLOTS, piece, height, width, 3)
        length = math.prod(shape)
        with self._lock, contextlib.ExitStack() as opened:
            self._end_last()
            self._await_ready()
            shared = _shared_file(length)
            opened.callback(os.close, shared)
            freed, free = os.pipe()
            opened.callback(os.close, free)
            request = {"container": container, "shape": shape, "limits": asdict(limits)}
            try:
                self._send(json.dumps(request).encode() + b"\n", [descriptor, shared, freed])
            finally:
                os.close(freed)  # the decoder has its own
            memory = mmap.mmap(shared, length, flags=POPULATED)
            slots = np.frombuffer(memory, dtype=np.uint8).reshape(shape)
            os.write(free, bytes(RELAY_SLOTS))
            return (yield from self._pieces(slots, free, limits, on_progress))

    def _pieces(
        self, slots: Frames, free: int, limits: Limits, on_progress: Progress
    ) -> Generator[Piece, None, Report]:
        left = limits.decode_seconds
        promised, fraction = 0, 0.0
        self._busy = True
        try:
            while True:
                since = time.monotonic()
                said = self._next(min(left, TICK_SECONDS)) or {}
                left -= time.monotonic() - since
                if left <= 0:
                    raise _out_of_time(limits)
                if not _LAST_WORDS.isdisjoint(said):
                    break
                promised = int(said.get("promised", promised))
                fraction = max(fraction, min(float(said.get("progress", 0.0)), 1.0))
                on_progress(fraction)
                if "slot" in said:
                    frames = slots[said["slot"], : said["count"]].copy()
                    with contextlib.suppress(BrokenPipeError):  # it waits for no further slot
                        os.write(free, b"\0")
                    yield Piece(frames, promised, fraction)
        except BaseException:
            # Also for a cancellation, or when nobody asks for the rest: nothing may go on decoding for nobody.
            self._end_last()
            raise
        return _judge(said, limits)

    def _follow(self, limits: Limits, on_progress: Progress) -> dict[str, Any]:
        """All that the decoder said, up to its last word; its end may come a moment later."""
        deadline = time.monotonic() + limits.decode_seconds
        said: dict[str, Any] = {}
        fraction = 0.0
        self._busy = True
        try:
            while not _LAST_WORDS & said.keys():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise _out_of_time(limits)
                said.update(self._next(min(left, TICK_SECONDS)) or {})
                if _LAST_WORDS.isdisjoint(said):
                    fraction = max(fraction, min(float(said.get("progress", 0.0)), 1.0))
                    on_progress(fraction)
        except BaseException:
            # Also for a cancellation or Ctrl-C: nothing may go on decoding for nobody.
            self._end_last()
            raise
        return said

    def _end_last(self) -> None:
        """Kill the decoder and wait until it is gone; the nursery too when it does not obey.

        One that has reported lingers, so this is also how the next video's begins.
        """
        if self._busy:
            with contextlib.suppress(DecoderFailed):  # the nursery is gone already, and its decoder with it
                self._send(b"kill\n", [])
        until = time.monotonic() + STOP_SECONDS
        try:
            while self._busy:
                if self._next(max(until - time.monotonic(), 0.0)) is None:
                    self._end()
        except DecoderFailed:
            self._busy = False

    def _launch(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                return
            self._end()
        ours, theirs = socket.socketpair()
        path = [str(Path(entry).absolute()) for entry in sys.path]
        try:
            # The worker's credentials and standard streams are none of a decoder's business.
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [sys.executable, "-I", "-c", _START, str(theirs.fileno()), json.dumps(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ} | _THRIFT,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise DecoderFailed(f"The decoder could not be started: {error}") from error
        finally:
            theirs.close()
        self._socket, self._ready = ours, False
        self._lines.clear()

    def _await_ready(self) -> None:
        self._launch()
        until = time.monotonic() + START_SECONDS
        while not self._ready:
            message = self._next(max(until - time.monotonic(), 0.0))
            if message is None or "failed" in message:
                self._end()
                raise DecoderFailed(f"The decoder did not start: {(message or {}).get('failed', 'it took too long')}")
            self._ready = "ready" in message

    def _send(self, line: bytes, descriptors: list[int]) -> None:
        try:
            if self._socket is None:
                raise DecoderFailed("The decoder is not running.")
            socket.send_fds(self._socket, [line], descriptors)
        except OSError as error:
            self._end()
            raise DecoderFailed(f"The decoder is gone: {error}") from error

    def _next(self, timeout: float) -> dict[str, Any] | None:
        """The next message, None when none came in time. Raises DecoderFailed when none will come."""
        while (end := self._lines.find(b"\n")) < 0:
            if self._socket is None:
                raise DecoderFailed("The decoder is not running.")
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            if not poll.poll(timeout * 1000):
                return None
            try:
                received = self._socket.recv(65536)
            except OSError:
                received = b""
            if not received:
                self._end()
                raise DecoderFailed("The decoder's parent process ended unexpectedly.")
            self._lines += received
        line = bytes(self._lines[:end])
        del self._lines[: end + 1]
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self._end()
            raise DecoderFailed("The decoder said something that cannot be understood.")
        if "exit" in message:
            self._busy = False
            self._peak_bytes = int(message["peak"])
        return message

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._busy = False
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _shared_file(size: int) -> int:
    """Descriptor of `size` bytes of memory, or of an unlinked file where the system has no such thing."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("frames")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


def _judge(said: dict[str, Any], limits: Limits) -> Report:
    if "report" in said:
        return Report(**said["report"])
    if "rejected" in said:
        raise VideoRejected(*said["rejected"])
    if "failed" in said:
        raise DecoderFailed(said["failed"])
    if "memory" in said:
        raise VideoRejected(
            RejectionCode.TOO_MANY_PIXELS,
            "Decoding the video takes more memory than is allowed; export it at 1080p.",
        )
    if os.waitstatus_to_exitcode(said["exit"]) == -signal.SIGXCPU:
        raise _out_of_time(limits)
    raise VideoRejected(RejectionCode.DAMAGED, "The video is so damaged that decoding broke off; export it again.")


def _out_of_time(limits: Limits) -> VideoRejected:
    return VideoRejected(
        RejectionCode.OUT_OF_TIME,
        f"Decoding took longer than {limits.decode_seconds:.0f} seconds; export the video smaller or shorter.",
    )


_decoders: dict[int, Decoder] = {}


def decoder() -> Decoder:
    """This process's decoder; a process forked off gets one of its own."""
    mine = os.getpid()
    if mine not in _decoders:
        _decoders.clear()
        _decoders[mine] = Decoder()
        atexit.register(_decoders[mine].close)
    return _decoders[mine]
