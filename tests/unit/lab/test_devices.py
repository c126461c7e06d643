"""Processors by name."""

import pytest
import torch

from divescore.lab.devices import device_of
from divescore.lab.errors import DeviceMissing


def test_devices() -> None:
    assert device_of("cpu").type == "cpu"
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(DeviceMissing, match="not a device"):
        device_of("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceMissing, match="no GPU"):
            device_of("cuda")
