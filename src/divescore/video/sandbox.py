"""Decoding where it can do no harm: in a process of its own per video, bounded, watched, and gone afterwards.

    worker --socket--> forkserver --fork--> decoder process of one video

The forkserver has imported the decoder's libraries and touches no video; it forks a decoder for each, one ahead, which
costs a few milliseconds instead of an import. A decoder has limits on address space, processor time and file sizes, may
open no further file or socket, has none of the worker's environment, and dies with the forkserver, which goes when the
worker's end of the socket closes. Pictures come back in shared memory, everything else as lines of JSON. Neither
/dev/shm nor a writable disk is needed, and no clock runs between videos, so an environment may be frozen there.
"""

import atexit
import contextlib
import os
import signal
import threading
import time
from collections.abc import Generator
from dataclasses import asdict
from typing import Any

from divescore.video import shared_memory
from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.forkserver_connection import DecoderFailed, ForkserverConnection
from divescore.video.frames import Chunk, DecodingReport, Frames
from divescore.video.limits import VideoLimits
from divescore.video.progress import OnProgress, silent

STREAM_SLOTS = 3
RENDITION_BYTES = 16 << 20
"""Of the largest: a minute, the longest film, takes 11 MB at the encoder's highest rate."""
TICK_SECONDS = 0.5
"""`on_progress` is called at least this often, so that a silent decoder can be cancelled."""

_FINAL = {"report", "rejected", "failed", "memory", "exit"}
"""Kinds of messages of which a decoder sends one, as its last."""


class Sandbox:
    """Decodes one video at a time, each in a process of its own; more threads wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forkserver = ForkserverConnection()

    def start(self) -> None:
        """Start the forkserver without waiting for it, so that the first video need not."""
        with self._lock:
            self._forkserver.launch()

    def close(self) -> None:
        """End the forkserver, and with it whatever it is decoding."""
        with self._lock:
            self._forkserver.end()

    def peak_bytes(self) -> int:
        """Most memory that the last decoder had resident; waits for its end."""
        with self._lock:
            self._forkserver.stop_decoder()
        return self._forkserver.peak_bytes

    def sample(
        self,
        descriptor: int,
        container: str,
        count: int,
        size: tuple[int, int],
        limits: VideoLimits,
        on_progress: OnProgress,
        framed: bool = False,
    ) -> tuple[Frames, DecodingReport]:
        """`count` frames, evenly in time, of size (width, height), and the report of the file open at `descriptor`.

        `framed` leaves out borders that never change, and ends in which nothing moves.
        Raises VideoRejected, DecoderFailed, and whatever `on_progress` raises; the decoder is gone by then.
        """
        width, height = size
        shape = (count, height, width, 3)
        with self._lock:
            self._forkserver.stop_decoder()
            self._forkserver.await_ready()
            shared = shared_memory.create(shape)
            try:
                request = _request(container, shape, limits) | {"framed": framed}
                self._forkserver.request(request, [descriptor, shared])
                outcome = self._await_outcome(limits, on_progress)
                frames = shared_memory.map_frames(shared, shape)
            finally:
                os.close(shared)
        return frames, _report(outcome, limits)

    def stream(
        self,
        descriptor: int,
        container: str,
        length: int,
        size: tuple[int, int],
        limits: VideoLimits,
        on_progress: OnProgress,
    ) -> Generator[Chunk, None, DecodingReport]:
        """Every frame of the file open at `descriptor` in order, in chunks of `length`; returns the report.

        While a chunk is used the decoder works on the next ones, a few at most, so memory does not grow with the video.
        Only waiting counts as time of decoding. Raises as `sample` does; closing the generator ends the decoder.
        """
        width, height = size
        shape = (STREAM_SLOTS, length, height, width, 3)
        with self._lock, contextlib.ExitStack() as opened:
            self._forkserver.stop_decoder()
            self._forkserver.await_ready()
            shared = shared_memory.create(shape)
            opened.callback(os.close, shared)
            freed, free = os.pipe()
            opened.callback(os.close, free)
            try:
                self._forkserver.request(_request(container, shape, limits), [descriptor, shared, freed])
            finally:
                os.close(freed)  # the decoder has its own
            slots = shared_memory.map_frames(shared, shape)
            os.write(free, bytes(STREAM_SLOTS))
            return (yield from self._chunks(slots, free, limits, on_progress))

    def encode(self, descriptor: int, container: str, limits: VideoLimits) -> bytes:
        """A small MP4 of the file open at `descriptor`, see `encoding`. Raises VideoRejected and DecoderFailed."""
        shape = (RENDITION_BYTES,)
        with self._lock:
            self._forkserver.stop_decoder()
            self._forkserver.await_ready()
            shared = shared_memory.create(shape)
            try:
                self._forkserver.request(_request(container, shape, limits) | {"encode": True}, [descriptor, shared])
                outcome = self._await_outcome(limits, silent)
                _report(outcome, limits)
                encoded = shared_memory.map_frames(shared, shape)[: int(outcome["encoded"])].tobytes()
            finally:
                os.close(shared)
        return encoded

    def _chunks(
        self, slots: Frames, free: int, limits: VideoLimits, on_progress: OnProgress
    ) -> Generator[Chunk, None, DecodingReport]:
        left = limits.decode_seconds
        promised, share = 0, 0.0
        try:
            while True:
                since = time.monotonic()
                message = self._forkserver.next_message(min(left, TICK_SECONDS)) or {}
                left -= time.monotonic() - since
                if left <= 0:
                    raise _out_of_time(limits)
                if not _FINAL.isdisjoint(message):
                    break
                promised = int(message.get("promised", promised))
                share = max(share, min(float(message.get("progress", 0.0)), 1.0))
                on_progress("decoding", share)
                if "slot" in message:
                    frames = slots[message["slot"], : message["count"]].copy()
                    with contextlib.suppress(BrokenPipeError):  # it waits for no further slot
                        os.write(free, b"\0")
                    yield Chunk(frames, promised, share)
        except BaseException:
            # Also for a cancellation, or when nobody asks for the rest: nothing may go on decoding for nobody.
            self._forkserver.stop_decoder()
            raise
        return _report(message, limits)

    def _await_outcome(self, limits: VideoLimits, on_progress: OnProgress) -> dict[str, Any]:
        """The decoder's last message; its end may come a moment later."""
        deadline = time.monotonic() + limits.decode_seconds
        share = 0.0
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise _out_of_time(limits)
                message = self._forkserver.next_message(min(left, TICK_SECONDS)) or {}
                if not _FINAL.isdisjoint(message):
                    return message
                share = max(share, min(float(message.get("progress", 0.0)), 1.0))
                on_progress("decoding", share)
        except BaseException:
            # Also for a cancellation or Ctrl-C: nothing may go on decoding for nobody.
            self._forkserver.stop_decoder()
            raise


