"""Batches of what the shipped network learns from: single frames, what was seen of clips, and, of real dives, clips.

Each draws from (seed, step) alone and packs its inputs into one tensor, as the loop asks; the modules here unpack them.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from divescore.lab.datasets.dataset import Dataset
from divescore.lab.datasets.frame_labels import FRAME_LABEL, PHASES
from divescore.lab.rendering.camera import Picture
from divescore.lab.training.augment import Crop, augmented
from divescore.lab.training.inputs import half_size, square_crop
from divescore.lab.training.loop import Batch, made_ahead
from divescore.lab.training.losses import into_squares
from divescore.scoring.mini.features import assemble_features
from divescore.scoring.mini.network import MiniNetwork, PoseModel, choose_crops
from divescore.scoring.mini.pose import CROP_SIZE, FramePose, combine
from divescore.scoring.mini.preprocessing import Preprocessing, normalise
from divescore.scoring.mini.temporal import Outputs, TemporalModel

_SHIFT, _GROW = 0.1, 0.12
"""Deviation of the crops that the pose estimator learns from, in reaches and as a logarithm: as the localiser errs."""
_FLOATS = 2
_FRAMES_OF_EACH = 4


class FrameBatches:
    """Single frames, a few of each of some clips: the whole frame small, and the square about the diver."""

    def __init__(self, dataset: Dataset, clips: int, seed: int) -> None:
        self._dataset, self._clips, self._seed = dataset, clips, seed

    def __call__(self, step: int) -> Batch:
        """uint8 [N, small picture and square], float32 [N, len(FRAME_LABELS)]."""
        rng = np.random.default_rng([self._seed, 6, step])
        inputs, labels, windows = [], [], []
        for clip in rng.integers(0, len(self._dataset), self._clips):
            crop = Crop.draw(rng)
            worth = worth_of(self._dataset.frame_labels[clip])
            frames = rng.choice(len(worth), _FRAMES_OF_EACH, replace=False, p=worth / worth.sum())
            pictures = augmented(cropped_clip(self._dataset, int(clip), crop, frames), rng)
            aspect = float(self._dataset.aspects[clip])
            told = crop.frame_labels(self._dataset.frame_labels[clip, frames])
            for picture, label in zip(pictures, told, strict=True):
                window = _window(label, aspect, rng)
                inputs.append(_pack_frame(picture, window))
                labels.append(label)
                windows.append(window)
        about = torch.from_numpy(np.stack(windows))
        moved = into_squares(torch.from_numpy(np.stack(labels)), about[:, :2], about[:, 2], about[:, 3])
        return torch.from_numpy(np.stack(inputs)), moved


def worth_of(labels: NDArray[np.float32]) -> NDArray[np.float64]:
    """How often to show each frame of a clip [T]: flight and entry decide, the approach teaches little."""
    phase = labels[:, FRAME_LABEL["phase"]]
    entering = (phase == PHASES.index("water")) & (labels[:, FRAME_LABEL["body_seen"]] > 0.5)
    splashing = labels[:, FRAME_LABEL["splash_seen"]] > 0.5
    worth = np.where(phase == PHASES.index("flight"), 1.0, np.where(splashing, 0.5, 0.3))
    return np.where(entering, 1.5, worth)


def _window(labels: NDArray[np.float32], aspect: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A square as the localiser might place it: x, y, reach and the film's aspect."""
    if labels[FRAME_LABEL["present"]] > 0.5:
        shift = rng.normal(0.0, _SHIFT, 2)
        reach = labels[FRAME_LABEL["reach"]] * np.exp(rng.normal(0.0, _GROW))
        x, y = labels[FRAME_LABEL["x"]] + shift[0] * reach / aspect, labels[FRAME_LABEL["y"]] + shift[1] * reach
    else:
        x, y, reach = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), rng.uniform(0.12, 0.4)
    return np.array([x, y, reach, aspect], dtype=np.float32)


