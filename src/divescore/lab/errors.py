"""Errors of the laboratory, each with a code for programs and a sentence.

LabError
    CheckpointMismatch   the checkpoint folder belongs to a training with other settings
    LossNotFinite        training ran away: the loss is infinite or no number
    DeviceMissing        a GPU was asked for and there is none
    DataInvalid          a folder of real dives is not laid out as its reader needs it
"""


class LabError(Exception):
    """Base of the laboratory's errors; `code` for programs, `message` a sentence."""

    code = "LAB_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CheckpointMismatch(LabError):
    """The newest checkpoint was written under other settings, so going on from it would give neither result."""

    code = "CHECKPOINT_MISMATCH"


class LossNotFinite(LabError):
    """The loss is infinite or no number."""

    code = "LOSS_NOT_FINITE"


class DeviceMissing(LabError):
    """This machine has no GPU that torch can use."""

    code = "DEVICE_MISSING"


class DataInvalid(LabError):
    """The data folder is missing, incomplete or not in its published layout."""

    code = "DATA_INVALID"
