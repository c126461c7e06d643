"""Dives in files of any size."""

from pathlib import Path

VOID = 0xEC  # Matroska's element for bytes that mean nothing


def padded(clip: Path, path: Path, size: int) -> Path:
    """The same dive in a file of `size` bytes: Matroska lets void stand behind what there is."""
    data = clip.read_bytes()
    empty = size - len(data) - 9
    with path.open("wb") as file:
        file.write(data + bytes([VOID, 0x01]) + empty.to_bytes(7, "big"))
        file.truncate(size)
    return path
