"""A decoder process that crashes, hangs or grows is one rejected video, and leaves nothing behind."""

import contextlib
import gc
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from divescore.video import shared_memory
from divescore.video.decoder_process import confine
from divescore.video.errors import VideoRejected
from divescore.video.forkserver_connection import _START, DecoderFailed
from divescore.video.limits import VideoLimits
from divescore.video.progress import OnProgress, silent
from divescore.video.sandbox import Sandbox, sandbox
from tests.corpus.writing import avi
from tests.unit.video.clips import write_clip

GONE_WITHIN = 3.0
LIMITS = VideoLimits()
HANG = VideoLimits(decode_seconds=0.3)


@pytest.fixture
def contained() -> Iterator[Sandbox]:
    """A sandbox of the test's own."""
    own = Sandbox()
    yield own
    own.close()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A good film."""
    return write_clip(tmp_path / "film.mp4")


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that takes longer than any test waits: none of its frames can be left out."""
    encoder = av.VideoCodecContext.create("mpeg4", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 4000, 2000, "yuv420p", Fraction(1, 25)
    plain = np.full((3000, 4000), 99, dtype=np.uint8)
    [packet] = encoder.encode(av.VideoFrame.from_ndarray(plain, format="yuv420p"))
    path = tmp_path_factory.mktemp("endless") / "endless.avi"
    path.write_bytes(avi(b"FMP4", (4000, 2000), [bytes(packet)] * 400))
    return path


def decode(own: Sandbox, path: Path, limits: VideoLimits = LIMITS, on_progress: OnProgress = silent) -> None:
    with path.open("rb") as file:
        frames, report = own.sample(file.fileno(), path.suffix[1:], 8, (32, 24), limits, on_progress)
    assert frames.shape == (8, 24, 32, 3)
    assert report.frames > 0


def decoders(own: Sandbox) -> list[psutil.Process]:
    assert own._forkserver.process is not None
    # The youngest was forked ahead and waits for the next video.
    return sorted(psutil.Process(own._forkserver.process.pid).children(), key=lambda process: process.pid)


def assert_idle(own: Sandbox) -> None:
    """The process that was forked ahead sleeps, and nothing else is there, not even as a zombie."""
    assert own.peak_bytes() > 0
    until = time.monotonic() + GONE_WITHIN
    while [process.status() for process in decoders(own)] != [psutil.STATUS_SLEEPING]:
        assert time.monotonic() < until, decoders(own)
        time.sleep(0.01)


def when_decoding(own: Sandbox, act: Callable[[psutil.Process], None]) -> OnProgress:
    """An `on_progress` that does something to the decoder at its first call."""
    done: list[bool] = []

    def on_progress(_stage: str, _share: float) -> None:
        if not done:
            done.append(True)
            act(decoders(own)[0])

    return on_progress


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGBUS, signal.SIGILL])
def test_a_crash_is_one_rejected_video(contained: Sandbox, film: Path, endless: Path, number: signal.Signals) -> None:
    def crash(process: psutil.Process) -> None:
        process.send_signal(number)

    with pytest.raises(VideoRejected) as caught:
        decode(contained, endless, on_progress=when_decoding(contained, crash))
    assert caught.value.code == "DAMAGED"
    forkserver = contained._forkserver.process
    decode(contained, film)
    assert contained._forkserver.process is forkserver
    assert_idle(contained)


def test_processor_time_runs_out(contained: Sandbox, endless: Path) -> None:
    def spend(process: psutil.Process) -> None:
        process.send_signal(signal.SIGXCPU)

    with pytest.raises(VideoRejected) as caught:
        decode(contained, endless, on_progress=when_decoding(contained, spend))
    assert caught.value.code == "OUT_OF_TIME"


def test_a_hang_is_cut_short_and_the_next_video_is_served(contained: Sandbox, film: Path, endless: Path) -> None:
    decode(contained, film)
    started = time.monotonic()
    with pytest.raises(VideoRejected) as caught:
        decode(contained, endless, HANG, when_decoding(contained, lambda process: process.suspend()))
    assert caught.value.code == "OUT_OF_TIME"
    assert time.monotonic() - started < HANG.decode_seconds + GONE_WITHIN
    assert_idle(contained)
    decode(contained, film)


def test_a_silent_decoder_can_be_cancelled(contained: Sandbox, endless: Path) -> None:
    calls: list[float] = []

    class CancelledError(Exception):
        pass

    def cancel(_stage: str, share: float) -> None:
        calls.append(share)
        if len(calls) == 1:
            decoders(contained)[0].suspend()
        if time.monotonic() > started + 0.8:
            raise CancelledError

    started = time.monotonic()
    with pytest.raises(CancelledError):
        decode(contained, endless, on_progress=cancel)
    assert calls == sorted(calls)
    assert_idle(contained)


def test_a_decoder_that_has_reported_makes_room_for_the_next(contained: Sandbox, film: Path) -> None:
    last: list[psutil.Process] = []
    for _ in range(3):
        decode(contained, film, on_progress=when_decoding(contained, last.append))

        # The one before lingered until now, if this came soon enough.
        assert not any(process.is_running() for process in last[:-1])
    assert contained.peak_bytes() > 0
    assert not last[-1].is_running()


def test_a_forkserver_that_was_killed_is_replaced(contained: Sandbox, film: Path) -> None:
    decode(contained, film)
    assert contained._forkserver.process is not None
    contained._forkserver.process.kill()
    contained._forkserver.process.wait()
    decode(contained, film)


