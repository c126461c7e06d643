"""The process that decodes one video: forked by the forkserver, confined before it touches the video, then gone."""

import ctypes
import json
import mmap
import os
import resource
import select
import signal
import socket
import sys
import time
from dataclasses import asdict
from typing import Any, NoReturn

REQUEST_BYTES = 4096
MOST_DESCRIPTORS = 3

_PR_SET_PDEATHSIG = 1
_LINGER_SECONDS = 0.1
"""After the last message, unless the next video wants to begin."""
_MESSAGE_CHARACTERS = 2000
_PROGRESS_SECONDS = 0.05
"""Each message wakes the worker, which takes a core from the decoder for as long."""


def send_message(control: socket.socket, **message: Any) -> None:
    """Send the worker one line of JSON."""
    control.sendall(json.dumps(message).encode() + b"\n")


def run(control: socket.socket, forkserver: int, link: socket.socket) -> NoReturn:
    """The life of one decoder: its request comes by `link`, its messages go to `control`.

    Ends the process without any clean-up: the forkserver's state is not its own.
    """
    try:
        lost = _die_with(forkserver)
        request, descriptors, _, _ = socket.recv_fds(link, REQUEST_BYTES, MOST_DESCRIPTORS)
        if request:
            _decode(control, json.loads(request), descriptors, lost)
            # Giving back its memory takes a core for 10 ms, which the network would miss now.
            select.select([link], [], [], _LINGER_SECONDS)
    except MemoryError:
        send_message(control, memory=True)
    except BaseException as error:  # this process ends here, so the worker must hear whatever it was
        send_message(control, failed=repr(error)[:_MESSAGE_CHARACTERS])
    finally:
        os._exit(0)


def _decode(control: socket.socket, request: dict[str, Any], descriptors: list[int], lost: list[str]) -> None:
    """Sample the video, encode it where that is asked, or stream it by a third descriptor, which tells of free slots.

    `lost`: protections that the system refused so far.
    """
    from divescore.video import shared_memory
    from divescore.video.decoding import decode_samples
    from divescore.video.encoding import encode_film
    from divescore.video.errors import VideoRejected
    from divescore.video.limits import VideoLimits
    from divescore.video.streaming import decode_stream

    video, shared, *freed = descriptors
    container, limits = request["container"], VideoLimits(**request["limits"])
    into = shared_memory.map_frames(shared, tuple(request["shape"]))
    os.close(shared)
    data = mmap.mmap(video, 0, prot=mmap.PROT_READ)
    lost = lost + confine(video, limits.decode_memory, limits.decode_seconds)
    if lost:
        send_message(control, lost=lost)
    reported = 0.0

    def report_share(share: float) -> None:
        nonlocal reported
        now = time.monotonic()
        if now - reported >= _PROGRESS_SECONDS:
            reported = now
            send_message(control, progress=share)

    more: dict[str, int] = {}

    def promise(frames: int) -> None:
        send_message(control, promised=frames)

    def await_slot() -> None:
        if not os.read(freed[0], 1):
            raise EOFError("the worker is gone")

    def hand_over(slot: int, count: int, share: float) -> None:
        send_message(control, slot=slot, count=count, progress=share)

    try:
        if request.get("encode"):
            length, report = encode_film(video, data, container, into, limits)
            more["encoded"] = length
        elif freed:
            report = decode_stream(video, data, container, into, limits, promise, await_slot, hand_over)
        else:
            report = decode_samples(video, data, container, into, limits, report_share, request["framed"])
    except VideoRejected as error:
        send_message(control, rejected=[error.code.value, error.message])
    else:
        send_message(control, report=asdict(report), **more)


def _die_with(forkserver: int) -> list[str]:
    """Have this process killed when the forkserver ends; the protection's name where that is refused."""
    lost = []
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL):
        lost.append("PR_SET_PDEATHSIG")
    if os.getppid() != forkserver:
        os._exit(1)
    return lost


def confine(video: int, memory: int, seconds: float) -> list[str]:
    """Bound this process: memory and time, no core dump, nothing written, nothing opened.

    The names of the limits that the system refused.
    """
    if sys.platform == "linux":
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - pathlib costs more than the read
            memory += int(statm.read().split()[0]) * mmap.PAGESIZE
    cpu = int(seconds * (os.cpu_count() or 1)) + 2
    # The demuxer duplicates the file's descriptor once and then holds the last that there is.
    free = os.dup(video)
    os.close(free)
    lost = []
    for name, most in (
        ("RLIMIT_CORE", 0),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_NOFILE", free + 1),
        ("RLIMIT_CPU", cpu),
        ("RLIMIT_AS", memory),
    ):
        # Not every system has every limit (macOS refuses RLIMIT_AS); the watch on the clock holds everywhere.
        try:
            resource.setrlimit(getattr(resource, name), (most, most))
        except (ValueError, OSError):
            lost.append(name)
    return lost
