"""What of a folder's files lies in the page cache: empty it, start something, and look at what that read.

On Lambda an image's blocks are fetched when they are first touched, in pieces of 512 KiB, so what counts at a cold
start is which parts of which files are touched, not how large the image is.
"""

import ctypes
import mmap
import os
from dataclasses import dataclass
from pathlib import Path

PIECE = 512 * 1024
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Touched:
    """Bytes in the cache, and how many pieces of 512 KiB they lie in; small files lie side by side in theirs."""

    files: int
    bytes: int
    pieces: int

    def since(self, before: "Touched") -> "Touched":
        """What was touched after `before`."""
        return Touched(self.files - before.files, self.bytes - before.bytes, self.pieces - before.pieces)


def forget(folder: Path) -> None:
    """Take the folder's files out of the page cache. What some process has mapped stays."""
    os.sync()  # what is not written yet would stay
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def touched(folder: Path) -> Touched:
    """What of the folder's files lies in the page cache."""
    files = total = pieces = small = 0
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and (size := path.stat().st_size):
            pages = _pages(path, size)
            if count := pages.count(1):
                files += 1
                total += min(count * mmap.PAGESIZE, size)
                if size < PIECE:
                    small += count * mmap.PAGESIZE
                    continue
                per = PIECE // mmap.PAGESIZE
                pieces += sum(1 for start in range(0, len(pages), per) if 1 in pages[start : start + per])
    return Touched(files, total, pieces + -(-small // PIECE))


def _pages(path: Path, size: int) -> bytes:
    """One byte for each page, 1 when it is in the cache."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY) as memory:
        count = -(-size // mmap.PAGESIZE)
        vector = (ctypes.c_ubyte * count)()
        start = (ctypes.c_char * size).from_buffer(memory)
        if _libc.mincore(ctypes.c_void_p(ctypes.addressof(start)), ctypes.c_size_t(size), vector):
            raise OSError(ctypes.get_errno(), f"mincore of {path}")
        del start
        return bytes(byte & 1 for byte in bytes(vector))
