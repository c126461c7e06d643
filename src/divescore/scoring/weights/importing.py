"""From published C3D-AVG checkpoints to a weights folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from divescore.scoring.c3d.engine import CONVOLUTIONS
from divescore.scoring.c3d.manifest import (
    GATE_HEAD,
    GATE_TRUNK,
    SCORE_HEAD,
    SCORE_TRUNK,
    C3dNetwork,
    C3dPreprocessing,
)
from divescore.scoring.c3d.network import CLASS_HEADS, C3dShape
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import Manifest
from divescore.scoring.weights.checkpoints import Tensors, chosen, read_checkpoint
from divescore.scoring.weights.folder import Identity, Say, write_folder

Shapes = dict[str, tuple[int, ...]]
_WIDTHS = (1, 2, 4, 4, 8, 8, 8, 8)
_FEATURES_PER_CHANNEL = 16


@dataclass(frozen=True)
class Checkpoints:
    """The files of one training run; the last two may be missing."""

    trunk: Path
    fc6: Path
    regressor: Path
    classifier: Path | None
    gate: Path | None


def find_checkpoints(folder: Path) -> Checkpoints:
    """The checkpoints in `folder`, by their published names whatever the epoch; raises WeightsInvalid."""

    def one(*patterns: str) -> Path | None:
        found = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
        if len(found) > 1:
            raise WeightsInvalid(
                f"{folder} holds {' and '.join(path.name for path in found)}; leave only one of each kind."
            )
        return found[0] if found else None

    needed = {
        "model_CNN_*.pth": one("model_CNN_*.pth"),
        "model_my_fc6_*.pth": one("model_my_fc6_*.pth"),
        "model_score_regressor_*.pth": one("model_score_regressor_*.pth"),
    }
    paths = [path for path in needed.values() if path is not None]
    if len(paths) < len(needed):
        missing = [name for name, path in needed.items() if path is None]
        raise WeightsInvalid(f"{folder} lacks {' and '.join(missing)}.")
    return Checkpoints(paths[0], paths[1], paths[2], one("model_dive_classifier_*.pth"), one("c3d.pickle"))


def import_weights(
    source: Path,
    out: Path,
    half: bool = False,
    int8: bool = True,
    preprocessing: C3dPreprocessing | None = None,
    say: Say = lambda _line: None,
) -> Manifest:
    """Convert the checkpoints in `source` to a weights folder `out`; raises WeightsInvalid.

    See `write_folder` for `half` and `int8`. One checkpoint is in memory at a time.
    """
    files = find_checkpoints(source)
    shape = _shape(files)
    network = C3dNetwork(
        width=shape.width,
        hidden=shape.hidden,
        sports=shape.sports,
        classes=files.classifier is not None,
        gate=files.gate is not None,
    )
    names = [path.name for path in (files.trunk, files.fc6, files.regressor, files.classifier, files.gate) if path]
    identity = Identity(
        training={"importedFrom": names, "storedAs": "float16" if half else "float32"},
        figures={"note": "no figures of these weights are known here; the interval rests on the published correlation"},
    )
    settings = preprocessing or C3dPreprocessing()
    return write_folder(out, _parts(files, shape), network, settings, identity, half, int8, say)


def _shape(files: Checkpoints) -> C3dShape:
    """The network's size, read off the small ends of it."""
    trunk = read_checkpoint(files.trunk)
    width = _rows(trunk, "conv1.weight", files.trunk)
    regressor = read_checkpoint(files.regressor)
    weight = regressor.get("fc_final_score.weight")
    if weight is None or weight.ndim != 2:
        raise WeightsInvalid(f"{files.regressor} lacks fc_final_score.weight.")
    sports = 487 if files.gate is None else _rows(read_checkpoint(files.gate), "fc8.weight", files.gate)
    return C3dShape(width, weight.shape[1], sports)


def _rows(tensors: Tensors, name: str, path: Path) -> int:
    if name not in tensors or not tensors[name].ndim:
        raise WeightsInvalid(f"{path} lacks {name}.")
    return tensors[name].shape[0]


def _parts(files: Checkpoints, shape: C3dShape) -> Iterator[tuple[str, Tensors]]:
    convolutions = _trunk_shapes(shape.width)
    yield SCORE_TRUNK, chosen(read_checkpoint(files.trunk), convolutions, files.trunk)
    yield SCORE_HEAD, _score_head(files, shape)
    if files.gate is None:
        return
    dense = _linear("fc6", shape.features, shape.hidden) | _linear("fc7", shape.hidden, shape.hidden)
    dense |= _linear("fc8", shape.hidden, shape.sports)
    gate = chosen(read_checkpoint(files.gate), convolutions | dense, files.gate)
    yield GATE_TRUNK, {name: gate[name] for name in convolutions}
    yield GATE_HEAD, {name: gate[name] for name in dense}


def _score_head(files: Checkpoints, shape: C3dShape) -> Tensors:
    fc6 = chosen(read_checkpoint(files.fc6), _linear("fc", shape.features, shape.hidden), files.fc6)
    regressor = chosen(read_checkpoint(files.regressor), _linear("fc_final_score", shape.hidden, 1), files.regressor)
    head = {_renamed(name, "fc", "fc6"): value for name, value in fc6.items()}
    head |= {_renamed(name, "fc_final_score", "score"): value for name, value in regressor.items()}
    if files.classifier is not None:
        wanted: Shapes = {}
        for name, size in CLASS_HEADS.items():
            wanted |= _linear(f"fc_{name}", shape.hidden, size)
        classifier = chosen(read_checkpoint(files.classifier), wanted, files.classifier)
        head |= {f"heads.{name.removeprefix('fc_')}": value for name, value in classifier.items()}
    return head


def _renamed(name: str, before: str, after: str) -> str:
    return after + name.removeprefix(before)


def _linear(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _trunk_shapes(width: int) -> Shapes:
    shapes: Shapes = {}
    before = 3
    for name, times in zip(CONVOLUTIONS, _WIDTHS, strict=True):
        shapes |= {f"{name}.weight": (times * width, before, 3, 3, 3), f"{name}.bias": (times * width,)}
        before = times * width
    return shapes
