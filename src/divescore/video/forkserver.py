"""The forkserver: a process that has imported the decoder's libraries and forks a decoder process per video.

Started by `forkserver_connection`. It imports no more than it has to at its top, so that a failing import is reported.
"""

import gc
import importlib
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass

from divescore.video.decoder_process import MOST_DESCRIPTORS, REQUEST_BYTES, run, send_message

_IMPORTED = (
    "divescore.video.shared_memory",
    "divescore.video.encoding",
    "divescore.video.streaming",
    # PyAV imports these when it meets such a track, and a confined process can open no file to import from.
    "av.audio.codeccontext",
    "av.audio.stream",
    "av.sidedata.encparams",
    "av.sidedata.motionvectors",
    "av.subtitles.codeccontext",
    "av.subtitles.stream",
    "av.video.codeccontext",
    "av.video.stream",
    "encodings.latin_1",
    "logging",
    "numpy",
)


def main() -> None:
    """Serve the socket whose descriptor is the first argument, until its other end closes."""
    with socket.socket(fileno=int(sys.argv[1])) as control:
        try:
            for module in _IMPORTED:
                importlib.import_module(module)
        except Exception as error:  # whatever it is, the worker has to hear of it: nobody reads our stderr
            send_message(control, failed=repr(error))
            return
        gc.freeze()
        try:
            _serve(control)
        except OSError as error:  # no process to be had, say
            send_message(control, failed=repr(error))


@dataclass(frozen=True)
class _ForkedAhead:
    """A decoder process that waits for its video."""

    pid: int
    link: socket.socket


def _serve(control: socket.socket) -> None:
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    decoder = _fork(control)
    send_message(control, ready=True)
    while True:
        received, descriptors, _, _ = socket.recv_fds(control, REQUEST_BYTES, MOST_DESCRIPTORS)
        if not received:
            return
        if not descriptors:
            continue  # a "kill" that came after the decoder's own end
        request = received.splitlines()[-1]
        try:
            socket.send_fds(decoder.link, [request], descriptors)
        except OSError:  # somebody killed it as it slept
            os.waitpid(decoder.pid, 0)
            decoder = _fork(control)
            socket.send_fds(decoder.link, [request], descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        ended = _await_end(decoder.pid, control, woken)
        decoder.link.close()
        if ended is None:
            return
        status, peak = ended
        send_message(control, exit=status, peak=peak)
        decoder = _fork(control)


def _fork(control: socket.socket) -> _ForkedAhead:
    ours, theirs = socket.socketpair()
    forkserver = os.getpid()
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        ours.close()
        run(control, forkserver, theirs)
    theirs.close()
    return _ForkedAhead(pid, ours)


def _await_end(pid: int, control: socket.socket, woken: int) -> tuple[int, int] | None:
    """Wait status and most resident bytes of the decoder; None when the worker is gone: then the decoder is, too."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return status, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        events = dict(poll.poll())
        if woken in events:
            os.read(woken, 4096)
        if control.fileno() in events:
            os.kill(pid, signal.SIGKILL)
            if not control.recv(REQUEST_BYTES):
                os.waitpid(pid, 0)
                return None
