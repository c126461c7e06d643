"""The parts of the network that see pictures, as ONNX graphs without weights: `-m divescore.lab.training.graphs`.

Run it when the code of one of these parts was changed; it needs the extra `training`. Tests compare graphs and code.
"""

from typing import Any

import click
import onnx
import torch
from torch import Tensor, nn
from torch.export import Dim

from divescore.scoring.mini.compiled import GRAPHS, WEIGHTS, folded
from divescore.scoring.mini.localisation import Localiser
from divescore.scoring.mini.pose import CROP_SIZE, PoseEstimator
from divescore.scoring.mini.skeleton import SkeletonEstimator

_PICTURES = {0: Dim("pictures", min=1, max=4096)}
_ANY_SIZE = _PICTURES | {2: 8 * Dim("eighths_high", min=1, max=64), 3: 8 * Dim("eighths_wide", min=1, max=64)}
_PARTS: dict[str, tuple[type[nn.Module], tuple[int, int], dict[int, Any]]] = {
    "localiser": (Localiser, (48, 64), _ANY_SIZE),
    "estimator": (PoseEstimator, (CROP_SIZE, CROP_SIZE), _PICTURES),
    "skeleton": (SkeletonEstimator, (CROP_SIZE, CROP_SIZE), _PICTURES),
}
"""By name: the part, the height and width of what it is shown, and which of its pictures' sizes are free."""


class _Told(nn.Module):
    """A part whose answer is told as a tuple, in the order of its fields."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        return tuple(vars(self.part(pictures)).values())


def graph_of(part: nn.Module, size: tuple[int, int], free: dict[int, Any]) -> onnx.ModelProto:
    """The graph of a part; its weights are named as in the part's state and are to be given by whoever runs it."""
    part = folded(part)
    for number, tensor in enumerate(part.state_dict().values()):
        # Tensors of the same values would become one.
        tensor.copy_(torch.rand(tensor.shape, generator=torch.Generator().manual_seed(number)))
    program = torch.onnx.export(
        _Told(part),
        (torch.rand(2, 3, *size),),
        input_names=["pictures"],
        dynamic_shapes={"pictures": free},
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch exported nothing")
    model = program.model_proto
    for tensor in model.graph.initializer:
        if tensor.name.startswith("part."):
            tensor.name = tensor.name.removeprefix("part.")
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=WEIGHTS)
    for node in model.graph.node:
        node.input[:] = [name.removeprefix("part.") for name in node.input]
        # Of where in whose files it came from.
        del node.metadata_props[:]
        node.doc_string = ""
    for about in (model.metadata_props, model.graph.metadata_props, model.graph.value_info):
        del about[:]
    return model


@click.command()
def main() -> None:
    """Write the graphs anew."""
    for name, (part, size, free) in _PARTS.items():
        path = GRAPHS / f"{name}.onnx"
        path.write_bytes(graph_of(part().eval(), size, free).SerializeToString(deterministic=True))
        click.echo(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
