"""The contained side: a nursery that forks one decoder per video. Started by `sandbox`; imports no more than it."""

import contextlib
import ctypes
import gc
import importlib
import json
import mmap
import os
import resource
import select
import signal
import socket
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # glibc's malloc.h
_QUIET_SECONDS = 0.15
"""Without a video, before memory is touched ahead."""
_WARM_BLOCK, _WARM_BLOCKS = 4 << 20, 28
_IDLE_SECONDS = 0.05
_LINGER_SECONDS = 0.1
"""After the last word, unless the next video wants to begin."""
_REQUEST_BYTES = 4096
_MOST_DESCRIPTORS = 3
_MESSAGE_CHARACTERS = 2000
_PROGRESS_SECONDS = 0.05
"""Each message wakes the worker, which takes a core from the decoder for as long."""
_IMPORTED = (
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
            _say(control, failed=repr(error))
            return
        gc.freeze()
        _say(control, ready=True)
        _serve(control)


def _say(control: socket.socket, **message: Any) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


def _serve(control: socket.socket) -> None:
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    spare = _fork(control)
    while True:
        received, descriptors, _, _ = socket.recv_fds(control, _REQUEST_BYTES, _MOST_DESCRIPTORS)
        if not received:
            return
        if not descriptors:
            continue  # a "kill" that came after the decoder's own end
        try:
            socket.send_fds(spare.link, [received.splitlines()[-1]], descriptors)
        except OSError:  # somebody killed it as it slept
            os.waitpid(spare.pid, 0)
            spare = _fork(control)
            socket.send_fds(spare.link, [received.splitlines()[-1]], descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        ended = _await_end(spare.pid, control, woken)
        spare.link.close()
        if ended is None:
            return
        status, peak = ended
        _say(control, exit=status, peak=peak)
        spare = _fork(control)


@dataclass(frozen=True)
class _Spare:
    """A decoder that was forked ahead of its video."""

    pid: int
    link: socket.socket


def _fork(control: socket.socket) -> _Spare:
    ours, theirs = socket.socketpair()
    nursery = os.getpid()
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        ours.close()
        _run(control, nursery, theirs)
    theirs.close()
    return _Spare(pid, ours)


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
            if not control.recv(_REQUEST_BYTES):
                os.waitpid(pid, 0)
                return None


def _run(control: socket.socket, nursery: int, link: socket.socket) -> NoReturn:
    """The life of one decoder. Ends the process without any clean-up: the nursery's state is not its own."""
    try:
        _die_with(nursery)
        if not _has_come(link, _IDLE_SECONDS):
            _warm_heap(link)
        request, descriptors, _, _ = socket.recv_fds(link, _REQUEST_BYTES, _MOST_DESCRIPTORS)
        if request:
            _decode(control, json.loads(request), descriptors)
            # Giving back its memory takes a core for 10 ms, which the network would miss now.
            _has_come(link, _LINGER_SECONDS)
    except MemoryError:
        _say(control, memory=True)
    except BaseException as error:  # this process ends here, so the worker must hear whatever it was
        _say(control, failed=repr(error)[:_MESSAGE_CHARACTERS])
    finally:
        os._exit(0)


def _decode(control: socket.socket, request: dict[str, Any], descriptors: list[int]) -> None:
    import numpy as np

    from divescore.video.decoding import decode
    from divescore.video.errors import VideoRejected
    from divescore.video.limits import Limits
    from divescore.video.sandbox import POPULATED
    from divescore.video.streaming import relay

    video, shared, *freed = descriptors
    limits = Limits(**request["limits"])
    pictures = mmap.mmap(shared, 0, flags=POPULATED)
    os.close(shared)
    data = mmap.mmap(video, 0, prot=mmap.PROT_READ)
    into = np.frombuffer(pictures, dtype=np.uint8).reshape(request["shape"])
    _confine(video, limits.decode_memory, limits.decode_seconds)
    said = 0.0

    def on_progress(fraction: float) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _PROGRESS_SECONDS:
            said = now
            _say(control, progress=fraction)

    def await_slot() -> None:
        if not os.read(freed[0], 1):
            raise EOFError("the worker is gone")

    def hand_over(slot: int, count: int, share: float) -> None:
        _say(control, slot=slot, count=count, progress=share)

    try:
        if freed:
            report = relay(
                video,
                data,
                request["container"],
                into,
                limits,
                lambda frames: _say(control, promised=frames),
                await_slot,
                hand_over,
            )
        else:
            report = decode(video, data, request["container"], into, limits, on_progress)
    except VideoRejected as error:
        _say(control, rejected=[error.code.value, error.message])
    else:
        _say(control, report=asdict(report))


def _has_come(link: socket.socket, within: float = 0.0) -> bool:
    return bool(select.select([link], [], [], within)[0])


def _warm_heap(link: socket.socket) -> None:
    """Touch the memory that frames will take, for as long as there is no video to decode.

    A fresh process pays for each page when it first touches it: 40 ms for a film in full HD. One arena, since FFmpeg's
    threads would each start a cold one, and none of it given back before the end. Under load, when the next video is
    there at once, this would only move the cost, and make small videos pay it too.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    try:
        libc.mallopt.argtypes = [ctypes.c_int, ctypes.c_int]
        libc.malloc.argtypes, libc.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
        libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
        libc.free.argtypes = [ctypes.c_void_p]
    except AttributeError:
        return  # not glibc, whose allocator this is about
    for option, value in ((_M_ARENA_MAX, 1), (_M_MMAP_THRESHOLD, 32 << 20), (_M_TRIM_THRESHOLD, 1 << 30)):
        libc.mallopt(option, value)
    # The network is at work on the last video now, and should have the cores for itself.
    if _has_come(link, _QUIET_SECONDS):
        return
    blocks: list[int] = []
    while len(blocks) < _WARM_BLOCKS and not _has_come(link) and (block := libc.malloc(_WARM_BLOCK)):
        libc.memset(block, 0, _WARM_BLOCK)
        blocks.append(block)
    for block in blocks:
        libc.free(block)


def _die_with(nursery: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nursery:
        os._exit(1)


def _confine(video: int, memory: int, seconds: float) -> None:
    """Bound this process: memory and time, no core dump, nothing written, nothing opened."""
    if sys.platform == "linux":
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - pathlib costs more than the read
            memory += int(statm.read().split()[0]) * mmap.PAGESIZE
    cpu = int(seconds * (os.cpu_count() or 1)) + 2
    # The demuxer duplicates the file's descriptor once and then holds the last that there is.
    free = os.dup(video)
    os.close(free)
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, free + 1),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, memory),
    ):
        # Not every system has every limit (macOS refuses RLIMIT_AS); the watch on the clock holds everywhere.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
