"""Writing a weights folder of C3D-AVG: safetensors part by part, int8 where it is exact enough, and the manifest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from divescore.scoring.c3d.engine import ROUNDED, ROUNDING, Precision, supported
from divescore.scoring.c3d.loaded import BOUND, LoadedC3d, difference
from divescore.scoring.c3d.manifest import (
    GATE_HEAD,
    GATE_ROUNDED,
    GATE_TRUNK,
    SCALE,
    SCORE_HEAD,
    SCORE_ROUNDED,
    SCORE_TRUNK,
    C3dNetwork,
    C3dPreprocessing,
)
from divescore.scoring.c3d.network import C3dAvg, C3dShape, SportsClassifier
from divescore.scoring.c3d.rounding import halved, rounded
from divescore.scoring.manifest import MANIFEST, DiveGate, IntervalScaling, Manifest, WeightFile, sha256_of

Tensors = dict[str, Tensor]
Say = Callable[[str], None]

PUBLISHED_RANK_CORRELATION = 0.9044
"""Of C3D-AVG-MTL with the judges' scores on MTL-AQA's test split, by its authors."""
_NORMAL_90 = 1.645


@dataclass(frozen=True)
class Identity:
    """What the manifest says of a model beside its network."""

    id: str = "c3d-avg"
    version: str = "1.0.0"
    trained_on: str = "MTL-AQA"
    training: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    interval: IntervalScaling = field(
        # Scores that correlate by r leave a spread of sqrt(1 - r^2) of their own; nothing was fitted to these weights.
        default_factory=lambda: IntervalScaling(
            level=0.9, factor=round(_NORMAL_90 * (1 - PUBLISHED_RANK_CORRELATION**2) ** 0.5, 4), difficulty_margin=0.0
        )
    )


def write_folder(
    out: Path,
    parts: Iterator[tuple[str, Tensors]],
    network: C3dNetwork,
    preprocessing: C3dPreprocessing,
    identity: Identity,
    half: bool = False,
    int8: bool = True,
    say: Say = lambda _line: None,
) -> Manifest:
    """Write `parts`, file name and tensors one after the other, then what follows from them; returns the manifest.

    `half`: store float16, half as much, whatever they are then computed in. `int8`: also keep int8 trunks when their
    answer to the built-in clip is within the bound. Only one part is in memory at a time. The manifest comes last, so
    that a folder with one is whole.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in (MANIFEST, SCORE_ROUNDED, GATE_ROUNDED):
        (out / name).unlink(missing_ok=True)
    names: list[str] = []
    for name, tensors in parts:
        stored = {key: halved(value) if half else value.float().contiguous() for key, value in tensors.items()}
        _save(stored, out / name)
        say(f"{name}: {(out / name).stat().st_size / 1e6:.0f} MB")
        names.append(name)
        del tensors, stored
    exact = LoadedC3d(out, network, preprocessing, Precision.FP32).answer()
    network = network.model_copy(update={"check": exact})
    if int8 and Precision.INT8 in supported():
        names += _round(out, network)
    coarse = [precision for precision in sorted(supported() - {Precision.FP32}) if int8 or precision not in ROUNDING]
    unfit = [precision.value for precision in coarse if not _fits(out, network, preprocessing, precision, say)]
    if ROUNDING & supported() <= {*unfit}:
        for name in (SCORE_ROUNDED, GATE_ROUNDED):
            (out / name).unlink(missing_ok=True)
        names = [name for name in names if name not in (SCORE_ROUNDED, GATE_ROUNDED)]
    network = network.model_copy(update={"unfit": tuple(unfit)})
    files = [WeightFile(name=name, sha256=sha256_of(out / name), bytes=(out / name).stat().st_size) for name in names]
    manifest = Manifest(
        id=identity.id,
        version=identity.version,
        architecture="c3d-avg",
        files=tuple(files),
        preprocessing=preprocessing,
        network=network,
        execution_scale=SCALE,
        interval=identity.interval,
        gate=DiveGate(threshold=1.0 if network.gate else 0.0),
        trained_on=identity.trained_on,
        training=identity.training,
        figures=identity.figures,
    )
    scratch = out / f"{MANIFEST}.part"
    scratch.write_text(manifest.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
    scratch.replace(out / MANIFEST)
    return manifest


def write_network(
    out: Path,
    model: C3dAvg,
    identity: Identity,
    classifier: SportsClassifier | None = None,
    preprocessing: C3dPreprocessing | None = None,
    half: bool = False,
    int8: bool = True,
) -> Manifest:
    """Write a trained `model`, and the classifier of its gate if there is one, as a folder that the scorer loads."""
    shape = C3dShape(model.trunk.conv1.out_channels, model.score.in_features)
    if classifier is not None:
        shape = C3dShape(shape.width, shape.hidden, classifier.fc8.out_features)
    network = C3dNetwork(
        width=shape.width,
        hidden=shape.hidden,
        sports=shape.sports,
        classes=len(model.heads) > 0,
        gate=classifier is not None,
    )

    def parts() -> Iterator[tuple[str, Tensors]]:
        yield from ((SCORE_TRUNK, _part(model, True)), (SCORE_HEAD, _part(model, False)))
        if classifier is not None:
            yield from ((GATE_TRUNK, _part(classifier, True)), (GATE_HEAD, _part(classifier, False)))

    return write_folder(out, parts(), network, preprocessing or C3dPreprocessing(), identity, half, int8)


def _part(model: nn.Module, trunk: bool) -> Tensors:
    """The trunk's tensors under their own names, or all others."""
    return {
        name.removeprefix("trunk."): value.detach().cpu()
        for name, value in model.state_dict().items()
        if name.startswith("trunk.") == trunk
    }


def _save(tensors: Tensors, path: Path) -> None:
    save_file(tensors, path)
    path.chmod(0o644)  # an image's files are root's, and the worker is not


def _round(out: Path, network: C3dNetwork) -> list[str]:
    pairs = [(SCORE_TRUNK, SCORE_ROUNDED), *([(GATE_TRUNK, GATE_ROUNDED)] if network.gate else [])]
    for source, target in pairs:
        tensors: Tensors = {}
        with safe_open(out / source, framework="pt") as file:
            for name in ROUNDED:
                levels, scale = rounded(file.get_tensor(f"{name}.weight"))
                tensors |= {f"{name}.weight": levels, f"{name}.scale": scale}
        _save(tensors, out / target)
    return [target for _, target in pairs]


def _fits(out: Path, network: C3dNetwork, preprocessing: C3dPreprocessing, precision: Precision, say: Say) -> bool:
    """Whether the answer to the built-in clip is within the bound in that precision."""
    found = LoadedC3d(out, network, preprocessing, precision).answer()
    off = difference(found, network.check) if network.check else 1.0
    say(f"{precision}: {off:.2%} off on the built-in clip" + (f", {BOUND:.0%} is allowed" if off > BOUND else ""))
    return off <= BOUND
