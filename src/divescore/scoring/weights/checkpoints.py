"""Reading published checkpoints: pickles from strangers, of which tensors are taken and nothing is ever run."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from divescore.scoring.errors import WeightsInvalid

Tensors = dict[str, Tensor]
_PARALLEL = "module."
"""What training on several devices puts in front of every name."""


def read_checkpoint(path: Path) -> Tensors:
    """All tensors of a checkpoint by name, as float32 or float16; raises WeightsInvalid.

    Reads the zip format and the older bare pickles. Whatever else than tensors and plain containers a file names is
    refused, and not looked up or called.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsInvalid(f"{path} cannot be read: {error.strerror}.") from error
    except pickle.UnpicklingError as error:
        raise WeightsInvalid(
            f"{path} holds something other than tensors and was not loaded; nothing in it was run."
        ) from error
    # A damaged pickle fails with whatever its broken opcodes happen to lead to.
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise WeightsInvalid(f"{path} is damaged, or no checkpoint: {type(error).__name__}.") from error
    if isinstance(found, Mapping) and isinstance(found.get("state_dict"), Mapping):
        found = found["state_dict"]
    if not isinstance(found, Mapping):
        raise WeightsInvalid(f"{path} holds no named tensors.")
    tensors: Tensors = {}
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise WeightsInvalid(f"{path}: {name!r} is no named tensor.")
        tensors[name.removeprefix(_PARALLEL)] = value
    return tensors


def chosen(tensors: Tensors, shapes: Mapping[str, tuple[int, ...]], path: Path) -> Tensors:
    """The tensors of `shapes`, which must be all there are, finite and of floats; raises WeightsInvalid."""
    if missing := sorted(shapes.keys() - tensors.keys()):
        raise WeightsInvalid(f"{path} lacks {', '.join(missing)}.")
    if unknown := sorted(tensors.keys() - shapes.keys()):
        raise WeightsInvalid(f"{path} holds {', '.join(unknown)}, which this network does not have.")
    for name, shape in shapes.items():
        found = tensors[name]
        if tuple(found.shape) != shape:
            raise WeightsInvalid(f"{path}: {name} has the shape {tuple(found.shape)}; the network needs {shape}.")
        if not found.is_floating_point() or not bool(torch.isfinite(found).all()):
            raise WeightsInvalid(f"{path}: {name} holds what is no finite number.")
    return {name: tensors[name] for name in shapes}
