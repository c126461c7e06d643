"""Jobs in words: plain text without colour, for the live trace and the summary."""

from collections.abc import Iterator

from divescore.client.models import Job
from divescore.printable import printable
from divescore.result import DiveSeen, Result

SOURCES = {"given": "declared", "dive": "from the declared dive", "predicted": "predicted"}
WAITING = {
    "NETWORK": "the connection broke",
    "UNAVAILABLE": "the service or its storage is not available",
    "RATE_LIMITED": "the service asks for patience",
}
TIMES = "\N{MULTIPLICATION SIGN}"
UNITS = ("B", "KB", "MB", "GB")


def duration(seconds: float) -> str:
    """Milliseconds up to a second, then seconds."""
    return f"{round(seconds * 1000)} ms" if abs(seconds) < 1 else f"{seconds:.2f} s"


def size(count: int) -> str:
    """A number of bytes, in units of 1024."""
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} {UNITS[unit]}" if amount >= 10 or unit == 0 else f"{amount:.1f} {UNITS[unit]}"


def turns(count: int) -> str:
    """A number of half turns as turns: 7 -> "3½"."""
    whole, half = divmod(count, 2)
    return f"{whole or ''}{'½' if half else ''}" or "0"


def dive(dive: DiveSeen) -> str:
    """A dive as an announcer calls it: "forward 3½ somersaults, 1 twist, pike"."""
    words = ["armstand"] if dive.armstand else []
    words.append(dive.rotation)
    if dive.half_somersaults:
        words.append(f"{turns(dive.half_somersaults)} somersault{'s' if dive.half_somersaults > 2 else ''}")
    parts = [" ".join(word for word in words if word)]
    if dive.half_twists:
        parts.append(f"{turns(dive.half_twists)} twist{'s' if dive.half_twists > 2 else ''}")
    parts.append(dive.position)
    return ", ".join(part for part in parts if part)


def state(job: Job) -> str:
    """What there is to say about a job beside its status."""
    if job.error is not None:
        again = " (it can be tried again)" if job.error.retryable else ""
        return f"{job.error.code}: {printable(job.error.message)}{again}"
    if job.progress is not None:
        return f"{job.progress.stage} {job.progress.fraction:4.0%}"
    if job.ahead is not None:
        return "next in line" if job.ahead <= 0 else f"about {job.ahead} ahead"
    if job.score is not None:
        return f"{job.score:.2f} points"
    return "listening for its video" if job.status == "AWAITING_UPLOAD" else ""


def summary(result: Result | None, since_upload: float | None) -> list[tuple[str, str]]:
    """What a score rests on, as (name, text) rows; without a result that can be read, how long it took at least."""
    rows: list[tuple[str, str]] = []
    timings = ""
    if result is not None:
        rows += foundations(result)
        timings = ", ".join(f"{name} {duration(seconds)}" for name, seconds in result.timings.items())
    if since_upload is not None:
        rows.append(("time", f"{duration(since_upload)} from upload to score" + (f" ({timings})" if timings else "")))
    elif timings:
        rows.append(("time", timings))
    if result is not None:
        rows.extend(("warning", printable(warning)) for warning in result.warnings)
    return rows


def foundations(result: Result) -> Iterator[tuple[str, str]]:
    """The rows of execution and difficulty, interval, dive and model."""
    source = SOURCES.get(result.difficulty_source, result.difficulty_source)
    # A predicted difficulty has hundredths: the product must come out as the score.
    difficulty = f"{result.difficulty:.2f}".removesuffix("0")
    factors = f"execution {result.execution:.2f} of 30 {TIMES} difficulty {difficulty}"
    yield "rests on", f"{factors} ({source})"
    span = result.interval
    yield "interval", f"{span.low:.2f} to {span.high:.2f}, holding the true score {span.level:.0%} of the time"
    source = SOURCES.get(result.dive.source, result.dive.source)
    name = f"{result.dive.number}: " if result.dive.number else ""
    yield "dive", f"{name}{dive(result.dive)} ({source})"
    model = result.model
    trained = f", trained on {model.trained_on} dives" if model.trained_on else ""
    yield "model", f"{model.id} {model.version}{trained}: an estimate, not a judge"
