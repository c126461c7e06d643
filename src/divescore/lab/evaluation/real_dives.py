"""From real dives and initial weights to a weights folder, and what a folder's model makes of real dives."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from divescore import __version__
from divescore.lab.datasets.mtlaqa import RealDives, read_dives
from divescore.lab.errors import DataInvalid
from divescore.lab.training.c3d import LENGTH, C3dSettings, fit_c3d, read_c3d
from divescore.lab.training.fine_tuning import TuningSettings, measure, tune
from divescore.lab.training.folders import write_folder
from divescore.lab.training.loop import OnProgress, Running
from divescore.lab.training.mini import WEIGHTS, load_network
from divescore.scoring.c3d.manifest import SCORE_HEAD, SCORE_TRUNK, C3dNetwork
from divescore.scoring.c3d.network import C3dAvg, C3dShape
from divescore.scoring.commands import default_weights
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import IntervalScaling, Manifest, read_manifest, sha256_of
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.weights.checkpoints import read_checkpoint
from divescore.scoring.weights.folder import Identity, write_network

TRAINED_ON = "MTL-AQA"
LEVEL = 0.9
MINI, C3D = "mini-focus", "c3d-avg"


@dataclass(frozen=True)
class Choices:
    """What the user may choose; None leaves an architecture's own default."""

    seed: int = 0
    epochs: int | None = None
    batch: int | None = None
    rate: float | None = None

    def over(self, defaults: Any) -> Any:
        """The settings `defaults` with what was chosen."""
        return replace(defaults, **{name: value for name, value in asdict(self).items() if value is not None})


def train_on_real(
    architecture: str,
    out: Path,
    folder: Path,
    source: Path | None,
    choices: Choices,
    running: Running,
    command: str,
    on_progress: OnProgress,
) -> Manifest:
    """Train `architecture` on the data folder `folder` and write the weights folder `out`.

    Raises WeightsInvalid and TrainingError.
    """
    data, training = _read(folder), {"command": command, "trainedWith": __version__}
    if architecture == C3D:
        return train_c3d(out, data, source, choices.over(C3dSettings()), running, training, on_progress)
    start = source or default_weights()
    return train_mini(out, data, start, choices.over(TuningSettings()), running, training, on_progress)


def train_c3d(
    out: Path,
    data: RealDives,
    source: Path | None,
    settings: C3dSettings,
    running: Running,
    training: dict[str, Any],
    on_progress: OnProgress,
) -> Manifest:
    """Train `c3d-avg` from `source`, as `initial_c3d` takes it, and write its folder; raises WeightsInvalid."""
    network, origin = initial_c3d(source, settings.seed)
    rest, held = data.held_out()
    fit_c3d(network, rest, settings, running, on_progress, origin)
    factor = read_c3d(network, data, held, running.device, on_progress).interval_factor(LEVEL)
    figures = read_c3d(network, data, data.test, running.device, on_progress).figures()
    identity = Identity(
        id="c3d-avg-trained",
        trained_on=TRAINED_ON,
        training={**training, "from": origin, **asdict(settings)},
        figures={"on": f"{len(data.test)} real dives, the published test split", **figures},
        interval=IntervalScaling(level=LEVEL, factor=max(factor, 1e-4), difficulty_margin=0.0),
    )
    return write_network(out, network, identity)


def initial_c3d(source: Path | None, seed: int) -> tuple[C3dAvg, str]:
    """A network of a weights folder, or with the trunk of a checkpoint file, or at random; and a name of its weights.

    Raises WeightsInvalid when `source` is neither.
    """
    torch.manual_seed(seed)
    if source is None:
        return C3dAvg(), "random"
    if source.is_dir():
        manifest = read_manifest(source)
        return load_c3d(source, manifest), manifest.sha256
    tensors = read_checkpoint(source)
    try:
        network = C3dAvg(C3dShape(width=len(tensors["conv1.weight"])))
        network.trunk.load_state_dict({name: tensors[name] for name in network.trunk.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise WeightsInvalid(f"{source} holds no trunk of C3D: {error}.") from error
    return network, sha256_of(source)


def load_c3d(folder: Path, manifest: Manifest) -> C3dAvg:
    """The exact network of a weights folder of `c3d-avg`; raises WeightsInvalid."""
    if manifest.architecture != C3D:
        raise WeightsInvalid(f"{folder} holds {manifest.architecture}, not {C3D}.")
    described = manifest.network_as(C3dNetwork)
    network = C3dAvg(described.shape, heads=described.classes)
    trunk = {f"trunk.{name}": value.float() for name, value in load_file(folder / SCORE_TRUNK).items()}
    network.load_state_dict(trunk | {name: value.float() for name, value in load_file(folder / SCORE_HEAD).items()})
    return network


def train_mini(
    out: Path,
    data: RealDives,
    source: Path,
    settings: TuningSettings,
    running: Running,
    training: dict[str, Any],
    on_progress: OnProgress,
) -> Manifest:
    """Train the shipped model of the folder `source` further and write its folder; raises WeightsInvalid."""
    manifest = read_manifest(source)
    network = load_network(source, manifest)
    wanted = manifest.preprocessing_as(Preprocessing)
    tuned = tune(network, wanted, data, settings, running, on_progress, manifest.sha256, LEVEL)
    return write_folder(
        out,
        {WEIGHTS: network.state_dict()},
        id=f"{manifest.id}-tuned",
        version=manifest.version,
        architecture=manifest.architecture,
        preprocessing=manifest.preprocessing,
        execution_scale=manifest.execution_scale,
        interval=IntervalScaling(level=LEVEL, factor=tuned.factor, difficulty_margin=tuned.difficulty_margin),
        gate=manifest.gate,
        trained_on=f"{manifest.trained_on}, then {TRAINED_ON}",
        training={**training, "from": manifest.sha256, **asdict(settings)},
        figures={"on": f"{len(data.test)} real dives, the published test split", **tuned.figures},
    )


def measure_on_real(
    folder: Path, manifest: Manifest, data: Path, device: str, on_progress: OnProgress
) -> tuple[str, dict[str, Any]]:
    """On what, and figures of a weights folder's model on the test dives of a data folder.

    Raises WeightsInvalid and TrainingError.
    """
    dives = _read(data)
    where = f"{len(dives.test)} real dives of the test split"
    return where, measure_folder(folder, manifest, dives, device, on_progress)


def _read(folder: Path) -> RealDives:
    data = read_dives(folder)
    data.check(LENGTH)
    if len({dive.score for dive in data.test}) < 2:
        raise DataInvalid(f"The test split of {folder} needs dives of different scores.")
    return data


def measure_folder(
    folder: Path, manifest: Manifest, data: RealDives, device: str, on_progress: OnProgress
) -> dict[str, Any]:
    """Figures of a folder's model on the test dives; raises WeightsInvalid and TrainingError."""
    if manifest.architecture == C3D:
        return read_c3d(load_c3d(folder, manifest), data, data.test, device, on_progress).figures()
    wanted = manifest.preprocessing_as(Preprocessing)
    return measure(load_network(folder, manifest), wanted, data, manifest.interval.factor, on_progress)
