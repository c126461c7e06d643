"""Pictures of posed bodies, lit and in colours of skin, hair and suit, and the poses in which divers are seen."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.lab.training.body_meshes import HAIR, SUIT, TRUNK, BodyMeshes, BodyPose, PosedBody, Values

PER_METRE = 40
"""Pixels a metre of a picture of a body."""
SIDE = 104
"""Its sides, pixels: a body with its arms overhead fits in."""
_FINER = 2
_SAMPLES = np.array([[2, 2, 2], [4, 1, 1], [1, 4, 1], [1, 1, 4]]) / 6.0
"""Places on a face that are drawn, as shares of its corners."""
_SKINS = ((236, 188, 150), (228, 176, 140), (222, 168, 128), (190, 132, 96), (140, 92, 62), (98, 64, 44))
_HAIRS = ((40, 30, 25), (90, 60, 35), (170, 130, 70), (25, 25, 28))


@dataclass(frozen=True)
class BodyPicture:
    """A body on nothing: RGB and cover [SIDE, SIDE, 4], joints' places in it in pixels, and angles of hip and knee."""

    picture: NDArray[np.uint8]
    joints: dict[str, NDArray[np.float32]]
    """[2 or 1, 2] by name."""
    hip: float
    knee: float


def diver_pose(rng: np.random.Generator) -> BodyPose:
    """A pose as divers take them in flight: tucked, piked, straight, twisting, or on the way between two of them."""
    kind = rng.choice(5, p=(0.32, 0.34, 0.16, 0.08, 0.10))
    neck = float(rng.uniform(-0.3, 0.7))
    toes = float(rng.uniform(0.6, 1.3))
    spread = float(abs(rng.normal(0.0, 0.05)))
    uneven = float(rng.normal(0.0, 0.08)) if rng.random() < 0.3 else 0.0
    along = float(rng.uniform(0.0, 1.0))
    if kind == 0:
        hip, spine = float(rng.uniform(1.5, 2.45)), float(rng.uniform(0.3, 1.2))
        knee = float(rng.uniform(1.7, 2.5))
        arms = "legs" if rng.random() < 0.85 else "behind"
        spread = float(rng.uniform(0.0, 0.3))
        return _opened(rng, BodyPose(hip, knee, spine, neck + 0.3, toes, spread, arms, along, uneven))
    if kind == 1:
        hip, spine = float(rng.uniform(1.5, 2.5)), float(rng.uniform(0.2, 1.3))
        knee = float(abs(rng.normal(0.0, 0.12)))
        arms = str(rng.choice(("legs", "behind", "sides", "swing"), p=(0.35, 0.4, 0.12, 0.13)))
        return _opened(rng, BodyPose(hip, knee, spine, neck + 0.2, toes, spread, arms, along, uneven))
    if kind == 2:
        bend = float(rng.uniform(-0.25, 0.35))
        swing = float(rng.uniform(0.8, 1.05)) if rng.random() < 0.7 else float(rng.uniform(-0.1, 0.8))
        knee = float(abs(rng.normal(0.0, 0.1)))
        return BodyPose(bend, knee, float(rng.uniform(-0.4, 0.25)), neck - 0.2, toes, spread, "swing", swing, uneven)
    if kind == 3:
        return BodyPose(
            float(rng.uniform(-0.1, 0.2)), 0.05, float(rng.uniform(-0.2, 0.2)), neck, toes, spread, "twist", along
        )
    arms = str(rng.choice(("swing", "sides", "legs")))
    return BodyPose(
        float(rng.uniform(0.0, 2.2)),
        float(rng.uniform(0.0, 2.2)),
        float(rng.uniform(-0.3, 0.9)),
        neck,
        toes,
        spread,
        arms,
        along,
        uneven,
    )


def _opened(rng: np.random.Generator, pose: BodyPose) -> BodyPose:
    # A third of the bodies are on the way into the shape or out of it.
    if rng.random() > 0.33:
        return pose
    share = float(rng.uniform(0.25, 1.0))
    arms, along = pose.arms, pose.along
    if share < 0.8 and rng.random() < 0.7:
        arms, along = "swing", float(rng.uniform(0.3, 1.0))
    return BodyPose(
        pose.hip * share,
        pose.knee * share,
        pose.spine * share,
        pose.neck,
        pose.toes,
        pose.spread,
        arms,
        along,
        pose.uneven,
    )


def body_picture(meshes: BodyMeshes, rng: np.random.Generator) -> BodyPicture:
    """A body in a pose, seen from a side, at random."""
    posed = meshes.posed(int(rng.integers(len(meshes))), diver_pose(rng))
    return draw_body(meshes, posed, _seen_from(rng), rng)


