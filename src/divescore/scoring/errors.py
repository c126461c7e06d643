"""Errors of the scorer itself, which are never the video's fault.

ScoringError
    WeightsInvalid   the weights folder is missing, incomplete, altered or of an unknown architecture
"""


class ScoringError(Exception):
    """Base of the scorer's errors; `code` for programs, `message` a sentence."""

    code = "SCORING_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class WeightsInvalid(ScoringError):
    """The weights folder cannot be used."""

    code = "WEIGHTS_INVALID"
