"""Writing a weights folder of C3D-AVG: safetensors part by part, int8 where it is exact enough, and the manifest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from divescore.scoring.c3d import C3dAvg, C3dShape, SportsClassifier
from divescore.scoring.c3d_engine import ROUNDED, Precision, supported
from divescore.scoring.c3d_manifest import (
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
from divescore.scoring.c3d_rounding import rounded
from divescore.scoring.c3d_runtime import BOUND, C3dRuntime, difference
from divescore.scoring.manifest import MANIFEST, Gate, IntervalScaling, Manifest, WeightFile, sha256_of

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
    (out / MANIFEST).unlink(missing_ok=True)
    names: list[str] = []
    for name, tensors in parts:
        dtype = torch.float16 if half else torch.float32
        _save({key: value.to(dtype).contiguous() for key, value in tensors.items()}, out / name)
        say(f"{name}: {(out / name).stat().st_size / 1e6:.0f} MB")
        names.append(name)
        del tensors
    exact = C3dRuntime(out, network, preprocessing, Precision.FP32).answer()
    network = network.model_copy(update={"check": exact})
    if int8 and Precision.INT8 in supported():
        names += _round(out, network, preprocessing, say)
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
        gate=Gate(threshold=1.0 if network.gate else 0.0),
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
    """Write a trained `model`, and the classifier at its door if there is one, as a folder that the scorer loads."""
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


def _round(out: Path, network: C3dNetwork, preprocessing: C3dPreprocessing, say: Say) -> list[str]:
    pairs = [(SCORE_TRUNK, SCORE_ROUNDED), *([(GATE_TRUNK, GATE_ROUNDED)] if network.gate else [])]
    for source, target in pairs:
        tensors: Tensors = {}
        with safe_open(out / source, framework="pt") as file:
            for name in ROUNDED:
                levels, scale = rounded(file.get_tensor(f"{name}.weight"))
                tensors |= {f"{name}.weight": levels, f"{name}.scale": scale}
        _save(tensors, out / target)
    found = C3dRuntime(out, network, preprocessing, Precision.INT8).answer()
    off = difference(found, network.check) if network.check else 1.0
    if off <= BOUND:
        say(f"int8 answers the built-in clip {off:.2%} off and is kept")
        return [target for _, target in pairs]
    say(f"int8 answers the built-in clip {off:.2%} off, where {BOUND:.0%} is allowed, and is left out")
    for _, target in pairs:
        (out / target).unlink()
    return []
