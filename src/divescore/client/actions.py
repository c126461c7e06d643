"""What the live connection wants done, and how it says that it fares."""

from dataclasses import dataclass
from enum import Enum

from divescore.client.models import Job


class LinkState(Enum):
    """How news arrives at this moment."""

    IDLE = "idle"  # nothing is watched
    CONNECTING = "connecting"
    LIVE = "live"  # the service has said something over the socket
    RECONNECTING = "reconnecting"
    OFFLINE = "offline"  # nothing answers, not even HTTP
    READING = "reading"  # sockets are blocked here: jobs are read over HTTP


@dataclass(frozen=True)
class Open:
    """Open a socket at `url`; report `opened` or `failed`."""

    url: str


@dataclass(frozen=True)
class Close:
    """Close the socket, or stop opening it, and report nothing more of it."""

    reason: str


@dataclass(frozen=True)
class Subscribe:
    """Send a subscription on the open socket."""

    job_id: str
    token: str


@dataclass(frozen=True)
class Unsubscribe:
    """Send the end of a subscription on the open socket."""

    job_id: str


@dataclass(frozen=True)
class Read:
    """Read the job over HTTP; report `read`, `refused` or `unreachable`."""

    job_id: str
    token: str


@dataclass(frozen=True)
class Changed:
    """A newer version of a watched job; `pushed` over the socket, or else read over HTTP."""

    job: Job
    pushed: bool


@dataclass(frozen=True)
class Refused:
    """This token may not follow this job, for good; it is watched no more."""

    job_id: str
    code: str
    message: str


@dataclass(frozen=True)
class Complaint:
    """The service did not accept a message, for a reason that is not the token's; `job_id` when it says which job."""

    code: str
    message: str
    job_id: str | None


@dataclass(frozen=True)
class StateChanged:
    """News arrives in another way from now on; `reason` is "" where there is nothing to say."""

    state: LinkState
    reason: str


Action = Open | Close | Subscribe | Unsubscribe | Read | Changed | Refused | Complaint | StateChanged
