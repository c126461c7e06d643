"""Checkpoints of a training in a folder: written whole or not at all, read only while their hash fits their name."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from divescore.lab.errors import CheckpointMismatch
from divescore.scoring.manifest import sha256_of

KEPT = 2
"""The newest one, and one before it for the case that a disk damages the newest."""
_NAME = re.compile(r"step-([0-9]{9})-([0-9a-f]{16})\.pt")


@dataclass(frozen=True)
class Checkpoint:
    """All that a step depends on; what is random in it comes from the seed and the number of the step."""

    step: int
    """Steps done."""
    network: dict[str, Any]
    optimiser: dict[str, Any]
    average: dict[str, Any]
    """Moving average of the weights; empty where none is kept."""
    fingerprint: dict[str, Any]
    """Whatever determines the result, as plain values."""


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write one under a name of its step and hash, and remove all but the newest `KEPT`."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"draft-{os.getpid()}.tmp"
    try:
        with draft.open("wb") as file:
            torch.save(vars(checkpoint), file)
            file.flush()
            os.fsync(file.fileno())
        path = folder / f"step-{checkpoint.step:09d}-{sha256_of(draft)[:16]}.pt"
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    # What a process that was killed while writing left behind may be a gigabyte.
    for old in (*_newest_first(folder)[KEPT:], *folder.glob("draft-*.tmp")):
        old.unlink(missing_ok=True)
    return path


def newest_checkpoint(folder: Path, fingerprint: dict[str, Any]) -> Checkpoint | None:
    """The newest undamaged one, on the CPU; None without any; raises CheckpointMismatch for another fingerprint."""
    for path in _newest_first(folder):
        match = _NAME.fullmatch(path.name)
        if match is None or sha256_of(path)[:16] != match[2]:
            continue
        checkpoint = Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
        if checkpoint.fingerprint != fingerprint:
            raise CheckpointMismatch(
                f"{path} belongs to another training ({_difference(checkpoint.fingerprint, fingerprint)}); "
                "give another folder, or empty this one to begin anew."
            )
        return checkpoint
    return None


def digest_of(shapes: dict[str, Any]) -> str:
    """A short hash of names and shapes, to tell one network from another."""
    return hashlib.sha256(repr(sorted(shapes.items())).encode()).hexdigest()[:16]


def _newest_first(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)


def _difference(theirs: dict[str, Any], ours: dict[str, Any]) -> str:
    there, here = _flat(theirs), _flat(ours)
    differing = [name for name in sorted({*there, *here}) if there.get(name) != here.get(name)]
    return "; ".join(f"{name} is {there.get(name)!r} there and {here.get(name)!r} here" for name in differing)


def _flat(fingerprint: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in fingerprint.items():
        flat.update(value if isinstance(value, dict) else {name: value})
    return flat
