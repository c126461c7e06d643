"""The parts of the network that see pictures, run by ONNX Runtime, which takes two thirds of torch's time for them.

A graph in `graphs/` holds a part's operations and no weights: it follows from the part's code alone, so that weights of
any training fit. `divescore.lab.training.graphs` writes them.
"""

import copy
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from divescore.scoring.mini.localisation import Localisation
from divescore.scoring.mini.network import PoseModel
from divescore.scoring.mini.pose import CropPose

GRAPHS = Path(__file__).parent / "graphs"
WEIGHTS = "weights"
"""Where a graph's weights are said to lie: nowhere, since they are given with it."""
PICTURES_AT_A_TIME = 8
"""More fall out of a core's own cache between two operations."""
_ERRORS_ONLY = 3


class CompiledPart(nn.Module):
    """Stands in for a part: the same answers but for rounding, on the caller's thread alone. Threads may share it."""

    def __init__(self, name: str, part: nn.Module, answer: type[Localisation] | type[CropPose]) -> None:
        """`name`: of the part's graph; `part` itself stays as it is; `answer`: its fields are the graph's outputs."""
        super().__init__()
        self._answer = answer
        # The session reads the weights where they are.
        self._weights = {name: tensor.contiguous().numpy() for name, tensor in folded(part).state_dict().items()}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # as fast, and each session would keep memory of its own
        options.log_severity_level = _ERRORS_ONLY
        options.add_external_initializers(
            list(self._weights), [onnxruntime.OrtValue.ortvalue_from_numpy(values) for values in self._weights.values()]
        )
        graph = (GRAPHS / f"{name}.onnx").read_bytes()
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def forward(self, pictures: Tensor) -> Localisation | CropPose:
        """What is in float32 pictures [N, 3, H, W]."""
        told: list[list[np.ndarray[Any, Any]]] = [
            self._session.run(None, {"pictures": some.contiguous().numpy()})
            for some in torch.split(pictures, PICTURES_AT_A_TIME)
        ]
        return self._answer(*(torch.from_numpy(np.concatenate(parts)) for parts in zip(*told, strict=True)))


def compile_parts(pose: PoseModel) -> None:
    """Let the parts of a network in evaluation be run by ONNX Runtime, in place."""
    pose.localiser = CompiledPart("localiser", pose.localiser, Localisation)
    pose.estimator = CompiledPart("estimator", pose.estimator, CropPose)
    if pose.skeleton is not None:
        pose.skeleton = CompiledPart("skeleton", pose.skeleton, CropPose)


def folded(part: nn.Module) -> nn.Module:
    """A copy of a part in evaluation, each norm folded into the convolution before it."""
    part = copy.deepcopy(part).requires_grad_(False)
    for module in part.modules():
        if isinstance(module, nn.Sequential):
            for index, (first, second) in enumerate(pairwise(module)):
                if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                    module[index], module[index + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    return part
