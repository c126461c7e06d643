"""Memory in which a decoder's process hands over frames. It needs no /dev/shm, and no disk where memory can be had."""

import contextlib
import errno
import math
import mmap
import os
import tempfile

import numpy as np

from divescore.video.frames import Frames

_POPULATED = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
"""Mapping in one go costs less than a fault per page."""
_CANNOT_RESERVE = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


def create(shape: tuple[int, ...]) -> int:
    """Descriptor of memory for uint8 of `shape`, or of an unlinked file where the system has or gives no such thing.

    Raises OSError when there is room for neither.
    """
    if hasattr(os, "memfd_create"):
        with contextlib.suppress(OSError):  # refused, by a sandbox around us say
            descriptor = os.memfd_create("frames")
            os.ftruncate(descriptor, math.prod(shape))
            return descriptor
    with tempfile.TemporaryFile() as file:
        _reserve(file.fileno(), math.prod(shape))
        return os.dup(file.fileno())


def _reserve(descriptor: int, length: int) -> None:
    """Give a file its length, and its blocks: a full disk is to be our error here, not the decoder's crash later."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, length)
        except OSError as error:
            if error.errno not in _CANNOT_RESERVE:
                raise
    os.ftruncate(descriptor, length)


def map_frames(descriptor: int, shape: tuple[int, ...]) -> Frames:
    """That memory as an array, which outlives the descriptor."""
    return np.frombuffer(mmap.mmap(descriptor, math.prod(shape), flags=_POPULATED), dtype=np.uint8).reshape(shape)
