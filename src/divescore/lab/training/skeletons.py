"""Training of the estimator for skeletons: on rendered dives, and on bodies of skin before anything at all.

`python -m divescore.lab.training.skeletons WEIGHTS` trains one for the model of the folder WEIGHTS and writes it there,
beside all else, which stays as it is; `divescore.lab.training.calibrate` is to follow. It needs the extra `training`.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from divescore.lab.datasets.dataset import ClipShape, Dataset
from divescore.lab.datasets.frame_labels import FRAME_LABEL, PHASES
from divescore.lab.datasets.labels import LABEL
from divescore.lab.datasets.rendered import clip_seeds, rendered_dataset
from divescore.lab.evaluation.networks import MINI_WEIGHTS
from divescore.lab.progress import OnProgress, PrintedProgress
from divescore.lab.rendering.camera import Picture
from divescore.lab.training.augment import Crop, augmented
from divescore.lab.training.batches import cropped_clip, worth_of
from divescore.lab.training.body_frames import BodyFrames
from divescore.lab.training.body_library import BodyLibrary, body_library
from divescore.lab.training.inputs import square_crop
from divescore.lab.training.loop import Batch, LoopSettings, RunOptions, fit
from divescore.lab.training.losses import into_squares, pose_loss
from divescore.lab.training.photograph_features import begin_with_photographs
from divescore.scoring.manifest import MANIFEST, Manifest, WeightFile, read_manifest, sha256_of
from divescore.scoring.mini.network import STORED_NAMES
from divescore.scoring.mini.pose import PoseValues
from divescore.scoring.mini.preprocessing import Preprocessing, normalise
from divescore.scoring.mini.skeleton import SkeletonEstimator

_SHIFT, _STRAY, _GROW = 0.1, 0.22, 0.12
"""Deviation of the crops, in reaches and as a logarithm, as the localiser errs on rendered films and on real ones."""
_TIGHT = 0.7
"""Size of most crops about divers in flight."""
_FRAMES_OF_EACH = 4
_STORED = STORED_NAMES["pose.skeleton."]


@dataclass(frozen=True)
class SkeletonSettings:
    """What determines a trained estimator, together with the code."""

    seed: int = 1
    clips: int = 8000
    bodies: int = 6000
    """Bodies of skin that are drawn."""
    steps: int = 4000
    """Of four frames of each of `shown_clips` clips and of `shown_bodies` bodies."""
    shown_clips: int = 5
    shown_bodies: int = 52
    rate: float = 1e-3


class CropBatches:
    """Crops about divers: in frames of rendered clips, and about bodies before anything at all."""

    def __init__(self, dataset: Dataset, bodies: BodyFrames, settings: SkeletonSettings) -> None:
        self._dataset, self._bodies, self._settings = dataset, bodies, settings
        self._dives = np.flatnonzero(dataset.labels[:, LABEL["is_dive"]] > 0.5)

    def __call__(self, step: int) -> Batch:
        """uint8 [N, CROP_SIZE, CROP_SIZE, 3], float32 [N, len(FRAME_LABELS)] as moved into the crops."""
        rng = np.random.default_rng([self._settings.seed, 6, step])
        # Films that are no dives have nothing to teach about poses.
        chosen = rng.choice(self._dives, self._settings.shown_clips)
        drawn = [frame for clip in chosen for frame in _frames(self._dataset, int(clip), rng)]
        for _ in range(self._settings.shown_bodies):
            aspect = 4 / 3 if rng.random() < 0.65 else 16 / 9
            drawn.append((*self._bodies.draw(rng, aspect), aspect))
        squares, windows = [], []
        for picture, label, aspect in drawn:
            window = _window(label, aspect, rng)
            squares.append(square_crop(picture, *map(float, window)))
            windows.append(window)
        about = torch.from_numpy(np.stack(windows))
        labels = torch.from_numpy(np.stack([label for _, label, _ in drawn]))
        return torch.from_numpy(np.stack(squares)), into_squares(labels, about[:, :2], about[:, 2], about[:, 3])


def _frames(dataset: Dataset, clip: int, rng: np.random.Generator) -> list[tuple[Picture, NDArray[np.float32], float]]:
    """A few frames of a clip, changed as by a camera, each with its labels and the film's aspect."""
    crop = Crop.draw(rng)
    worth = worth_of(dataset.frame_labels[clip])
    chosen = rng.choice(len(worth), _FRAMES_OF_EACH, replace=False, p=worth / worth.sum())
    pictures = augmented(cropped_clip(dataset, clip, crop, chosen), rng)
    told = crop.frame_labels(dataset.frame_labels[clip, chosen])
    return [(picture, label, float(dataset.aspects[clip])) for picture, label in zip(pictures, told, strict=True)]


