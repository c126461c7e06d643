"""Many pictures of bodies, drawn once and kept, and the photographs that they may stand before."""

import hashlib
import importlib.util
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.lab.datasets.frame_labels import JOINTS
from divescore.lab.progress import OnProgress
from divescore.lab.training import body_meshes, body_pictures
from divescore.lab.training.body_meshes import BodyMeshes
from divescore.lab.training.body_pictures import body_picture

MESHES = 24
_EACH = 50
"""Bodies that are drawn in one go."""
_PAIRED = ("knee", "ankle", "hand")
_PHOTOGRAPHS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
)
"""Of the package scikit-image, which ships them under free licences (its data/README.txt names each)."""
_LARGEST = 420
"""Longer side of a photograph as it is kept, pixels."""


@dataclass(frozen=True)
class BodyLibrary:
    """N bodies: `pictures` uint8 [N, SIDE, SIDE, 4]; `joints` [N, 6, 2 sides, 2] pixels; hip and knee radians [N]."""

    identity: str
    pictures: NDArray[np.uint8]
    joints: NDArray[np.float32]
    hips: NDArray[np.float32]
    knees: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pictures)


def body_library(count: int, seed: int, kept: Path, workers: int, on_progress: OnProgress) -> BodyLibrary:
    """`count` bodies of a seed, drawn by `workers` processes (0: by this one) unless the folder `kept` has them."""
    digest = hashlib.sha256(f"{count} {seed} {MESHES}".encode())
    for module in (body_meshes, body_pictures):
        digest.update(Path(str(module.__file__)).read_bytes())
    identity = digest.hexdigest()[:16]
    path = kept / f"bodies-{identity}.npz"
    if not path.exists():
        kept.mkdir(parents=True, exist_ok=True)
        parts = []
        for part in _parts(count, seed, workers):
            parts.append(part)
            done = sum(len(drawn[1]) for drawn in parts)
            on_progress("drawing bodies", done / count, f"{done} of {count} bodies")
        pictures, joints, angles = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        unfinished = path.with_suffix(".unfinished.npz")
        np.savez(unfinished, pictures=pictures, joints=joints, angles=angles)
        unfinished.replace(path)
    with np.load(path) as arrays:
        angles = arrays["angles"]
        return BodyLibrary(identity, arrays["pictures"], arrays["joints"], angles[:, 0], angles[:, 1])


_Part = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]


def _parts(count: int, seed: int, workers: int) -> list[_Part]:
    pieces = [range(first, min(first + _EACH, count)) for first in range(0, count, _EACH)]
    if workers == 0:
        return [_draw(seed, piece) for piece in pieces]
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        return list(pool.map(_draw, [seed] * len(pieces), pieces))


@cache
def _meshes(seed: int) -> BodyMeshes:
    return BodyMeshes(MESHES, seed)


def _draw(seed: int, numbers: range) -> _Part:
    pictures, joints, angles = [], [], []
    for number in numbers:
        body = body_picture(_meshes(seed), np.random.default_rng([seed, 22, number]))
        pictures.append(body.picture)
        joints.append([np.broadcast_to(body.joints[name], (2, 2)) for name in JOINTS])
        angles.append((body.hip, body.knee))
    return np.stack(pictures), np.array(joints, dtype=np.float32), np.array(angles, dtype=np.float32)


@cache
def photographs() -> tuple[NDArray[np.uint8], ...]:
    """RGB photographs [H, W, 3]; raises ModuleNotFoundError where the extra `training` is missing."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("No module named 'skimage'; the extra `training` has it.", name="skimage")
    folder = Path(package.origin).parent / "data"
    read = [cv2.imread(str(folder / name), cv2.IMREAD_COLOR) for name in _PHOTOGRAPHS]
    found = []
    for name, picture in zip(_PHOTOGRAPHS, read, strict=True):
        if picture is None:
            raise FileNotFoundError(f"scikit-image no longer ships {name}.")
        scale = min(_LARGEST / max(picture.shape[:2]), 1.0)
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found.append(np.ascontiguousarray(small[:, :, ::-1], dtype=np.uint8))
    return tuple(found)