def _seen_from(rng: np.random.Generator) -> Values:
    """The turn from body axes to the picture's: x right, y up, z towards the camera."""
    yaw = float(rng.normal(0.0, 0.45)) if rng.random() < 0.8 else float(rng.uniform(-np.pi, np.pi))
    if rng.random() < 0.5:
        yaw += np.pi
    lean, tilt, raised = float(rng.uniform(-np.pi, np.pi)), float(rng.normal(0.0, 0.15)), float(rng.normal(0.0, 0.2))
    about = np.array([[np.cos(yaw), -np.sin(yaw), 0.0], [np.sin(yaw), np.cos(yaw), 0.0], [0.0, 0.0, 1.0]])
    side = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])
    return np.asarray(_about_x(raised) @ _about_z(lean) @ _about_x(tilt) @ side @ about)


def _about_x(angle: float) -> Values:
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])


def _about_z(angle: float) -> Values:
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def draw_body(meshes: BodyMeshes, posed: PosedBody, view: Values, rng: np.random.Generator) -> BodyPicture:
    """A posed body under a light at random, in colours at random; the nearest of what falls on a pixel is shown."""
    seen = posed.vertices @ view.T
    joints = {name: places @ view.T for name, places in posed.joints.items()}
    middle = np.concatenate(list(joints.values()))[:, :2]
    middle = 0.5 * (middle.min(axis=0) + middle.max(axis=0))
    corners = seen[meshes.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    towards = np.flatnonzero(normals[:, 2] > 0.0)
    corners, normals, parts = corners[towards], normals[towards], meshes.parts[towards]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    light = np.array([rng.normal(0.0, 0.5), rng.uniform(0.3, 1.0), rng.uniform(0.1, 0.8)])
    light /= np.linalg.norm(light)
    ambient = float(rng.uniform(0.4, 0.75))
    shine = ambient + (1.0 - ambient) * np.clip(normals @ light, 0.0, 1.0) * float(rng.uniform(0.9, 1.3))
    colours = _colours(rng)[parts] * shine[:, None]
    size = SIDE * _FINER
    places = np.einsum("sk,fkd->fsd", _SAMPLES, corners).reshape(-1, 3)
    columns = np.round(0.5 * size + (places[:, 0] - middle[0]) * PER_METRE * _FINER).astype(np.int64)
    rows = np.round(0.5 * size - (places[:, 1] - middle[1]) * PER_METRE * _FINER).astype(np.int64)
    inside = np.flatnonzero((columns >= 0) & (columns < size) & (rows >= 0) & (rows < size))
    nearest = inside[np.argsort(places[inside, 2], kind="stable")]
    drawn = np.zeros((size * size, 4), dtype=np.float32)
    shown = nearest // len(_SAMPLES)
    drawn[rows[nearest] * size + columns[nearest], :3] = colours[shown]
    drawn[rows[nearest] * size + columns[nearest], 3] = 255.0
    drawn = _closed(drawn.reshape(size, size, 4))
    small = np.asarray(cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.float32)
    # Colours were mixed with nothing at the border; what is covered keeps its own.
    small[:, :, :3] *= 255.0 / np.maximum(small[:, :, 3:], 1.0)
    flat = {
        name: np.stack(
            (
                0.5 * SIDE + (places[:, 0] - middle[0]) * PER_METRE,
                0.5 * SIDE - (places[:, 1] - middle[1]) * PER_METRE,
            ),
            axis=1,
        ).astype(np.float32)
        for name, places in joints.items()
    }
    return BodyPicture(np.clip(small, 0, 255).astype(np.uint8), flat, posed.hip, posed.knee)


def _colours(rng: np.random.Generator) -> Values:
    skin = np.clip(np.array(_SKINS[rng.integers(len(_SKINS))]) + rng.integers(-16, 17, 3), 0, 255)
    suit = rng.integers(10, 230, 3)
    hair = np.array(_HAIRS[rng.integers(len(_HAIRS))]) if rng.random() < 0.8 else rng.integers(10, 230, 3)
    colours = np.tile(skin, (4, 1)).astype(np.float64)
    colours[SUIT], colours[HAIR] = suit, hair
    if rng.random() < 0.45:
        colours[TRUNK] = suit
    return colours


def _closed(drawn: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill the pixels between those that were drawn."""
    cover = np.ascontiguousarray(drawn[:, :, 3])
    whole = cv2.morphologyEx(cover, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    holes = (whole > 0) & (cover == 0)
    around = cv2.blur(drawn, (3, 3))
    drawn[holes, :3] = around[holes, :3] * 255.0 / np.maximum(around[holes, 3:], 1.0)
    drawn[:, :, 3] = whole
    return drawn
