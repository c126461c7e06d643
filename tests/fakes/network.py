"""What lies between the code under test and the fakes: every call passes here and can be made to fail or to kill."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from botocore.exceptions import ClientError

Answer = TypeVar("Answer")
Moment = Literal["before", "after"]  # the call never arrived, or its answer never came back

WRITES = frozenset(
    {
        "update_item",
        "put_item",
        "transact_write_items",
        "send_message",
        "send_message_batch",
        "change_message_visibility",
        "change_message_visibility_batch",
        "delete_message_batch",
        "delete_object",
        "put_object",
        "create_multipart_upload",
        "complete_multipart_upload",
        "abort_multipart_upload",
    }
)


class Killed(BaseException):
    """The process died at this call: nothing of it runs on, not even its error handling should matter."""


def refused(code: str, operation: str = "Call") -> ClientError:
    """The error that boto3 raises for an error code of AWS."""
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


@dataclass(frozen=True)
class Call:
    """One call to a service."""

    service: str
    operation: str

    @property
    def writes(self) -> bool:
        return self.operation in WRITES


@dataclass
class Fault:
    """Raise `error` at the calls that `hits` picks, `times` times."""

    hits: Callable[[Call], bool]
    error: BaseException
    moment: Moment = "before"
    times: int = 1


@dataclass
class Network:
    """Carries calls; `faults` strike in order, `gate` sees every call before and after its effect."""

    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    gate: Callable[[Call, Moment], None] | None = None

    def carry(self, service: str, operation: str, effect: Callable[[], Answer]) -> Answer:
        call = Call(service, operation)
        self.calls.append(call)
        self._pass(call, "before")
        answer = effect()
        self._pass(call, "after")
        return answer

    def fail(
        self,
        operation: str,
        error: BaseException | str = "ThrottlingException",
        moment: Moment = "before",
        times: int = 1,
    ) -> None:
        """Make the next calls of one operation fail."""
        problem = refused(error, operation) if isinstance(error, str) else error
        self.faults.append(Fault(lambda call: call.operation == operation, problem, moment, times))

    def kill_at_write(self, number: int, moment: Moment) -> None:
        """Kill whoever makes the `number`-th write from now (1 is the next)."""
        left = number

        def hits(call: Call) -> bool:
            nonlocal left
            left -= call.writes
            return call.writes and left == 0

        self.faults.append(Fault(hits, Killed(), moment))

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """For calls of the test's own: no faults, nobody stops."""
        faults, gate = self.faults, self.gate
        self.faults, self.gate = [], None
        try:
            yield
        finally:
            self.faults, self.gate = faults, gate

    def _pass(self, call: Call, moment: Moment) -> None:
        if self.gate is not None:
            self.gate(call, moment)
        for fault in self.faults:
            if fault.moment == moment and fault.times > 0 and fault.hits(call):
                fault.times -= 1
                raise fault.error
