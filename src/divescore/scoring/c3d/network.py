"""C3D-AVG(-MTL): the published network for the score of a dive, and the classifier of its gate.

Features of clips of 16 frames are averaged over the video; a hidden layer and a regressor make the score of them, and
further heads name the dive (Parmar and Morris, "What and How Well You Performed?", CVPR 2019). The trunk is C3D (Tran
et al., ICCV 2015). The classifier is C3D as trained on Sports-1M, of whose 487 classes one is diving.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

CLIP = 16
"""Frames of a clip."""
SIZE = 112
"""Width and height of a frame."""
WIDTH = 64
HIDDEN = 4096
CLASS_HEADS = {"position": 3, "armstand": 2, "rot_type": 4, "ss_no": 10, "tw_no": 8}
"""Classes by head, under the names of the published checkpoints."""
SPORTS = 487
DIVING = 463
"""Sports-1M's class of platform and springboard diving."""


@dataclass(frozen=True)
class C3dShape:
    """How wide the network is; the published one is the default."""

    width: int = WIDTH
    """Channels of the first convolution; the others have 2, 4 and 8 times as many."""
    hidden: int = HIDDEN
    """Units of fc6 (and fc7)."""
    sports: int = SPORTS
    """Classes of the gate's classifier."""

    @property
    def features(self) -> int:
        """Length of a clip's features."""
        return 8 * self.width * 4 * 4


@dataclass(frozen=True)
class C3dOutputs:
    """What C3D-AVG says of a batch of videos."""

    score: Tensor
    """[B] the regressor's output; the manifest's scale makes points of it."""
    classes: dict[str, Tensor] = field(default_factory=dict)
    """Logits [B, classes] by head; empty without dive-class heads."""


class C3dTrunk(nn.Module):
    """Eight convolutions with ReLU and five poolings: [B, 3, 16, 112, 112] to features [B, 128 x width]."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, width, 3, padding=1)
        self.conv2 = nn.Conv3d(width, 2 * width, 3, padding=1)
        self.conv3a = nn.Conv3d(2 * width, 4 * width, 3, padding=1)
        self.conv3b = nn.Conv3d(4 * width, 4 * width, 3, padding=1)
        self.conv4a = nn.Conv3d(4 * width, 8 * width, 3, padding=1)
        self.conv4b = nn.Conv3d(8 * width, 8 * width, 3, padding=1)
        self.conv5a = nn.Conv3d(8 * width, 8 * width, 3, padding=1)
        self.conv5b = nn.Conv3d(8 * width, 8 * width, 3, padding=1)

    def forward(self, clips: Tensor) -> Tensor:
        """Run the trunk; the features keep the order channel, row, column, whatever the memory format."""
        x = functional.max_pool3d(functional.relu(self.conv1(clips)), (1, 2, 2))
        x = functional.max_pool3d(functional.relu(self.conv2(x)), 2)
        x = functional.relu(self.conv3b(functional.relu(self.conv3a(x))))
        x = functional.max_pool3d(x, 2)
        x = functional.relu(self.conv4b(functional.relu(self.conv4a(x))))
        x = functional.max_pool3d(x, 2)
        x = functional.relu(self.conv5b(functional.relu(self.conv5a(x))))
        x = functional.max_pool3d(x, 2, padding=(0, 1, 1))
        return x.contiguous().flatten(1)


class C3dAvg(nn.Module):
    """C3D-AVG: trunk, average over clips, fc6, score regressor and, if asked for, dive-class heads."""

    def __init__(self, shape: C3dShape | None = None, heads: bool = True, dropout: float = 0.5) -> None:
        super().__init__()
        shape = shape or C3dShape()
        self.trunk = C3dTrunk(shape.width)
        self.fc6 = nn.Linear(shape.features, shape.hidden)
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(shape.hidden, 1)
        sizes = CLASS_HEADS if heads else {}
        self.heads = nn.ModuleDict({name: nn.Linear(shape.hidden, size) for name, size in sizes.items()})

    def forward(self, clips: Tensor) -> C3dOutputs:
        """Normalised RGB [B, N, 3, 16, 112, 112], N clips of each video."""
        batch, count = clips.shape[:2]
        features = self.trunk(clips.flatten(0, 1)).view(batch, count, -1)
        return self.score_features(features.mean(dim=1))

    def score_features(self, average: Tensor) -> C3dOutputs:
        """Average features [B, 128 x width] to the outputs."""
        hidden = self.dropout(functional.relu(self.fc6(average)))
        return C3dOutputs(self.score(hidden).squeeze(1), {name: head(hidden) for name, head in self.heads.items()})

    def shares(self, features: Tensor) -> Tensor:
        """Parts of the score by clip, [N] for features [N, 128 x width] of one video; they add up to `score`.

        The hidden units that the average switches on make the score a linear function of the features, so each clip's
        part is what its own features bring in by that function; the constant is spread evenly.
        """
        with torch.no_grad():
            count = features.shape[0]
            hidden = self.fc6(features.mean(dim=0))
            active = torch.where(hidden > 0, self.score.weight[0], 0.0)
            constant = active @ self.fc6.bias + self.score.bias[0]
            return (features @ (active @ self.fc6.weight) + constant) / count


class SportsClassifier(nn.Module):
    """C3D as trained on Sports-1M: one clip [B, 3, 16, 112, 112] to logits [B, sports]."""

    def __init__(self, shape: C3dShape | None = None) -> None:
        super().__init__()
        shape = shape or C3dShape()
        self.trunk = C3dTrunk(shape.width)
        self.fc6 = nn.Linear(shape.features, shape.hidden)
        self.fc7 = nn.Linear(shape.hidden, shape.hidden)
        self.fc8 = nn.Linear(shape.hidden, shape.sports)

    def forward(self, clips: Tensor) -> Tensor:
        """Run the classifier."""
        hidden = functional.relu(self.fc6(self.trunk(clips)))
        logits: Tensor = self.fc8(functional.relu(self.fc7(hidden)))
        return logits
