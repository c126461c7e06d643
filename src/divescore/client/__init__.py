"""The asynchronous client of the HTTP and WebSocket API; the command line, the load test and the tests use it.

Programs need `Divescore` alone; docs/client.md shows it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from divescore.client.errors import ClientError as ClientError
    from divescore.client.models import Job as Job
    from divescore.client.service import Divescore as Divescore
    from divescore.client.service import SubmittedDive as SubmittedDive

_HOMES = {"ClientError": "errors", "Divescore": "service", "Job": "models", "SubmittedDive": "service"}
__all__ = ["ClientError", "Divescore", "Job", "SubmittedDive"]


def __getattr__(name: str) -> Any:
    # When it is asked for, so that whoever needs one module of the client does not load all of them.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
