"""Networks of weights folders, and what they run on."""

import pytest
import torch

from divescore.lab.errors import DeviceMissing
from divescore.lab.evaluation.networks import device_of


def test_devices() -> None:
    assert device_of("cpu").type == "cpu"
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(DeviceMissing, match="not a device"):
        device_of("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceMissing, match="no GPU"):
            device_of("cuda")
