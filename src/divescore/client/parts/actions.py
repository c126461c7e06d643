"""What an upload in parts wants done, and how it says that it fares."""

from dataclasses import dataclass
from enum import Enum


class UploadState(Enum):
    """How an upload fares at this moment."""

    SENDING = "sending"
    WAITING = "waiting"  # for the network or the service; the reason's code says which
    PAUSED = "paused"
    OFFLINE = "offline"


class Call(Enum):
    """The kinds of requests of an upload."""

    ASK = "ask"
    PUT = "put"
    COMPLETE = "complete"


@dataclass(frozen=True)
class Hash:
    """Read the part from the file and hash it; report `hashed` or `unreadable`."""

    part: int


@dataclass(frozen=True)
class Ask:
    """Ask for the addresses of these parts, each a number and its SHA-256; report `addressed` or a failure."""

    parts: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Put:
    """Send the part to its last address; report `stored` or a failure."""

    part: int


@dataclass(frozen=True)
class Abort:
    """Stop sending these parts and report nothing more of them."""

    parts: tuple[int, ...]


@dataclass(frozen=True)
class Complete:
    """Ask the service to make the video; report `completed` or a failure."""


@dataclass(frozen=True)
class Fares:
    """Tell the user; `reason` is a code, "" where there is none."""

    state: UploadState
    reason: str


@dataclass(frozen=True)
class Done:
    """The service has the whole video. Nothing follows."""


@dataclass(frozen=True)
class GivenUp:
    """The upload will not succeed; `message` where the other side gave a sentence. Nothing follows."""

    code: str
    message: str = ""


PartAction = Hash | Ask | Put | Abort | Complete | Fares | Done | GivenUp
