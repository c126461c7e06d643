"""Memory in which a decoder's process hands over frames. It needs neither /dev/shm nor a writable disk."""

import math
import mmap
import os
import tempfile

import numpy as np

from divescore.video.frames import Frames

_POPULATED = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
"""Mapping in one go costs less than a fault per page."""


def create(shape: tuple[int, ...]) -> int:
    """Descriptor of memory for uint8 of `shape`, or of an unlinked file where the system has no such thing."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("frames")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, math.prod(shape))
    return descriptor


def map_frames(descriptor: int, shape: tuple[int, ...]) -> Frames:
    """That memory as an array, which outlives the descriptor."""
    return np.frombuffer(mmap.mmap(descriptor, math.prod(shape), flags=_POPULATED), dtype=np.uint8).reshape(shape)
