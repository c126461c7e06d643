"""Which processor a network runs on."""

import torch

from divescore.lab.errors import DeviceMissing


def device_of(wanted: str) -> torch.device:
    """The device of a name: `auto` (a GPU when there is one), `cpu` or `cuda`; raises DeviceMissing."""
    if wanted not in ("auto", "cpu", "cuda"):
        raise DeviceMissing(f"{wanted!r} is not a device; there are auto, cpu and cuda.")
    there = wanted != "cpu" and torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise DeviceMissing("This machine has no GPU that torch can use; --device cpu trains without.")
    return torch.device("cuda" if there else "cpu")