def _request(container: str, shape: tuple[int, ...], limits: VideoLimits) -> dict[str, Any]:
    return {"container": container, "shape": shape, "limits": asdict(limits)}


def _report(outcome: dict[str, Any], limits: VideoLimits) -> DecodingReport:
    """The report that a decoder's last message is, or what it is instead, raised."""
    if "report" in outcome:
        return DecodingReport(**outcome["report"])
    if "rejected" in outcome:
        raise VideoRejected(*outcome["rejected"])
    if "failed" in outcome:
        raise DecoderFailed(outcome["failed"])
    if "memory" in outcome:
        raise VideoRejected(
            RejectionCode.TOO_MANY_PIXELS,
            "Decoding the video takes more memory than is allowed; export it at 1080p.",
        )
    if os.waitstatus_to_exitcode(outcome["exit"]) == -signal.SIGXCPU:
        raise _out_of_time(limits)
    raise VideoRejected(RejectionCode.DAMAGED, "The video is so damaged that decoding broke off; export it again.")


def _out_of_time(limits: VideoLimits) -> VideoRejected:
    return VideoRejected(
        RejectionCode.OUT_OF_TIME,
        f"Decoding took longer than {limits.decode_seconds:.0f} seconds; export the video smaller or shorter.",
    )


_sandboxes: dict[int, Sandbox] = {}


def sandbox() -> Sandbox:
    """This process's sandbox; a process forked off gets one of its own."""
    mine = os.getpid()
    if mine not in _sandboxes:
        _sandboxes.clear()
        _sandboxes[mine] = Sandbox()
        atexit.register(_sandboxes[mine].close)
    return _sandboxes[mine]
