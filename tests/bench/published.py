"""How the published scorer works, in our own words: the yardstick for exactness and for speed.

In every call it decodes with OpenCV, stacks the frames one by one, reads the checkpoints anew, and computes in double
precision. Modules are made without the random numbers that its own start from, which is in its favour.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from divescore.scoring.c3d.network import C3dAvg, C3dShape, SportsClassifier

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SCALE = 17.0


@dataclass(frozen=True)
class Answer:
    """What it says of a video."""

    regressor: float
    sport: int | None
    classes: dict[str, list[float]]

    @property
    def score(self) -> float:
        """Points; the published code cuts them down to an integer."""
        return SCALE * self.regressor


def score(video: Path, checkpoints: Path, gate: bool = True, classes: bool = False) -> Answer:
    """The answer to `video` of the `checkpoints` folder."""
    frames = read_frames(video)
    sport = sport_of(frames, checkpoints) if gate else None
    network = _network(checkpoints, classes)
    with torch.no_grad():
        features = torch.empty(0, dtype=torch.float64)
        for first in range(0, frames.shape[2], 16):
            features = torch.cat((features, network.trunk(frames[:, :, first : first + 16])))
        outputs = network.score_features(features.mean(dim=0, keepdim=True))
    named = {name: torch.softmax(logits[0], dim=0).tolist() for name, logits in outputs.classes.items()}
    return Answer(float(outputs.score), sport, named)


def read_frames(video: Path) -> Tensor:
    """All frames, float64 [1, 3, N, 112, 112], padded to more than there are by up to 16."""
    capture = cv2.VideoCapture(str(video))
    stack: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None = None
    while True:
        read, picture = capture.read()
        if not read:
            break
        small = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), (171, 128), interpolation=cv2.INTER_LINEAR)
        middle = torch.from_numpy(small[8:120, 29:141].copy()).permute(2, 0, 1).float() / 255
        normal = (middle - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
        one = normal.unsqueeze(0).numpy()
        stack = one if stack is None else np.vstack((stack, one))
    capture.release()
    assert stack is not None
    stack = np.vstack((stack, np.zeros((16 - len(stack) % 16, 3, 112, 112))))
    return torch.from_numpy(stack).unsqueeze(0).transpose(1, 2).double()


def sport_of(frames: Tensor, checkpoints: Path) -> int:
    """The likeliest of Sports-1M's classes."""
    state = _read(checkpoints / "c3d.pickle")
    shape = C3dShape(state["conv1.weight"].shape[0], state["fc7.weight"].shape[0], state["fc8.weight"].shape[0])
    with torch.device("meta"):
        classifier = SportsClassifier(shape)
    classifier.load_state_dict(
        {(f"trunk.{name}" if name.startswith("conv") else name): value for name, value in state.items()}, assign=True
    )
    places = np.linspace(0, frames.shape[2] - 1, 16, dtype=int)
    clip = torch.zeros((1, 3, 16, 112, 112))
    for to, place in enumerate(places):
        clip[:, :, to] = frames[:, :, place]
    with torch.no_grad():
        logits = classifier.eval()(torch.flip(clip * 255, [1]) * 255)
    return int(logits[0].argmax())


def _network(folder: Path, classes: bool) -> C3dAvg:
    state = {f"trunk.{name}": value for name, value in _read(one(folder, "model_CNN_*.pth")).items()}
    for pattern, before, after in (
        ("model_my_fc6_*.pth", "fc.", "fc6."),
        ("model_score_regressor_*.pth", "fc_final_score.", "score."),
        *([("model_dive_classifier_*.pth", "fc_", "heads.")] if classes else []),
    ):
        state |= {after + name.removeprefix(before): value for name, value in _read(one(folder, pattern)).items()}
    with torch.device("meta"):
        network = C3dAvg(C3dShape(state["trunk.conv1.weight"].shape[0], state["fc6.weight"].shape[0]), heads=classes)
    network.load_state_dict(state, assign=True)
    return network.double().eval()


def one(folder: Path, pattern: str) -> Path:
    """The file of that name, whatever the epoch."""
    (path,) = folder.glob(pattern)
    return path


def _read(path: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state
