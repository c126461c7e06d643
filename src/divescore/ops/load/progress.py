"""The run while it runs: a table on a terminal, a line now and then elsewhere. On standard error."""

import asyncio
from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.table import Table

from divescore.ops.load.clock import now
from divescore.ops.load.percentiles import spread
from divescore.ops.load.report import throughput
from divescore.ops.load.run import LoadRun
from divescore.views import SETTLED

TABLE_EVERY, LINE_EVERY = 0.5, 10.0


class ProgressDisplay:
    """Shows a run until it is cancelled."""

    def __init__(self, run: LoadRun, console: Console) -> None:
        self._run = run
        self._console = console

    def say(self, text: str) -> None:
        """A sentence of its own; safe from any thread."""
        self._console.print(f"  {text}", markup=False)

    async def show(self) -> None:
        """Draw the table or print a line, again and again until cancelled."""
        if self._console.is_terminal:
            with Live(self.table(), console=self._console, auto_refresh=False, transient=True) as live:
                await self._every(TABLE_EVERY, lambda: live.update(self.table(), refresh=True))
        else:
            await self._every(LINE_EVERY, lambda: self.say(self.line()))

    async def _every(self, seconds: float, draw: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            draw()

    def line(self) -> str:
        """Where the run is, in one line."""
        log = self._run.log
        depth = self._run.depths[-1].waiting if self._run.depths else 0
        return (
            f"{self._run.stage}: {log.tally['sent']} sent, {sum(log.tally[state] for state in SETTLED)} ended, "
            f"{len(log.open)} under way, {depth} in the queue"
        )

    def table(self) -> Table:
        """The same with rates and percentiles."""
        run, log, tally = self._run, self._run.log, self._run.log.tally
        elapsed = max(now() - log.started_at, 1e-3) if log.started_at else 0.0
        pushed = spread(job.pushed - job.intended for job in log.jobs if log.started_at and job.pushed)
        table = Table.grid(padding=(0, 2))
        table.add_row("[bold]stage[/]", run.stage, "[bold]elapsed[/]", f"{elapsed:.0f} s")
        table.add_row("sent", f"{tally['sent']} of {run.sends.planned}", "scored/s", f"{throughput(log):.1f}")
        table.add_row("dropped", str(run.sends.dropped), "refused", str(tally["refused"]))
        table.add_row("under way", str(len(log.open)), "scored", f"[green]{tally['SCORED']}[/]")
        table.add_row("rejected", str(tally["REJECTED"]), "failed", str(tally["FAILED"]))
        if run.depths:
            table.add_row("queue", str(run.depths[-1].waiting), "with a worker", str(run.depths[-1].in_flight))
        if "p50" in pushed:
            table.add_row("p50", f"{pushed['p50']:.2f} s", "p99", f"{pushed['p99']:.2f} s")
        return table
