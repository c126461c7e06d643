"""Why the API refuses a request.

RequestRefused
├── EmptyFile, FileTooLarge                    what is about to be uploaded will not do
├── NoSuchPart, PartsMissing                   the parts are not the video's, or not all of them are there
├── UploadOver, NotInParts                     the job takes no parts (any more)
├── VideoNotThere                              there is no video to show (yet, or any more)
├── BeingScored, NotAmendable, AmendedTooOften the declaration cannot be changed (now, or any more)
├── NothingToMark                              there is no dive that marks could be of
└── the errors of jobs, tokens and declarations pass through
"""


class RequestRefused(Exception):
    """Base; `status` is the HTTP status that fits."""

    code = "INVALID_REQUEST"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class EmptyFile(RequestRefused):
    """The declared size is zero."""

    code = "EMPTY_FILE"


class FileTooLarge(RequestRefused):
    """The declared size is over the limit."""

    code = "TOO_LARGE"
    status = 413


class NoSuchPart(RequestRefused):
    """The video has no part of that number."""


class PartsMissing(RequestRefused):
    """The upload cannot be completed yet."""

    code = "UPLOAD_INCOMPLETE"
    status = 409


class UploadOver(RequestRefused):
    """The time to send the video has passed."""

    code = "UPLOAD_EXPIRED"
    status = 409


class NotInParts(RequestRefused):
    """The job takes no parts: its video is sent as a form, or it was cancelled."""

    code = "CONFLICT"
    status = 409


class VideoNotThere(RequestRefused):
    """The job has no video that could be shown."""

    code = "CONFLICT"
    status = 409


class BeingScored(RequestRefused):
    """A worker is at it."""

    code = "BEING_SCORED"
    status = 409


class NotAmendable(RequestRefused):
    """There is no score to count again, or not enough of it was kept."""

    code = "CONFLICT"
    status = 409


class AmendedTooOften(RequestRefused):
    """The declaration of one job was changed as often as it may be."""

    code = "AMENDED_TOO_OFTEN"
    status = 409


class NothingToMark(RequestRefused):
    """The job never had a video, or it was erased."""

    code = "CONFLICT"
    status = 409
