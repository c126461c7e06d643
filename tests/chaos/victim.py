"""`divescore replay` in a process that kills itself: SIGKILL before or after the n-th call that changes something.

Counting calls instead of seconds puts the kills where the plan says, however fast the machine is.
"""

import os
import signal
import sys
from typing import Any

from botocore.client import BaseClient

from divescore.cli import main

# Not the giving back of what the run before held: it comes first, in many calls, and would catch most of the kills.
WRITES = frozenset({"SendMessage", "SendMessageBatch", "UpdateItem", "DeleteMessageBatch", "Invoke"})
real = BaseClient._make_api_call  # type: ignore[attr-defined]


def deadly(number: int, moment: str) -> Any:
    """Every call, and death at the `number`-th write; `moment` is before or after it."""
    made = 0

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        nonlocal made
        made += operation in WRITES
        due = operation in WRITES and made == number
        if due and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = real(client, operation, arguments)
        if due:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return call


if __name__ == "__main__":
    BaseClient._make_api_call = deadly(int(sys.argv[1]), sys.argv[2])  # type: ignore[attr-defined]
    main(sys.argv[3:], prog_name="divescore")