def _pack_frame(picture: NDArray[np.uint8], window: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.concatenate((half_size(picture).ravel(), square_crop(picture, *map(float, window)).ravel()))


class FrameTraining(nn.Module):
    """Localiser and pose estimator apart, each on what `FrameBatches` cut out for it."""

    def __init__(self, pose: PoseModel, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.pose = pose
        self._preprocessing = preprocessing

    def forward(self, inputs: Tensor) -> FramePose:
        """What is seen in packed frames."""
        count = len(inputs)
        squares = inputs[:, -CROP_SIZE * CROP_SIZE * 3 :].view(count, 1, CROP_SIZE, CROP_SIZE, 3)
        height, width = self._preprocessing.height // 2, self._preprocessing.width // 2
        small = inputs[:, : -CROP_SIZE * CROP_SIZE * 3].view(count, 1, height, width, 3)
        located = self.pose.localiser(normalise(small, self._preprocessing).squeeze(1))
        return combine(located, self.pose.estimator(normalise(squares, self._preprocessing).squeeze(1)))


class FeatureBatches:
    """What the trained pose model sees of whole clips, for the temporal model to learn from.

    `extract` gives float16 [V, N, T, INPUTS], each clip seen in V ways; it takes minutes, and is called only when there
    is a step left to do.
    """

    def __init__(
        self, extract: Callable[[], NDArray[np.float16]], labels: NDArray[np.float32], size: int, seed: int
    ) -> None:
        self._extract, self._labels, self._size, self._seed = extract, labels, size, seed

    @cached_property
    def _features(self) -> NDArray[np.float16]:
        return self._extract()

    def __call__(self, step: int) -> Batch:
        """float16 [B, T, INPUTS], float32 [B, len(LABELS)]."""
        rng = np.random.default_rng([self._seed, 7, step])
        ways, count, length = self._features.shape[:3]
        clips = rng.integers(0, count, self._size)
        chosen = np.stack([self._features[rng.integers(ways), clip, retimed(length, rng)] for clip in clips])
        return torch.from_numpy(chosen), torch.from_numpy(self._labels[clips])


class ClipBatches:
    """Whole clips with their labels."""

    def __init__(self, dataset: Dataset, size: int, seed: int) -> None:
        self._dataset, self._size, self._seed = dataset, size, seed

    def __call__(self, step: int) -> Batch:
        """uint8 [B, frames, aspect, seconds], float32 [B, len(LABELS)]."""
        rng = np.random.default_rng([self._seed, 8, step])
        chosen = rng.integers(0, len(self._dataset), self._size)
        packed = np.stack([self._draw(int(clip), rng) for clip in chosen])
        return torch.from_numpy(packed), torch.from_numpy(self._dataset.labels[chosen])

    def _draw(self, clip: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        dataset = self._dataset
        crop, order = Crop.draw(rng), retimed(dataset.shape.frames, rng)
        frames = augmented(cropped_clip(dataset, clip, crop, order), rng)
        floats = np.array([dataset.aspects[clip], dataset.seconds[clip]], dtype=np.float32)
        return np.concatenate((frames.ravel(), floats.view(np.uint8)))


class ClipTraining(nn.Module):
    """The whole network on whole clips; its convolutions' norms stay as they are, for a batch holds few clips."""

    def __init__(self, network: MiniNetwork, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.network = network
        self._preprocessing = preprocessing

    def train(self, mode: bool = True) -> "ClipTraining":
        """Training mode, but for the norms of the convolutions."""
        super().train(mode)
        for module in self.network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, inputs: Tensor) -> Outputs:
        """What the network says of packed clips."""
        wanted = self._preprocessing
        pictures = inputs[:, : -4 * _FLOATS].view(len(inputs), wanted.frames, wanted.height, wanted.width, 3)
        floats = inputs[:, -4 * _FLOATS :].contiguous().view(torch.float32)
        outputs: Outputs = self.network(pictures, floats[:, 0], floats[:, 1], wanted)
        return outputs


def retimed(length: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which frames to show: a little less of the start and the end, now and then with a stutter."""
    if rng.random() < 0.4:
        return np.arange(length)
    places = np.linspace(rng.uniform(0.0, 0.05), rng.uniform(0.93, 1.0), length) * (length - 1)
    if rng.random() < 0.2:
        places += rng.normal(0.0, 0.3, length)
    return np.clip(np.round(places), 0, length - 1).astype(np.int64)


def cropped_clip(dataset: Dataset, clip: int, crop: Crop, order: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Frames of a clip in an order, each within a crop; those shown twice are read once."""
    read = {int(frame): crop.picture(dataset.frame(clip, int(frame))) for frame in np.unique(order)}
    return np.stack([read[int(frame)] for frame in order])


def extract_features(
    pose: PoseModel, dataset: Dataset, preprocessing: Preprocessing, seed: int, bfloat16: bool, ways: int
) -> NDArray[np.float16]:
    """What `pose` sees of each clip, changed in so many ways as in training: float16 [ways, N, T, INPUTS]."""
    pose.eval()
    seen = np.empty((ways, len(dataset), dataset.shape.frames, TemporalModel.INPUTS), dtype=np.float16)
    every = np.arange(dataset.shape.frames)

    def read(place: int) -> tuple[int, int, NDArray[np.uint8]]:
        way, clip = divmod(place, len(dataset))
        rng = np.random.default_rng([seed, 9, clip, way])
        return way, clip, augmented(cropped_clip(dataset, clip, Crop.draw(rng), every), rng)

    def shown(views: list[Picture]) -> Tensor:
        return normalise(torch.from_numpy(np.stack(views))[None], preprocessing)[0]

    with torch.inference_mode(), made_ahead(read, 0, ways * len(dataset)) as clips:
        for way, clip, frames in clips:
            aspects = torch.from_numpy(dataset.aspects[clip : clip + 1])
            seconds = torch.from_numpy(dataset.seconds[clip : clip + 1])
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                located = pose.localiser(shown([half_size(picture) for picture in frames]))
                chosen, windows = choose_crops(located, aspects)
                looked_at = zip(chosen.tolist(), windows.tolist(), strict=True)
                squares = shown([square_crop(frames[frame], *window) for frame, window in looked_at])
                found = combine(located, pose.estimator(squares), chosen)
            arranged = assemble_features(found, aspects, seconds)[0]
            seen[way, clip] = functional.hardtanh(arranged.float(), -6e4, 6e4).numpy()
    return seen
