"""The live trace: each push as it comes, for people. In colour on a terminal, plain in a pipe."""

import shlex
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.text import Text

from divescore.client.errors import ClientError
from divescore.client.live import Event
from divescore.client.models import Created, Job
from divescore.client.parts.actions import Fares, UploadState
from divescore.client.submit import Observer
from divescore.ops.score import phrases
from divescore.printable import printable

COLOURS = {
    "AWAITING_UPLOAD": "dim",
    "QUEUED": "cyan",
    "PROCESSING": "yellow",
    "SCORED": "bold green",
    "REJECTED": "bold magenta",
    "FAILED": "bold red",
    "CANCELLED": "red",
    "EXPIRED": "red",
}
# Smaller uploads end before anybody could read how far they are.
SHOWS_UPLOAD_FROM = 4 * 1024 * 1024
BAR = 20
STATUS_WIDTH = max(len(status) for status in COLOURS)
TIME_WIDTH = 9


class Trace:
    """Prints to standard error what happens, and to standard output how it ended.

    With `quiet` everything goes to standard error: standard output is for the one JSON document.
    """

    def __init__(self, names: list[str], quiet: bool = False) -> None:
        self.log = Console(stderr=True, highlight=False, soft_wrap=True)
        self.result = Console(stderr=quiet, highlight=False, soft_wrap=True)
        self.uploads = Progress(
            TextColumn("  {task.description}"),
            BarColumn(BAR),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=self.log,
            transient=True,
            disable=not self.log.is_terminal,
        )
        self.name_width = max((len(name) for name in names), default=0) if len(names) > 1 else 0

    def notice(self, text: str) -> None:
        """News of the connection."""
        self.log.print(Text(f"  {printable(text)}", "yellow"))

    def line(self, name: str, time: str, what: Text) -> None:
        """One line of the trace."""
        line = Text("  ")
        if self.name_width:
            line.append(f"{name:<{self.name_width}}  ", "blue")
        line.append(f"{time:>{TIME_WIDTH}}  ", "dim").append_text(what)
        line.rstrip()
        self.log.print(line)

    def outcome(self, name: str, job: Job | None, error: ClientError | None, since: float | None) -> None:
        """How it ended: the score and what it rests on, or what went wrong."""
        head = Text().append(f"{name}  ", "bold")
        if error is not None:
            self.result.print(head.append(f"{error.code}: {printable(error.message)}", "bold red"))
        elif job is None or job.score is None:
            status = "UNKNOWN" if job is None else job.status
            said = "" if job is None else phrases.state(job)
            self.result.print(head.append(status, COLOURS.get(status, "")).append(f"  {said}"))
        else:
            self.result.print(head.append(f"{job.score:.2f} points", "bold green"))
            for row, text in phrases.summary(job.read_result(), since):
                style = "yellow" if row == "warning" else ""
                self.result.print(Text().append(f"  {row:<9} ", "dim").append(text, style))


class JobTrace(Observer):
    """The trace of one job among those that `trace` shows."""

    def __init__(self, trace: Trace, name: str, path: Path | None = None) -> None:
        self.trace = trace
        self.name = name
        self.path = path
        self.ended_after: float | None = None
        self._bar: TaskID | None = None
        self._quarter = 0
        self._waiting = False

    def uploading(self, sent: int, total: int) -> None:
        """A bar on a terminal, quarters elsewhere; large uploads only."""
        if total < SHOWS_UPLOAD_FROM:
            return
        if not self.trace.uploads.disable:
            if self._bar is None:
                self.trace.uploads.start()
                self._bar = self.trace.uploads.add_task(self.name, total=total)
            self.trace.uploads.update(self._bar, completed=sent)
        elif (quarter := sent * 4 // total) > self._quarter:
            self._quarter = quarter
            self.trace.line(self.name, "", Text(f"sent {quarter * 25} % of {phrases.size(total)}", "dim"))

    def fares(self, told: Fares, wait: float | None) -> None:
        """Told when the upload has to wait, and when it goes on after that."""
        if told.state is UploadState.WAITING:
            self._waiting = True
            until = "" if wait is None else f"; again in {phrases.duration(wait)}"
            self.trace.line(
                self.name, "", Text(f"waiting: {phrases.WAITING.get(told.reason, told.reason)}{until}", "yellow")
            )
        elif self._waiting and told.state is UploadState.SENDING:
            self._waiting = False
            self.trace.line(self.name, "", Text("sending again", "dim"))

    def resumed(self, made: Created) -> None:
        """An upload that was begun before."""
        self.trace.line(self.name, "", Text(f"goes on where it was interrupted  {made.job.status}", "dim"))

    def resumable(self, present: int, count: int, until: str) -> None:
        """How to go on after an interruption."""
        there = f"interrupted with {present} of {count} parts there"
        command = f"divescore score --resume {shlex.quote(printable(str(self.path)))}"
        self.trace.line(self.name, "", Text(f"{there}, until {until}. Go on with: {command}", "yellow"))

    def uploaded(self, size: int, seconds: float) -> None:
        """From here on times count."""
        if self._bar is not None:
            self.trace.uploads.remove_task(self._bar)
        text = Text().append("uploaded", "bold").append(f"  {phrases.size(size)} in {phrases.duration(seconds)}", "dim")
        self.trace.line(self.name, "0 ms", text)

    def event(self, event: Event, since: float | None) -> None:
        """A push: its time since the upload ended, the state, how far it is."""
        job = event.job
        if job.final:
            self.ended_after = since
        what = Text().append(f"{job.status:<{STATUS_WIDTH}}  ", COLOURS.get(job.status, ""))
        if job.progress is not None and self.trace.log.is_terminal:
            filled = round(min(1.0, max(0.0, job.progress.fraction)) * BAR)
            what.append("━" * filled, "yellow").append("━" * (BAR - filled), "dim").append("  ")
        what.append(phrases.state(job), "bold" if job.status == "SCORED" else "")
        if event.type == "read":
            what.append("  (read, not pushed)", "dim")
        time = (
            "" if since is None else f"+{phrases.duration(since)}" if round(since, 3) >= 0 else phrases.duration(since)
        )
        self.trace.line(self.name, time, what)


def label(path: Path) -> str:
    """A file's name as the trace shows it."""
    return printable(path.name)
