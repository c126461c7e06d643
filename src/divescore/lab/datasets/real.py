"""Real dives as the shipped network takes them, with what their labels tell; none of their frames is labelled."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from divescore.dives import Position, Rotation, name_dive
from divescore.judging import MAX_EXECUTION
from divescore.lab.datasets.dataset import ClipShape, Dataset, encode_frame
from divescore.lab.datasets.frame_labels import FRAME_LABEL, FRAME_LABELS, UNKNOWN
from divescore.lab.datasets.labels import dive_labels
from divescore.lab.datasets.mtlaqa import DIVE_FRAMES, LabelledDive, RealDives, read_frame
from divescore.lab.progress import OnProgress

FRAMES_A_SECOND = 25.0
"""Of the published videos, nearly."""
_POSITIONS = (Position.FREE, Position.PIKE, Position.TUCK)
_ROTATIONS = (Rotation.BACK, Rotation.FORWARD, Rotation.INWARD, Rotation.REVERSE)
_QUALITY = 92


def real_dataset(dives: Sequence[LabelledDive], data: RealDives, shape: ClipShape, on_progress: OnProgress) -> Dataset:
    """Frames spread over each dive's last `DIVE_FRAMES`."""
    encoded: list[NDArray[np.uint8]] = []
    aspects = []
    for index, dive in enumerate(dives):
        paths = data.paths(dive, DIVE_FRAMES)
        for place in np.linspace(0, DIVE_FRAMES - 1, shape.frames).round().astype(int):
            picture = read_frame(paths[place])
            encoded.append(encode_frame(picture, shape, _QUALITY))
        aspects.append(picture.shape[1] / picture.shape[0])
        on_progress("reading", (index + 1) / len(dives), f"{index + 1} of {len(dives)} dives")
    labels = np.stack([labels_of(dive) for dive in dives])
    frame_labels = np.zeros((len(dives), shape.frames, len(FRAME_LABELS)), dtype=np.float32)
    frame_labels[:, :, FRAME_LABEL["present"]] = UNKNOWN
    identity = hashlib.sha256(repr([(d.name, d.end_frame, shape) for d in dives]).encode() + labels.tobytes())
    return Dataset(
        shape,
        identity.hexdigest()[:16],
        frames=np.concatenate(encoded),
        offsets=np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        labels=labels,
        frame_labels=frame_labels,
        aspects=np.array(aspects, dtype=np.float32),
        seconds=np.full(len(dives), DIVE_FRAMES / FRAMES_A_SECOND, dtype=np.float32),
    )


def labels_of(dive: LabelledDive) -> NDArray[np.float32]:
    """Labels of a real dive in the order of LABELS."""
    classes = dive.classes
    named = name_dive(
        _POSITIONS[classes["position"]],
        bool(classes["armstand"]),
        _ROTATIONS[classes["rotation_type"]],
        classes["ss_no"],
        classes["tw_no"],
    )
    return dive_labels(named, min(dive.score / dive.difficulty, MAX_EXECUTION), dive.difficulty)