def _window(labels: NDArray[np.float32], aspect: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A crop as the localiser might place it: x, y, reach and the film's aspect."""
    if labels[FRAME_LABEL["present"]] > 0.5:
        stray = rng.random() < 0.4
        shift = rng.normal(0.0, _STRAY if stray else _SHIFT, 2)
        if stray and rng.random() < 0.2:
            # Now and then the localiser sees somebody else in the diver.
            shift *= 2.0
        flying = labels[FRAME_LABEL["phase"]] != PHASES.index("water")
        size = _TIGHT if flying and not stray else 1.0
        whole = labels[FRAME_LABEL["reach"]]
        reach = whole * size * np.exp(rng.normal(0.0, _GROW))
        x, y = labels[FRAME_LABEL["x"]] + shift[0] * whole / aspect, labels[FRAME_LABEL["y"]] + shift[1] * whole
    else:
        x, y, reach = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), rng.uniform(0.12, 0.4)
    return np.array([x, y, reach, aspect], dtype=np.float32)


class SkeletonTraining(nn.Module):
    """The estimator on what `CropBatches` gives; what its first stages know of photographs stays as it is."""

    def __init__(self, estimator: SkeletonEstimator, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.estimator = estimator
        self._preprocessing = preprocessing
        estimator.first.requires_grad_(False)

    def train(self, mode: bool = True) -> "SkeletonTraining":
        """Training mode, but for the norms of the stages that are not trained."""
        super().train(mode)
        self.estimator.first.eval()
        return self

    def forward(self, squares: Tensor) -> PoseValues:
        """What is seen in them."""
        return PoseValues.of(self.estimator(normalise(squares[None], self._preprocessing)[0]).values)


def fit_skeletons(
    dataset: Dataset,
    library: BodyLibrary,
    preprocessing: Preprocessing,
    settings: SkeletonSettings,
    options: RunOptions,
    on_progress: OnProgress,
) -> SkeletonEstimator:
    """An estimator fitted to rendered clips and bodies; the same on the same machine for the same settings."""
    torch.manual_seed(settings.seed)
    estimator = SkeletonEstimator()
    begin_with_photographs(estimator)
    fit(
        SkeletonTraining(estimator, preprocessing),
        CropBatches(dataset, BodyFrames(library, dataset), settings),
        pose_loss,
        LoopSettings(steps=settings.steps, seed=settings.seed, rate=settings.rate, decay=0.02, average=0.998),
        options,
        on_progress,
        identity={"data": dataset.identity, "bodies": library.identity, **asdict(settings)},
    )
    return estimator


def add_skeletons(folder: Path, estimator: SkeletonEstimator, about: dict[str, object]) -> Manifest:
    """Write a trained estimator into a weights folder, in the place of the one that it may have."""
    manifest = read_manifest(folder)
    path = folder / MINI_WEIGHTS
    kept = {name: tensor for name, tensor in load_file(path).items() if not name.startswith(_STORED)}
    own = {f"{_STORED}{name}": tensor.detach().contiguous() for name, tensor in estimator.state_dict().items()}
    # Another file: what is mapped into somebody's memory stays whole.
    written = path.with_suffix(".unfinished")
    save_file(kept | own, written)
    written.chmod(0o644)
    written.replace(path)
    file = WeightFile(name=MINI_WEIGHTS, sha256=sha256_of(path), bytes=path.stat().st_size)
    training = {**manifest.training, "skeletons": about}
    renewed = manifest.model_copy(update={"files": (file,), "training": training})
    document = renewed.model_dump(mode="json", by_alias=True)
    (folder / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return renewed


@click.command()
@click.argument("weights", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Decides all.")
@click.option("--clips", type=click.IntRange(32), default=8000, show_default=True, help="Rendered clips.")
@click.option("--bodies", type=click.IntRange(50), default=6000, show_default=True, help="Bodies of skin to draw.")
@click.option("--steps", type=click.IntRange(1), default=4000, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Crops take a core besides.")
@click.option("--workers", type=click.IntRange(0), default=2, show_default=True, help="Processes that draw; 0: none.")
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/clips"),
    show_default=True,
    help="Folder that keeps clips, bodies and checkpoints.",
)
def main(
    weights: Path, seed: int, clips: int, bodies: int, steps: int, threads: int, workers: int, cache: Path
) -> None:
    """Train an estimator for skeletons for the model of the folder WEIGHTS, and write it there."""
    settings = SkeletonSettings(seed=seed, clips=clips, bodies=bodies, steps=steps)
    preprocessing, on_progress = read_manifest(weights).preprocessing_as(Preprocessing), PrintedProgress()
    dataset = rendered_dataset(clip_seeds(seed, clips), ClipShape.of(preprocessing), cache, workers, on_progress)
    library = body_library(bodies, seed, cache, workers, on_progress)
    options = RunOptions("cpu", threads, cache / "skeletons")
    estimator = fit_skeletons(dataset, library, preprocessing, settings, options, on_progress)
    about = {**asdict(settings), "data": dataset.identity, "library": library.identity}
    click.echo(f"{weights}: sha256 {add_skeletons(weights, estimator, about).sha256[:12]}")


if __name__ == "__main__":
    main()
