"""The worker's side of the forkserver: starts it, sends it requests, and reads what it and its decoders answer."""

import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
STOP_SECONDS = 2.0

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from divescore.video.forkserver import main; main()"
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT")
_ADDED_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # A decoder's memory is new to it and every page of it costs a fault, so what was freed is used again.
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
}


logger = logging.getLogger(__name__)


class DecoderFailed(RuntimeError):
    """Decoding failed for a reason of ours, not the video's."""


class ForkserverConnection:
    """A forkserver and the socket to it; one that has ended is started again when it is needed."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.peak_bytes = 0
        """Most memory that the last decoder had resident."""
        self._socket: socket.socket | None = None
        self._lines = bytearray()
        self._ready = False
        self._decoding = False
        self._warned: set[str] = set()

    def launch(self) -> None:
        """Start the forkserver if it is not running, without waiting for it. Raises DecoderFailed."""
        if self.process is not None:
            if self.process.poll() is None:
                return
            self.end()
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise DecoderFailed(f"The decoder could not be started: {error}") from error
        path = [str(Path(entry).absolute()) for entry in sys.path]
        try:
            # The worker's credentials and standard streams are none of a decoder's business.
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [sys.executable, "-I", "-c", _START, str(theirs.fileno()), json.dumps(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ} | _ADDED_ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise DecoderFailed(f"The decoder could not be started: {error}") from error
        finally:
            theirs.close()
        self._socket, self._ready = ours, False
        self._lines.clear()

    def await_ready(self) -> None:
        """Start it if need be, and wait until it takes requests. Raises DecoderFailed."""
        self.launch()
        until = time.monotonic() + START_SECONDS
        while not self._ready:
            message = self.next_message(max(until - time.monotonic(), 0.0))
            if message is None or "failed" in message:
                self.end()
                raise DecoderFailed(f"The decoder did not start: {(message or {}).get('failed', 'it took too long')}")
            self._ready = "ready" in message

    def request(self, request: dict[str, Any], descriptors: list[int]) -> None:
        """Have a decoder work on the file and the memory open at `descriptors`. Raises DecoderFailed."""
        self._send(json.dumps(request).encode() + b"\n", descriptors)
        self._decoding = True

    def next_message(self, timeout: float) -> dict[str, Any] | None:
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
                self.end()
                raise DecoderFailed("The decoder's parent process ended unexpectedly.")
            self._lines += received
        line = bytes(self._lines[:end])
        del self._lines[: end + 1]
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.end()
            raise DecoderFailed("The decoder said something that cannot be understood.")
        if "exit" in message:
            self._decoding = False
            self.peak_bytes = int(message["peak"])
        if "lost" in message:
            self._warn(message["lost"])
        return message

    def stop_decoder(self) -> None:
        """Kill the decoder and wait until it is gone; the forkserver too when it does not obey.

        A decoder that has reported lingers, so this is also how the next video's begins.
        """
        if self._decoding:
            with contextlib.suppress(DecoderFailed):  # the forkserver is gone already, and its decoder with it
                self._send(b"kill\n", [])
        until = time.monotonic() + STOP_SECONDS
        try:
            while self._decoding:
                if self.next_message(max(until - time.monotonic(), 0.0)) is None:
                    self.end()
        except DecoderFailed:
            self._decoding = False

    def end(self) -> None:
        """End the forkserver, and with it whatever it is decoding."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._decoding = False
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        # Its decoder has gone with it, except where the system lets no process be bound to another's end.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _warn(self, lost: list[str]) -> None:
        if not self._warned.issuperset(lost):
            logger.warning("videos are decoded without: %s", ", ".join(sorted(lost)))
            self._warned.update(lost)

    def _send(self, line: bytes, descriptors: list[int]) -> None:
        try:
            if self._socket is None:
                raise DecoderFailed("The decoder is not running.")
            socket.send_fds(self._socket, [line], descriptors)
        except OSError as error:
            self.end()
            raise DecoderFailed(f"The decoder is gone: {error}") from error
