"""How well a model sees the diver of a real clip whose joints were marked by hand.

The label file names the clip by its file's name and ships with the code; the clip does not.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from divescore.lab.datasets.frame_labels import JOINTS
from divescore.scoring.mini.localisation import Localisation
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.pose import PoseValues
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.skeleton import tight_boxes

NEAR = 0.2
"""Half sides of the square within which a joint counts as found."""
_CENTRED = 0.5
"""Half sides of the localiser's square within which its middle is to be of the joints' middle."""
_ENOUGH = 4
"""Joints that must be marked for their middle to be the diver's."""
LABELS = Path(__file__).with_name("real_dive_84_15.json")


@dataclass(frozen=True)
class MarkedFrame:
    """A frame's number and its joints by name, shares of the picture."""

    number: int
    joints: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class MarkedClip:
    """A clip's file name, the size of its pictures, and its marked frames in order."""

    name: str
    width: int
    height: int
    frames: tuple[MarkedFrame, ...]

    @property
    def aspect(self) -> float:
        """Width by height."""
        return self.width / self.height


def read_marked_clip(path: Path = LABELS) -> MarkedClip:
    """The clip of a label file: `clip`, `width`, `height` and `frames` of `frame` and `joints` in pixels."""
    document = json.loads(path.read_text(encoding="utf-8"))
    size = np.array([document["width"], document["height"]], dtype=np.float64)
    frames = tuple(
        MarkedFrame(entry["frame"], {name: np.array(place) / size for name, place in entry["joints"].items()})
        for entry in document["frames"]
    )
    return MarkedClip(document["clip"], document["width"], document["height"], frames)


def marked_pictures(clip: MarkedClip, video: Path, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """The marked frames of the clip's file as the network takes them, uint8 RGB [N, H, W, 3]."""
    import av

    wanted = {frame.number for frame in clip.frames}
    size = (preprocessing.width, preprocessing.height)
    with av.open(str(video)) as container:
        decoded = {
            number: frame.to_ndarray(format="rgb24")
            for number, frame in enumerate(container.decode(video=0))
            if number in wanted
        }
    pictures = [cv2.resize(decoded[frame.number], size, interpolation=cv2.INTER_AREA) for frame in clip.frames]
    return np.stack(pictures).astype(np.uint8)


def measure_skeletons(
    network: MiniNetwork, preprocessing: Preprocessing, clip: MarkedClip, pictures: NDArray[np.uint8]
) -> dict[str, float]:
    """`skeleton_figures` of the network on the marked `pictures`, in crops that it chooses itself.

    Raises ValueError where it has no estimator for skeletons.
    """
    frames, every = torch.from_numpy(pictures), torch.arange(len(pictures))
    with torch.inference_mode():
        localisation = network.pose.localise(frames, preprocessing)
        boxes = tight_boxes(localisation, every, torch.tensor([clip.aspect]))
        seen = network.pose.estimate_skeletons(frames, boxes, preprocessing)
    if seen is None:
        raise ValueError("The network has no estimator for skeletons.")
    return skeleton_figures(clip, localisation, boxes, PoseValues.of(seen.values))


def skeleton_figures(clip: MarkedClip, localisation: Localisation, boxes: Tensor, seen: PoseValues) -> dict[str, float]:
    """Of what was seen in `boxes` [N, 4] (see `crop`) of the N marked frames.

    `joints`: the share found; `joint_error`: the median, half sides of the crop; `lean_error`: the trunk's median,
    degrees; `localised`: the share of frames whose diver was.
    """
    stretch = np.array([clip.aspect, 1.0])
    off, centred, leans = [], [], []
    for index, frame in enumerate(clip.frames):
        if len(frame.joints) >= _ENOUGH:
            places = np.stack(list(frame.joints.values()))
            middle = 0.5 * (places.min(axis=0) + places.max(axis=0))
            away = (localisation.position[index].numpy() - middle) * stretch / float(localisation.reach[index].exp())
            centred.append(float(np.hypot(*away)) < _CENTRED)
        place, half = boxes[index, :2].numpy(), float(boxes[index, 2])
        marked = {name: (joint - place) * stretch / half for name, joint in frame.joints.items()}
        for name, joint in marked.items():
            off.append(float(np.hypot(*(seen.joints[index, JOINTS.index(name)].numpy() - joint))))
        if "chest" in marked and "hip" in marked:
            trunk = marked["chest"] - marked["hip"]
            sine, cosine = seen.lean[index].tolist()
            turned = np.arctan2(sine, cosine) - np.arctan2(trunk[0], -trunk[1])
            leans.append(abs(np.degrees((turned + np.pi) % (2 * np.pi) - np.pi)))
    return {
        "joints": round(float(np.mean(np.array(off) < NEAR)), 4),
        "joint_error": round(float(np.median(off)), 4),
        "lean_error": round(float(np.median(leans)), 2),
        "localised": round(float(np.mean(centred)), 4),
    }
