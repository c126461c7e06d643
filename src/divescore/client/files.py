"""A file before it is sent: its name as text, its bytes where only a stream is given, and what they plainly are not."""

import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from divescore.client.errors import ClientError
from divescore.client.upload import CONTENT_TYPES
from divescore.containers import HEAD_BYTES, NotTaken, sniff
from divescore.printable import printable

LONGEST_NAME = 255
_PIECE = 1 << 20
MOST_BYTES = 1 << 30
"""Of what comes by a pipe or a device; how large a video may be is the service's to say."""


class NoVideo(ClientError):
    """Neither the file's name nor its first bytes are a video's, so it is not sent."""


def name_of(path: Path) -> str:
    """The file's name as text of a length that the service takes, whatever its bytes are."""
    return printable(path.name)[-LONGEST_NAME:] or "video"


def refuse_what_is_no_video(path: Path) -> None:
    """Raises NoVideo where name and bytes both say so; OSError when it cannot be read."""
    if path.suffix.lower() in CONTENT_TYPES:
        return
    with path.open("rb") as file:
        verdict = sniff(file.read(HEAD_BYTES))
    # Whether an empty file is taken is the service's to say, like its size.
    if isinstance(verdict, NotTaken) and verdict.code != "EMPTY_FILE" and path.suffix:
        raise NoVideo("UNSUPPORTED_TYPE", verdict.message)


@contextmanager
def regular(path: Path) -> Iterator[Path]:
    """`path`, or where it is a pipe or a device a temporary file of all that came from it.

    Raises ClientError for too much of it, OSError when it cannot be read.
    """
    if stat.S_ISREG(path.stat().st_mode):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="divescore-") as folder:
        copy = Path(folder) / "video"
        with path.open("rb") as source, copy.open("wb") as target:
            while piece := source.read(_PIECE):
                target.write(piece)
                if target.tell() > MOST_BYTES:
                    raise ClientError("TOO_LARGE", f"More than {MOST_BYTES >> 30} GB came from {name_of(path)}.")
        yield copy
