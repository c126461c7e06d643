"""An upload in parts as a pure state machine: what happened goes in, what to do comes out.

It reads no file and no clock and sends nothing: callers pass the time in seconds of any steady clock, carry out the
actions in their order and report what came of them. The scenarios in `tests/contract/upload-scenarios` hold this one
and the page's to one behaviour. A part whose sending failed is asked for again: the answer says what storage has, so
that what arrived is not sent twice.
"""

from collections.abc import Collection

from divescore.client.parts.actions import (
    Abort,
    Ask,
    Call,
    Complete,
    Done,
    Fares,
    GivenUp,
    Hash,
    PartAction,
    Put,
    UploadState,
)
from divescore.client.parts.patience import Gate, Patience
from divescore.client.parts.progress import PartProgress, PartsProgress, Stage
from divescore.views import Status

FILE_CHANGED = "FILE_CHANGED"
NETWORK = "NETWORK"
RATE_LIMITED = "RATE_LIMITED"
UNAVAILABLE = "UNAVAILABLE"
UPLOAD_INCOMPLETE = "UPLOAD_INCOMPLETE"
UPLOAD_REFUSED = "UPLOAD_REFUSED"
NEVER_ARRIVES = frozenset({Status.CANCELLED, Status.EXPIRED})


class MultipartUpload:
    """One file of `count` parts on its way. Calls are events; `actions` gives what follows, each action once."""

    def __init__(self, count: int, patience: Patience | None = None) -> None:
        whole = patience or Patience()
        self._timing = whole.timing
        self._parts = PartsProgress(count)
        # In front of what is asked of the service, and of what is sent to storage.
        self._service = Gate(whole)
        self._storage = Gate(whole)
        self._pending: list[PartAction] = []
        self._ended = self._paused = self._away = self._answered = self._completing = False
        self._hashing: PartProgress | None = None  # one at a time
        self._question = 0  # counts the questions for addresses
        self._incompletes = 0
        self._wake: float | None = None
        self._told: tuple[UploadState, str] | None = None

    def actions(self) -> list[PartAction]:
        """What to do now."""
        actions, self._pending = self._pending, []
        return actions

    def wake_at(self) -> float | None:
        """When to call `tick` if nothing else happens before; None: no need."""
        return self._wake

    def present(self) -> list[int]:
        """The numbers of the parts that storage has."""
        return [part.number for part in self._parts.at(Stage.STORED)]

    def tick(self, now: float) -> None:
        """Do what is due; the first one begins the upload."""
        self._go(now)

    def pause(self, now: float) -> None:
        """Until `resume`; what is being sent stops."""
        self._paused = True
        self._stop()
        self._go(now)

    def resume(self, now: float) -> None:
        """Go on, and at once: what waits for its own time is tried now."""
        self._paused = False
        self._start_over(now)

    def offline(self, now: float) -> None:
        """The device has no network."""
        self._away = True
        self._stop()
        self._go(now)

    def online(self, now: float) -> None:
        """The device has a network again."""
        self._away = False
        self._start_over(now)

    def cancel(self) -> None:
        """Given up by the user: nothing more is told."""
        self._end(None)

    def heard(self, status: str) -> None:
        """The job is in this state now, as was heard elsewhere."""
        if status in NEVER_ARRIVES:
            self._give_up(status)
        elif status != Status.AWAITING_UPLOAD:
            self._end(Done())

    def hashed(self, number: int, sha256: str, now: float) -> None:
        """The part's hash; another than before means that the file changed."""
        part = self._parts.part(number)
        if self._hashing is part:
            self._hashing = None
        if part.sha256 not in (None, sha256):
            self._give_up(FILE_CHANGED)
        part.sha256 = sha256
        if part.stage in (Stage.HASHING, Stage.NEW):
            part.stage = Stage.HASHED
        self._go(now)

    def unreadable(self) -> None:
        """The file is not there any more, or is not what it was."""
        self._give_up(FILE_CHANGED)

    def addressed(self, present: Collection[int], addresses: Collection[int], valid_for: float, now: float) -> None:
        """The answer to `Ask`: the parts that storage has, and those with an address that holds `valid_for` s."""
        asked = self._parts.ask_again(Stage.ASKED)
        self._answered = True
        self._service.passed()
        self._parts.compare(present, self._question)
        for part in asked:
            if part.stage is Stage.STORED:
                continue
            if part.number in addresses:
                part.stage, part.valid_until = Stage.READY, now + valid_for
            else:
                self._turned_away(part, now)
        self._go(now)

    def stored(self, number: int, now: float) -> None:
        """Storage confirmed this part."""
        self._storage.passed()
        self._parts.part(number).keep(self._question)
        self._go(now)

    def completed(self) -> None:
        """The service made the video of the parts, now or before."""
        self._end(Done())

    def refused(
        self, call: Call, status: int, code: str, message: str, now: float, number: int = 0, retry_after: float = 0.0
    ) -> None:
        """An answer that is none of success; `number`: the part, where one was sent."""
        busy = busy_code(status, code)
        if busy is not None:
            self._failed(call, busy, now, number, retry_after)
        elif call is Call.PUT:
            self._put_refused(self._parts.part(number), status, now)
        elif code == UPLOAD_INCOMPLETE:
            self._incomplete(message, now)
        else:
            self._give_up(code, message)
        self._go(now)

    def unreachable(self, call: Call, now: float, number: int = 0) -> None:
        """No answer came: the connection broke, or nothing moved for too long."""
        self._failed(call, NETWORK, now, number)
        self._go(now)

    def _failed(self, call: Call, reason: str, now: float, number: int, retry_after: float = 0.0) -> None:
        """Something that says nothing against the request, only against its moment."""
        if call is Call.PUT:
            part = self._parts.part(number)
            if part.stage is not Stage.SENDING:
                return
            part.stage = Stage.HASHED
        elif call is Call.ASK:
            self._parts.ask_again(Stage.ASKED)
        else:
            self._completing = False
        self._wait(self._storage if call is Call.PUT else self._service, reason, now, retry_after)

    def _put_refused(self, part: PartProgress, status: int, now: float) -> None:
        if part.stage is not Stage.SENDING:
            return
        # 400: the bytes are not those that were hashed. Was it the line, or the file?
        part.stage = Stage.NEW if status == 400 else Stage.HASHED
        if status == 404:  # storage forgot the upload, and with it every address
            self._parts.ask_again(Stage.READY)
        self._turned_away(part, now)

    def _turned_away(self, part: PartProgress, now: float) -> None:
        """An address that ended is nothing unusual: the first time the part is asked for again at once."""
        part.refusals += 1
        if part.refusals > self._timing.refusals:
            self._give_up(UPLOAD_REFUSED)
        elif part.refusals > 1:
            self._wait(self._service, UNAVAILABLE, now)

    def _incomplete(self, message: str, now: float) -> None:
        """The service misses parts: all are asked for again, and its answer says which."""
        self._completing = False
        self._incompletes += 1
        if self._incompletes > self._timing.refusals:
            self._give_up(UPLOAD_INCOMPLETE, message)
        elif self._incompletes > 1:
            self._wait(self._service, UNAVAILABLE, now)
        self._parts.ask_again(Stage.STORED)

    def _wait(self, gate: Gate, reason: str, now: float, retry_after: float = 0.0) -> None:
        gate.shut(reason, now, retry_after)
        if gate.exhausted:
            self._give_up(reason)

    def _start_over(self, now: float) -> None:
        self._service.start_over()
        self._storage.start_over()
        self._parts.forgive_refusals()
        self._go(now)

    def _go(self, now: float) -> None:
        """Do all that can be done now."""
        if self._ended:
            return
        self._wake = None
        if not self._paused and not self._away:
            service, storage = self._service.closed_until(now), self._storage.closed_until(now)
            self._hash_next()
            if storage is None:
                self._put_next(now)
            if service is None:
                self._ask_next()
                self._complete_now()
            self._wake = min((until for until in (service, storage) if until is not None), default=None)
        self._tell(now)

    def _hash_next(self) -> None:
        # Until the first answer nobody knows what storage has already.
        most = self._timing.parts_at_once + (self._timing.parts_ahead if self._answered else 0)
        part = self._parts.to_hash(most) if self._hashing is None else None
        if part is not None:
            part.stage = Stage.HASHING
            self._hashing = part
            self._pending.append(Hash(part.number))

    def _put_next(self, now: float) -> None:
        for part in self._parts.to_put(self._timing.parts_at_once, now):
            part.stage = Stage.SENDING
            self._pending.append(Put(part.number))

    def _ask_next(self) -> None:
        parts = self._parts.to_ask(self._timing.parts_at_once, self._timing.parts_ahead, self._hashing is None)
        if parts:
            self._question += 1
            for part in parts:
                part.stage = Stage.ASKED
            self._pending.append(Ask(tuple((part.number, part.sha256 or "") for part in parts)))

    def _complete_now(self) -> None:
        if not self._completing and self._parts.complete:
            self._completing = True
            self._pending.append(Complete())

    def _tell(self, now: float) -> None:
        told = self._fares(now)
        if told != self._told:
            self._told = told
            self._pending.append(Fares(*told))

    def _fares(self, now: float) -> tuple[UploadState, str]:
        if self._paused:
            return UploadState.PAUSED, ""
        if self._away:
            return UploadState.OFFLINE, ""
        closed = next((gate for gate in (self._service, self._storage) if gate.closed_until(now) is not None), None)
        if closed is None or self._parts.at(Stage.SENDING):
            return UploadState.SENDING, ""
        return UploadState.WAITING, closed.reason

    def _stop(self) -> None:
        """What is being sent stops. It may have arrived all the same: the next answer tells."""
        if stopped := self._parts.ask_again(Stage.SENDING):
            self._pending.append(Abort(tuple(part.number for part in stopped)))

    def _give_up(self, code: str, message: str = "") -> None:
        self._end(GivenUp(code, message))

    def _end(self, last: PartAction | None) -> None:
        if self._ended:
            return
        self._stop()
        self._ended = True
        self._wake = None
        if last is not None:
            self._pending.append(last)


def busy_code(status: int, code: str) -> str | None:
    """The code of an answer that says nothing against the request, only against its moment; None: it is another."""
    if status == 429:
        return RATE_LIMITED
    if status == 408 or code == "RequestTimeout":  # S3 says 400 RequestTimeout where a body came too slowly
        return NETWORK
    return UNAVAILABLE if status >= 500 else None
