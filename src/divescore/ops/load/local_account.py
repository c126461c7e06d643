"""The account of processor time of the system on this machine. Apart, so that nobody else needs psutil."""

from typing import TYPE_CHECKING

from divescore.stack import local_state

if TYPE_CHECKING:
    from divescore.ops.load.processor_time import SystemAccount


def local_account() -> "SystemAccount":
    """An account of the system that runs on this machine. Raises NoSystem when there is none."""
    from divescore.ops.load.processor_time import SystemAccount  # psutil, which comes with the extra `local`

    return SystemAccount(local_state.find().engine.pid)
