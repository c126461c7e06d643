"""Why a video cannot be scored: one exception, one code per reason.

VideoRejected
    DAMAGED            empty, cut off or undecodable
    UNSUPPORTED        not a video, or a kind that is not decoded here
    NO_VIDEO_STREAM    a container without a picture (sound only)
    TOO_SHORT TOO_LONG TOO_LARGE TOO_MANY_PIXELS OUT_OF_TIME
    NOT_A_DIVE         decodes well, but does not look like a dive
"""

from enum import StrEnum


class RejectionCode(StrEnum):
    """Codes that a rejected video carries to the uploader."""

    DAMAGED = "DAMAGED"
    UNSUPPORTED = "UNSUPPORTED"
    NO_VIDEO_STREAM = "NO_VIDEO_STREAM"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    NOT_A_DIVE = "NOT_A_DIVE"
    OUT_OF_TIME = "OUT_OF_TIME"


class VideoRejected(Exception):
    """The video's own fault: never retried. `code` for programs, `message` a sentence the uploader can act on."""

    def __init__(self, code: RejectionCode | str, message: str) -> None:
        super().__init__(message)
        self.code = RejectionCode(code)
        self.message = message

    def __reduce__(self) -> tuple[type["VideoRejected"], tuple[str, str]]:
        """Pickles whole, so that it can cross from a child process."""
        return (type(self), (self.code.value, self.message))
