"""Networks of weights folders as they were trained, to measure them or to train them further, and what they run on."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from divescore.lab.errors import DeviceMissing
from divescore.scoring.c3d.manifest import SCORE_HEAD, SCORE_TRUNK, C3dNetwork
from divescore.scoring.c3d.network import C3dAvg
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import Manifest
from divescore.scoring.mini.network import MiniNetwork, has_skeletons

MINI, C3D = "mini-focus", "c3d-avg"
"""Architectures by their names in a manifest."""
MINI_WEIGHTS = "model.safetensors"


def load_mini(folder: Path, manifest: Manifest) -> MiniNetwork:
    """The network of a weights folder of `mini-focus`; raises WeightsInvalid for another architecture."""
    if manifest.architecture != MINI:
        raise WeightsInvalid(f"Only {MINI} can be evaluated on rendered dives, not {manifest.architecture}.")
    tensors = load_file(folder / MINI_WEIGHTS)
    network = MiniNetwork(skeletons=has_skeletons(tensors))
    network.load_state_dict(tensors)
    return network.eval()


def load_c3d(folder: Path, manifest: Manifest) -> C3dAvg:
    """The exact network of a weights folder of `c3d-avg`; raises WeightsInvalid for another architecture."""
    if manifest.architecture != C3D:
        raise WeightsInvalid(f"{folder} holds {manifest.architecture}, not {C3D}.")
    described = manifest.network_as(C3dNetwork)
    network = C3dAvg(described.shape, heads=described.classes)
    trunk = {f"trunk.{name}": value.float() for name, value in load_file(folder / SCORE_TRUNK).items()}
    network.load_state_dict(trunk | {name: value.float() for name, value in load_file(folder / SCORE_HEAD).items()})
    return network


def device_of(wanted: str) -> torch.device:
    """The processor of a name: `auto` (a GPU when there is one), `cpu` or `cuda`; raises DeviceMissing."""
    if wanted not in ("auto", "cpu", "cuda"):
        raise DeviceMissing(f"{wanted!r} is not a device; there are auto, cpu and cuda.")
    there = wanted != "cpu" and torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise DeviceMissing("This machine has no GPU that torch can use; --device cpu trains without.")
    return torch.device("cuda" if there else "cpu")