def test_a_forkserver_killed_at_work_is_our_fault_and_replaced(contained: Sandbox, film: Path, endless: Path) -> None:
    def kill(process: psutil.Process) -> None:
        orphan.append(process)
        parent = process.parent()
        assert parent is not None
        parent.kill()

    orphan: list[psutil.Process] = []
    with pytest.raises(DecoderFailed):
        decode(contained, endless, on_progress=when_decoding(contained, kill))
    decode(contained, film)
    psutil.wait_procs(orphan, GONE_WITHIN)
    assert not orphan[0].is_running()


def test_nothing_outlives_the_worker(endless: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from divescore.video.sampling import sample_frames
from divescore.video.sandbox import sandbox
def die(_stage, _share):
    print(sandbox()._forkserver.process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
sample_frames(Path({str(endless)!r}), 8, (32, 24), None, die)
"""
    worker = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert worker.stdout, worker.stderr
    forkserver = int(worker.stdout)
    until = time.monotonic() + GONE_WITHIN
    while psutil.pid_exists(forkserver) and psutil.Process(forkserver).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "the forkserver lives on"
        time.sleep(0.02)
    assert not [process for process in psutil.process_iter(["cmdline"]) if str(endless) in str(process.info)]


def test_leaves_no_descriptors_threads_or_files(contained: Sandbox, film: Path, tmp_path: Path) -> None:
    decode(contained, film)
    before = psutil.Process().num_fds(), threading.active_count(), sorted(tmp_path.iterdir())
    for _ in range(5):
        decode(contained, film)
    assert (psutil.Process().num_fds(), threading.active_count(), sorted(tmp_path.iterdir())) == before


def test_standard_streams_and_environment_stay_the_workers(
    contained: Sandbox, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    decode(contained, film)
    assert contained._forkserver.process is not None
    child = Path(f"/proc/{contained._forkserver.process.pid}")
    if not child.exists():
        pytest.skip("no /proc on this system")
    assert "secret" not in (child / "environ").read_text()
    assert {str((child / "fd" / str(number)).readlink()) for number in range(3)} == {"/dev/null"}


def test_a_confined_process_opens_nothing_writes_nothing_and_dumps_no_core(film: Path) -> None:
    """In a fork of its own, since limits cannot be lifted again."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        # As a decoder does. A file among the garbage of this process, closed now, would leave a place to open another.
        gc.freeze()
        refused: list[str] = []
        attempts: dict[str, Callable[[], object]] = {
            "open": lambda: os.open("/etc/hostname", os.O_RDONLY),
            "socket": lambda: socket.socket(socket.AF_UNIX),
            "memory": lambda: np.ones(256 * 1024 * 1024, dtype=np.uint8),
        }
        with film.open("rb") as video, film.with_name("written").open("wb") as written:
            confine(video.fileno(), 64 * 1024 * 1024, 5.0)
            duplicate = os.dup(video.fileno())  # what the demuxer does
            for name, act in attempts.items():
                try:
                    act()
                except (OSError, MemoryError):
                    refused.append(name)
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            with contextlib.suppress(OSError):
                if os.write(written.fileno(), b"x") == 0:
                    refused.append("write")
            if film.with_name("written").stat().st_size == 0:
                refused.append("write")
            os.close(duplicate)
        refused.append(f"core {resource.getrlimit(resource.RLIMIT_CORE)[0]}")
        os.write(writer, json.dumps(refused).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        refused = json.loads(answer.read())
    os.waitpid(pid, 0)
    assert refused == ["open", "socket", "memory", "write", "core 0"]


def test_without_anonymous_files_an_unlinked_one_does(
    contained: Sandbox, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    descriptor = shared_memory.create((4096,))
    assert os.fstat(descriptor).st_size == 4096
    assert os.fstat(descriptor).st_nlink == 0
    os.close(descriptor)
    decode(contained, film)


def test_two_threads_wait_for_each_other(contained: Sandbox, film: Path) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(3):
                decode(contained, film)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_decoder_that_cannot_start_says_why(contained: Sandbox, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("divescore.video.forkserver_connection._START", "import sys; sys.exit(1)")
    with pytest.raises(DecoderFailed, match="ended unexpectedly"):
        decode(contained, film)


def in_forkserver(patch: pytest.MonkeyPatch, statement: str) -> None:
    """Have a forkserver that starts from now on execute this first."""
    name = "divescore.video.forkserver_connection._START"
    patch.setattr(name, _START.replace("; main()", f"; {statement}; main()"))


def test_a_forkserver_that_may_not_fork_says_so(
    contained: Sandbox, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_forkserver(monkeypatch, "import os; os.fork = lambda: os.open('/no/processes/left', 0)")
    with pytest.raises(DecoderFailed, match="did not start: FileNotFoundError"):
        decode(contained, film)


def test_a_decoder_outlives_no_forkserver_where_the_system_does_not_see_to_it(
    contained: Sandbox, film: Path, endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_forkserver(monkeypatch, "import divescore.video.decoder_process as d; d._die_with = lambda _: ['PDEATHSIG']")
    orphan: list[psutil.Process] = []

    def kill_parent(process: psutil.Process) -> None:
        orphan.append(process)
        parent = process.parent()
        assert parent is not None
        parent.kill()

    with pytest.raises(VideoRejected):
        decode(contained, endless, HANG, when_decoding(contained, kill_parent))
    assert psutil.wait_procs(orphan, GONE_WITHIN)[1] == []
    decode(contained, film)


def test_each_process_has_one_sandbox() -> None:
    assert sandbox() is sandbox()
