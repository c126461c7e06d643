"""What can go wrong while the system runs on this machine.

LocalError
├── NotACheckout     the template is not where it should be
├── PortInUse        something else listens on the port
├── EngineFailed     the engine did not start, or stopped by itself
├── DeployFailed     the stack could not be created or updated
├── FunctionBroken   a function does not answer as it should
└── SiteFailed       the page could not be published
"""


class LocalError(Exception):
    """A failure of the local system; `code` names it, the message says what to do."""

    code = "LOCAL"


class NotACheckout(LocalError):
    """The command runs outside a checkout of the project."""

    code = "NOT_A_CHECKOUT"


class PortInUse(LocalError):
    """Something else listens on the port."""

    code = "PORT_IN_USE"

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(
            f"Port {port} on 127.0.0.1 is already in use by another program. "
            f"Choose another with --port (or DIVESCORE_PORT), for example --port {port + 1}."
        )


class EngineFailed(LocalError):
    """The engine did not start or stopped by itself; `tail` holds the end of its log."""

    code = "ENGINE_FAILED"

    def __init__(self, what: str, tail: str) -> None:
        self.tail = tail
        super().__init__(f"{what}. The end of its log:\n{tail}" if tail else f"{what}. Its log is empty.")


class DeployFailed(LocalError):
    """The stack could not be created or updated; `events` are the failed resources with their reasons."""

    code = "DEPLOY_FAILED"

    def __init__(self, status: str, events: list[str]) -> None:
        self.status = status
        self.events = events
        lines = "\n".join(f"  {event}" for event in events) or "  (the engine gave no reason)"
        super().__init__(f"The stack ended in {status}:\n{lines}")


class FunctionBroken(LocalError):
    """A function does not start, or does not answer as it should."""

    code = "FUNCTION_BROKEN"

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(f"The function {name!r} does not work: {reason}")


class SiteFailed(LocalError):
    """The page could not be published."""

    code = "SITE_FAILED"
