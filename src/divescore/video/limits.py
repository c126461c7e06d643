"""How much of a video is accepted before it is turned away."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VideoLimits:
    """Bounds on one video; every upper bound has a rejection code of its own."""

    max_bytes: int = 200 * 1024 * 1024
    max_seconds: float = 60.0
    max_pixels: int = 4096 * 2304
    """Width times height of one frame, so that portrait and landscape are treated alike."""
    max_frames: int = 10_000
    min_frames: int = 16
    decode_seconds: float = 60.0
    """Wall-clock time that decoding may take; its processor time is bounded by this times the number of cores."""
    decode_memory: int = 1280 * 1024 * 1024
    """Bytes of address space that decoding may take; 4096x2304 of 10 bits with 16 references needs about half."""
