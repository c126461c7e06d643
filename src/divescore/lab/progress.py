"""Progress of long work in the laboratory: what reports it, and how the commands print it."""

import time
from collections.abc import Callable

import click

OnProgress = Callable[[str, float, str], None]
"""Stage, share of it done, a note."""
_PRINTED_EVERY = 2.0
"""Seconds."""


class PrintedProgress:
    """Prints progress to standard error: a line every other second, and one at each stage's end."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, stage: str, share: float, note: str) -> None:
        """Print a share of a stage."""
        now = time.monotonic()
        if share < 1.0 and now - self._last < _PRINTED_EVERY:
            return
        self._last = now
        click.echo(f"{stage}: {share:.0%}, {note}", err=True)
