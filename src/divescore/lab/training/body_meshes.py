"""Bodies of skin: meshes of adults in the shapes of divers, posed by angles and drawn lit, for the pose estimator.

The meshes and their skinning weights come from the package `anny` (code Apache-2.0, MakeHuman's data CC0). Poses are
set here: angles in the plane of the somersault, arms that reach for a place or wrap the legs.

Body axes: x to the diver's left, -y out of the chest, z towards the head; metres, the middle of the hips at nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
_SIDES = ("L", "R")
_GROUPS = (
    "pelvis",
    *_SPINE,
    "neck",
    "head",
    *(f"{limb}.{side}" for side in _SIDES for limb in ("thigh", "shank", "foot", "upperarm", "forearm", "hand")),
)
_BEGINNINGS = {
    "root": "pelvis",
    "pelvis": "pelvis",
    "upperleg": "thigh",
    "lowerleg": "shank",
    "foot": "foot",
    "toe": "foot",
    "clavicle": "spine01",
    "shoulder": "spine01",
    "upperarm": "upperarm",
    "lowerarm": "forearm",
    "wrist": "hand",
    "finger": "hand",
    "metacarpal": "hand",
    "neck": "neck",
    "head": "head",
    "eye": "head",
}
"""Groups of bones that move as one here, by how the bones' names begin; those with sides get the bone's side."""
SKIN, SUIT, TRUNK, HAIR = range(4)
"""Parts of a body that have colours of their own; `TRUNK` is suit or skin."""
_DOWN = np.array([0.0, 0.0, -1.0])
_HAND = 0.09
"""Metres from the wrist to the middle of the fingers."""


@dataclass(frozen=True)
class BodyPose:
    """Angles in radians; 0 is standing straight. `arms` say where each arm goes: a place, or a direction."""

    hip: float
    knee: float
    spine: float
    """Bend of the trunk from pelvis to shoulders."""
    neck: float
    toes: float
    spread: float
    arms: str
    """One of ARMS."""
    along: float
    """Where on the legs the hands are, 0..1, or how far the arms swing, 0 down to 1 overhead."""
    uneven: float = 0.0
    """How far the two legs differ, radians."""


ARMS = ("legs", "behind", "swing", "sides", "twist")


@dataclass(frozen=True)
class PosedBody:
    """Vertices [V, 3] and the places of joints [2 or 1, 3] by name, and the two angles, radians."""

    vertices: Values
    joints: dict[str, Values]
    hip: float
    knee: float


class BodyMeshes:
    """Some bodies of adults at rest, drawn by a seed, with what is needed to pose them."""

    def __init__(self, count: int, seed: int) -> None:
        """Raises ModuleNotFoundError where the extra `training` is missing."""
        import anny
        import torch

        model = anny.Anny().to(torch.float32)
        rng = np.random.default_rng([seed, 21])
        shapes = {name: np.full(count, 0.5) for name in model.phenotype_labels}
        ranges = {
            "gender": (0.0, 1.0),
            "age": (0.6, 0.72),
            "muscle": (0.5, 1.0),
            "weight": (0.25, 0.6),
            "height": (0.3, 0.75),
            "proportions": (0.4, 1.0),
        }
        shapes |= {name: rng.uniform(*bounds, count) for name, bounds in ranges.items() if name in shapes}
        still = torch.eye(4)[None, None].repeat(count, model.bone_count, 1, 1)
        with torch.inference_mode():
            rest = model(
                pose_parameters=still,
                phenotype_kwargs={name: torch.tensor(values, dtype=torch.float32) for name, values in shapes.items()},
            )
        heads = rest["rest_bone_heads"].double().numpy()
        names = list(model.bone_labels)
        self._place = {name: heads[:, index] for index, name in enumerate(names)}
        middle = 0.5 * (self._place["upperleg01.L"] + self._place["upperleg01.R"])
        self._vertices = rest["rest_vertices"].double().numpy() - middle[:, None]
        self._place = {name: places - middle for name, places in self._place.items()}
        group_of = np.array([_GROUPS.index(_group(name)) for name in names])
        weights, bones = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
        self._weights = np.zeros((len(weights), len(_GROUPS)))
        np.add.at(self._weights, (np.arange(len(weights))[:, None], group_of[bones]), weights)
        self._weights /= self._weights.sum(axis=1, keepdims=True)
        self.faces: NDArray[np.int64] = np.asarray(model.faces, dtype=np.int64)
        self.parts = self._coloured()

    def __len__(self) -> int:
        return len(self._vertices)

    def _coloured(self) -> NDArray[np.int64]:
        """Parts of each face, by where it is on a body at rest."""
        middles = self._vertices[0][self.faces].mean(axis=1)
        owner = np.argmax(self._weights, axis=1)[self.faces[:, 0]]
        parts = np.full(len(self.faces), SKIN)
        trunk = np.isin(owner, [_GROUPS.index(name) for name in ("pelvis", *_SPINE)])
        top = float(self._place["clavicle.L"][0, 2])
        parts[trunk & (middles[:, 2] < top - 0.02)] = TRUNK
        low = np.abs(middles[:, 2] + 0.02) < 0.11
        parts[low & (trunk | np.isin(owner, [_GROUPS.index("thigh.L"), _GROUPS.index("thigh.R")]))] = SUIT
        head = self._place["head"][0]
        parts[
            (owner == _GROUPS.index("head")) & (middles[:, 2] > head[2] + 0.03) & (middles[:, 1] > head[1] - 0.04)
        ] = HAIR
        parts[(owner == _GROUPS.index("head")) & (middles[:, 2] > head[2] + 0.11)] = HAIR
        return parts

    def posed(self, body: int, pose: BodyPose) -> PosedBody:
        """The body of a number in a pose."""
        place = {name: places[body] for name, places in self._place.items()}
        turns: dict[str, Values] = {"pelvis": np.eye(3)}
        moved: dict[str, Values] = {"pelvis": place["root"]}
        before, at = np.eye(3), place["root"]
        last = place["root"]
        for number, name in enumerate(_SPINE, start=1):
            at = at + before @ (place[name] - last)
            last = place[name]
            before = _forwards(pose.spine * number / len(_SPINE))
            turns[name], moved[name] = before, at
        chest, chest_rest, chest_turn = at, place["spine01"], before
        self._pose_head(place, pose, chest_turn, chest, turns, moved)
        for side, sign in zip(_SIDES, (1.0, -1.0), strict=True):
            self._pose_leg(place, pose, side, sign, turns, moved)
        for side, sign in zip(_SIDES, (1.0, -1.0), strict=True):
            shoulder = chest + chest_turn @ (place[f"upperarm01.{side}"] - chest_rest)
            self._pose_arm(place, pose, side, sign, shoulder, chest_turn, turns, moved)
        roots = {name: place[_root_of(name)] for name in _GROUPS}
        transforms = np.empty((len(_GROUPS), 3, 4))
        for index, name in enumerate(_GROUPS):
            transforms[index, :, :3] = turns[name]
            transforms[index, :, 3] = moved[name] - turns[name] @ roots[name]
        blended = (self._weights @ transforms.reshape(len(_GROUPS), 12)).reshape(-1, 3, 4)
        rest = self._vertices[body]
        vertices = np.einsum("vij,vj->vi", blended[:, :, :3], rest) + blended[:, :, 3]
        neck = chest + chest_turn @ (
            0.5 * (place["neck01"] + 0.5 * (place["upperarm01.L"] + place["upperarm01.R"])) - chest_rest
        )
        crown = moved["head"] + turns["head"] @ np.array([0.0, -0.01, 0.09])
        joints = {
            "head": crown[None],
            "chest": neck[None],
            "hip": np.zeros((1, 3)),
            "knee": np.stack([moved[f"shank.{side}"] for side in _SIDES]),
            "ankle": np.stack([moved[f"foot.{side}"] for side in _SIDES]),
            "hand": np.stack(
                [moved[f"hand.{side}"] + turns[f"hand.{side}"] @ _hand_of(place, side) for side in _SIDES]
            ),
        }
        knees = joints["knee"].mean(axis=0)
        return PosedBody(vertices, joints, float(np.pi - _between(neck, knees)), pose.knee)

    def _pose_head(
        self,
        place: dict[str, Values],
        pose: BodyPose,
        chest_turn: Values,
        chest: Values,
        turns: dict[str, Values],
        moved: dict[str, Values],
    ) -> None:
        moved["neck"] = chest + chest_turn @ (place["neck01"] - place["spine01"])
        turns["neck"] = chest_turn @ _forwards(0.5 * pose.neck)
        moved["head"] = moved["neck"] + turns["neck"] @ (place["head"] - place["neck01"])
        turns["head"] = chest_turn @ _forwards(pose.neck)

    def _pose_leg(
        self,
        place: dict[str, Values],
        pose: BodyPose,
        side: str,
        sign: float,
        turns: dict[str, Values],
        moved: dict[str, Values],
    ) -> None:
        hip, knee, ankle = (place[f"{bone}.{side}"] for bone in ("upperleg01", "lowerleg01", "foot"))
        aside = _sideways(sign * pose.spread)
        thigh = _forwards(-(pose.hip + sign * pose.uneven)) @ aside
        shank = _forwards(-(pose.hip + sign * pose.uneven) + pose.knee) @ aside
        turns[f"thigh.{side}"] = thigh @ aligned(knee - hip, _DOWN)
        turns[f"shank.{side}"] = shank @ aligned(ankle - knee, _DOWN)
        turns[f"foot.{side}"] = shank @ _forwards(pose.toes)
        # Thighs that lie together leave the hips where they were.
        moved[f"thigh.{side}"] = hip * np.array([0.9, 1.0, 1.0])
        moved[f"shank.{side}"] = moved[f"thigh.{side}"] + turns[f"thigh.{side}"] @ (knee - hip)
        moved[f"foot.{side}"] = moved[f"shank.{side}"] + turns[f"shank.{side}"] @ (ankle - knee)

    def _pose_arm(
        self,
        place: dict[str, Values],
        pose: BodyPose,
        side: str,
        sign: float,
        shoulder: Values,
        chest_turn: Values,
        turns: dict[str, Values],
        moved: dict[str, Values],
    ) -> None:
        root, bend, wrist = (place[f"{bone}.{side}"] for bone in ("upperarm01", "lowerarm01", "wrist"))
        upper, fore = float(np.linalg.norm(bend - root)), float(np.linalg.norm(wrist - bend))
        knee, ankle = moved[f"shank.{side}"], moved[f"foot.{side}"]
        hip = moved[f"thigh.{side}"]
        out = sign * np.array([1.0, 0.0, 0.0])
        pole = out - 0.4 * (chest_turn @ np.array([0.0, -1.0, 0.0])) - 0.3 * (chest_turn @ np.array([0.0, 0.0, 1.0]))
        if pose.arms == "legs":
            # Over the shins, as in a tuck, or on the way to the feet.
            front = turns[f"shank.{side}"] @ np.array([0.0, -0.07, 0.0])
            target = knee + pose.along * (ankle - knee) + front + 0.04 * out
        elif pose.arms == "behind":
            # Around the thighs or the calves, as in a pike.
            below = turns[f"thigh.{side}"] @ np.array([0.0, 0.09, 0.0])
            target = hip + (0.35 + 0.65 * pose.along) * (knee - hip) + below - 0.02 * out
        elif pose.arms == "sides":
            target = shoulder + 2.0 * (out + chest_turn @ np.array([0.0, -0.6 * pose.along, 0.4 - 0.4 * pose.along]))
        elif pose.arms == "twist":
            high = sign > 0
            way = np.array([0.0, -0.5, 1.0]) if high else np.array([-0.5 * sign, -0.9, -0.3])
            target = shoulder + 0.3 * (chest_turn @ way)
        else:
            swing = np.pi * pose.along
            way = np.array([-0.22 * sign * max(-np.cos(swing), 0.0) + 0.1 * sign, -np.sin(swing), -np.cos(swing)])
            target = shoulder + 2.0 * (chest_turn @ way)
        elbow, hand = reached(shoulder, target, upper, fore, pole)
        turns[f"upperarm.{side}"] = aligned(chest_turn @ (bend - root), elbow - shoulder) @ chest_turn
        turns[f"forearm.{side}"] = (
            aligned(turns[f"upperarm.{side}"] @ (wrist - bend), hand - elbow) @ turns[f"upperarm.{side}"]
        )
        turns[f"hand.{side}"] = turns[f"forearm.{side}"]
        moved[f"upperarm.{side}"], moved[f"forearm.{side}"], moved[f"hand.{side}"] = shoulder, elbow, hand


def _group(bone: str) -> str:
    name, _, side = bone.partition(".")
    if name in _SPINE:
        return name
    group = next(group for beginning, group in _BEGINNINGS.items() if name.startswith(beginning))
    return f"{group}.{side}" if f"{group}.{side}" in _GROUPS else group


def _root_of(group: str) -> str:
    limb, _, side = group.partition(".")
    bones = {
        "pelvis": "root",
        "neck": "neck01",
        "thigh": "upperleg01",
        "shank": "lowerleg01",
        "upperarm": "upperarm01",
        "forearm": "lowerarm01",
        "hand": "wrist",
    }
    bone = bones.get(limb, limb)
    return f"{bone}.{side}" if side else bone


def _hand_of(place: dict[str, Values], side: str) -> Values:
    fore = place[f"wrist.{side}"] - place[f"lowerarm01.{side}"]
    return np.asarray(_HAND * fore / np.linalg.norm(fore))


def _forwards(angle: float) -> Values:
    """The turn that bends what points to the head forwards by `angle`."""
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])


def _sideways(angle: float) -> Values:
    """The turn that moves a leg that hangs down to the left by `angle`."""
    sine, cosine = np.sin(-angle), np.cos(-angle)
    return np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])


def _between(a: Values, b: Values) -> float:
    cosine = float(a @ b) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9)
    return float(np.arccos(np.clip(cosine, -1.0, 1.0)))


def aligned(a: Values, b: Values) -> Values:
    """The smallest turn that brings the direction of `a` to that of `b`."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis, cosine = np.cross(a, b), float(a @ b)
    if cosine < -0.9999:
        other = np.cross(a, np.array([1.0, 0.0, 0.0]) if abs(a[0]) < 0.9 else np.array([0.0, 1.0, 0.0]))
        other /= np.linalg.norm(other)
        return np.asarray(2.0 * np.outer(other, other) - np.eye(3))
    skew = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    return np.asarray(np.eye(3) + skew + skew @ skew / (1.0 + cosine))


def reached(shoulder: Values, target: Values, upper: float, fore: float, pole: Values) -> tuple[Values, Values]:
    """Elbow and wrist of an arm that reaches for a place; the elbow goes towards `pole`."""
    away = target - shoulder
    distance = float(np.clip(np.linalg.norm(away), abs(upper - fore) + 0.08, 0.985 * (upper + fore)))
    way = away / max(float(np.linalg.norm(away)), 1e-9)
    along = (upper**2 + distance**2 - fore**2) / (2.0 * distance)
    side = pole - float(pole @ way) * way
    side /= max(float(np.linalg.norm(side)), 1e-9)
    elbow = shoulder + along * way + np.sqrt(max(upper**2 - along**2, 0.0)) * side
    return elbow, shoulder + distance * way
