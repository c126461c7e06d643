"""A system call out of the ordinary that is refused costs a good dive nothing, and no protection is lost in silence.

The kernel itself refuses here, in a process of its own; docs/architecture.md has the table.
"""

import sys
from pathlib import Path

import pytest

from tests.fakes.kernel import NUMBERS, run_refusing
from tests.unit.video.clips import write_clip

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not sys.maxsize > 2**32, reason="the filter knows the calls of Linux on x86_64"
)

DECODE = """
import logging, sys
from pathlib import Path
logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
from divescore.video.forkserver_connection import DecoderFailed
from divescore.video.sampling import sample_frames
try:
    for _ in range(2):
        video = sample_frames(Path({film!r}), 8, (32, 24))
    assert video.frames.shape == (8, 24, 32, 3) and video.frames.any()
    print("decoded")
except DecoderFailed as error:
    print("failed:", error)
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good film."""
    return write_clip(tmp_path_factory.mktemp("refused") / "film.mp4")


def outcome(film: Path, *refused: str) -> tuple[str, str]:
    """What became of a good film, and the log."""
    done = run_refusing(refused, DECODE.format(film=str(film)))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


def test_threads_work_where_they_cannot_be_kept_on_a_core() -> None:
    program = """
from divescore.scoring.mini.thread_pool import PinnedThreadPool
from divescore.scoring.scorer import usable_cores
print(usable_cores() >= 1, PinnedThreadPool(2).map(str, [1, 2]))
"""
    done = run_refusing(("sched_setaffinity", "sched_getaffinity"), program)
    assert (done.stdout, done.stderr) == ("True ['1', '2']\n", "")


@pytest.mark.parametrize("refused", [("memfd_create",), ("memfd_create", "fallocate")])
def test_frames_lie_in_an_unlinked_file_where_memory_without_a_name_is_refused(
    film: Path, refused: tuple[str, ...]
) -> None:
    assert outcome(film, *refused) == ("decoded", "")


@pytest.mark.parametrize(
    ("refused", "lost"),
    [
        ("prctl", ["PR_SET_PDEATHSIG"]),
        ("prlimit64", ["RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE"]),
    ],
)
def test_a_lost_protection_is_said_once_and_the_dive_is_scored(film: Path, refused: str, lost: list[str]) -> None:
    said, log = outcome(film, refused)
    assert said == "decoded"
    assert log == f"WARNING videos are decoded without: {', '.join(lost)}"


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        ("socketpair", "The decoder could not be started: [Errno 1]"),
        ("setsid", "The decoder could not be started: [Errno 1]"),
        ("sendmsg", "The decoder is gone: [Errno 1]"),
    ],
)
def test_where_there_is_no_way_to_a_decoder_the_error_says_why(film: Path, refused: str, reason: str) -> None:
    said, _ = outcome(film, refused)
    assert said.startswith(f"failed: {reason}")


def test_every_refusal_that_can_be_tried_is_in_the_table() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "architecture.md").read_text()
    table = page.partition("### Where a system call is refused")[2].partition("\n#")[0]
    assert [call for call in NUMBERS if f"`{call}`" not in table] == []
