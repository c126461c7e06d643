"""Errors of training, each with a code for programs and a sentence.

TrainingError
    CheckpointMismatch   the checkpoint folder belongs to a training with other settings
    LossNotFinite        training ran away: the loss is infinite or no number
    DeviceMissing        a GPU was asked for and there is none
    DataInvalid          a folder of training data is not laid out as its adapter needs it
"""


class TrainingError(Exception):
    """Base of training's errors; `code` for programs, `message` a sentence."""

    code = "TRAINING_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CheckpointMismatch(TrainingError):
    """The newest checkpoint was written under other settings, so going on from it would give neither result."""

    code = "CHECKPOINT_MISMATCH"


class LossNotFinite(TrainingError):
    """The loss is infinite or no number."""

    code = "LOSS_NOT_FINITE"


class DeviceMissing(TrainingError):
    """This machine has no GPU that torch can use."""

    code = "DEVICE_MISSING"


class DataInvalid(TrainingError):
    """The data folder is missing, incomplete or not in its published layout."""

    code = "DATA_INVALID"
