"""A run as one document: what `--json` prints and the page draws. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from divescore.ops.load.job_log import SCORED, Entry, Ledger
from divescore.ops.load.percentiles import spread
from divescore.ops.load.run import Run
from divescore.views import SETTLED, iso

# Stage -> the state that ends it; `upload`, `sent` and `pushed` are moments of this program.
STATES = {"admitted": "QUEUED", "started": "PROCESSING"}
BUSY_WINDOW = 10.0


def build(run: Run, route: str, answers: Counter[str], provenance: dict[str, Any]) -> dict[str, Any]:
    """The report. Durations are seconds, latencies count from each job's intended start."""
    ledger, sends = run.ledger, run.sends
    entries = ledger.entries
    states = Counter(entry.status for entry in entries if entry.sent is not None or entry.status in SETTLED)
    refused = Counter(entry.refused for entry in entries if entry.refused is not None)
    hearings = list(ledger.hearings())
    cold = first_of_a_worker(entries)
    lost = ledger.open if not run.interrupted else frozenset()
    return {
        "jobs": len(entries),
        "sent": sum(entry.sent is not None for entry in entries),
        "scored": states[SCORED],
        "rejected": states["REJECTED"],
        "failed": states["FAILED"] + states["EXPIRED"],
        "lost": len(lost),
        "duplicates": sum(hearing.duplicates for hearing in hearings),
        "out_of_order": sum(hearing.out_of_order for hearing in hearings),
        "throughput": throughput(ledger),
        "latency": latency(entries, route),
        "late": sum(hearing.late for hearing in hearings),
        "missed": sum(hearing.missed for hearing in hearings),
        "scored_twice": sum(len(entry.scores) > 1 for entry in entries),
        "cancelled": states["CANCELLED"],
        "planned": sends.planned,
        "dropped": sends.dropped,
        "unsent": sends.unsent,
        "refused": sum(refused.values()),
        "errors": dict(refused.most_common()),
        "lost_jobs": [
            {"job": entries[number].job_id, "heard": entries[number].status, "read": run.read.get(number)}
            for number in sorted(lost)[:100]
        ],
        "lag": spread(sends.lags),
        "uncorrected": latency(entries, route, from_send=True)["pushed"],
        "cold": of_some(entries, cold, route),
        "warm": of_some(entries, {entry.number for entry in entries} - cold, route),
        "service": spread(service_times(entries)),
        "workers": {"configured": provenance.get("workers"), "most_at_once": most_at_once(entries)},
        "drain": drain(entries),
        "tail": tail(entries),
        "busiest": busiest(entries),
        "start": iso(round(ledger.started_at * 1000)),
        "duration": round(run.ended_at - ledger.started_at, 3),
        "preparation": round(run.prepared_in, 3),
        "interrupted": run.interrupted,
        "out_of_patience": run.out_of_patience,
        "pushes": {"messages": ledger.messages, "least_delay": ledger.least_delay},
        "sockets": {"count": run.sockets.count, **dict(run.sockets.tally)},
        "answers": dict(answers),
        "dead_letters": run.dead_letters,
        "queue_missed": run.depths_missed,
        "queue": [
            {
                "at": round(sample.at - ledger.started_at, 3),
                "waiting": sample.waiting,
                "in_flight": sample.in_flight,
                "uploads": sample.uploads,
            }
            for sample in run.depths
        ],
        "samples": {
            "intended": _since(ledger, (entry.intended for entry in entries)),
            "sent": _since(ledger, (entry.sent for entry in entries)),
            "admitted": _since(ledger, (entry.reached.get("QUEUED") for entry in entries)),
            "claimed": _since(ledger, (entry.reached.get("PROCESSING") for entry in entries)),
            "scored": _since(ledger, (end_of(entry) for entry in entries)),
            "arrived": _since(ledger, (entry.pushed for entry in entries)),
        },
        "provenance": provenance | {"load": [round(value, 2) for value in run.load]},
    }


def latency(entries: Iterable[Entry], route: str, from_send: bool = False) -> dict[str, dict[str, float]]:
    """The spread of each stage's end, seconds after the intended start (or, with `from_send`, the actual one)."""
    stages: dict[str, list[float]] = {"upload" if route == "upload" else "sent": []}
    stages |= {name: [] for name in STATES if route == "upload" or name != "admitted"} | {"scored": [], "pushed": []}
    first = next(iter(stages))
    for entry in entries:
        start = entry.began if from_send else entry.intended
        if start is None or entry.sent is None:
            continue
        moments = {first: entry.sent, "scored": entry.reached.get(SCORED), "pushed": entry.pushed}
        moments |= {name: entry.reached.get(state) for name, state in STATES.items()}
        for name, samples in stages.items():
            if (moment := moments[name]) is not None:
                samples.append(moment - start)
    return {name: spread(samples) for name, samples in stages.items()}


def of_some(entries: Sequence[Entry], numbers: set[int], route: str) -> dict[str, dict[str, float]]:
    """The latencies of some of the jobs, from their start on."""
    some = latency([entry for entry in entries if entry.number in numbers], route)
    return {name: some[name] for name in ("started", "scored", "pushed")}


def end_of(entry: Entry) -> float | None:
    """When the service wrote the job's final state, if it is known."""
    moments = [at for status, at in entry.reached.items() if status in SETTLED]
    return max(moments, default=None)


def worked(entries: Iterable[Entry]) -> list[tuple[float, float, int]]:
    """(start, end, number) of every job that was worked on to its end, in the order of starts."""
    spans = []
    for entry in entries:
        start, end = entry.reached.get("PROCESSING"), end_of(entry)
        if start is not None and end is not None:
            spans.append((start, max(start, end), entry.number))
    return sorted(spans)


def service_times(entries: Iterable[Entry]) -> list[float]:
    """Seconds from claim to score, by the service's own clock."""
    return [
        entry.reached[SCORED] - entry.reached["PROCESSING"]
        for entry in entries
        if SCORED in entry.reached and "PROCESSING" in entry.reached
    ]


def most_at_once(entries: Iterable[Entry]) -> int:
    """The most jobs that were being worked on at a time."""
    return max((busy for _, busy in _busy(entries)), default=0)


def first_of_a_worker(entries: Iterable[Entry]) -> set[int]:
    """The jobs at whose start more were being worked on than ever before in the run: one more worker had to begin.

    Which process worked is not told to clients; this finds at least those that the run itself brought to work.
    """
    cold, most = set(), 0
    for number, busy in _busy(entries):
        if busy > most:
            cold.add(number)
            most = busy
    return cold


def throughput(ledger: Ledger) -> float:
    """Jobs scored per second, from the first intended start until the last score was heard."""
    heard = [entry.pushed for entry in ledger.entries if entry.status == SCORED and entry.pushed is not None]
    span = max(heard, default=0.0) - ledger.started_at
    return round(len(heard) / span, 4) if span > 0 else 0.0


def drain(entries: Sequence[Entry]) -> float | None:
    """Seconds from the first send until the last job was in its final state; None when there is no such thing."""
    sent = [entry.sent for entry in entries if entry.sent is not None]
    ends = [end for entry in entries if (end := end_of(entry)) is not None]
    return round(max(0.0, max(ends) - min(sent)), 3) if sent and ends else None


def tail(entries: Sequence[Entry]) -> float | None:
    """Seconds from the last send until the last end was heard; None when there is no such thing."""
    sent = [entry.sent for entry in entries if entry.sent is not None]
    heard = [entry.pushed for entry in entries if entry.pushed is not None]
    return round(max(0.0, max(heard) - max(sent)), 3) if sent and heard else None


def busiest(entries: Iterable[Entry]) -> float:
    """The most jobs a second that ended within any ten seconds."""
    ends = sorted(end for entry in entries if (end := end_of(entry)) is not None)
    most = first = 0
    for number, at in enumerate(ends):
        while at - ends[first] >= BUSY_WINDOW:
            first += 1
        most = max(most, number - first + 1)
    return round(most / BUSY_WINDOW, 2)


def _busy(entries: Iterable[Entry]) -> list[tuple[int, int]]:
    """(number, jobs being worked on, itself included) at each start."""
    running: list[float] = []
    counts = []
    for start, end, number in worked(entries):
        running = [other for other in running if other > start]
        running.append(end)
        counts.append((number, len(running)))
    return counts


def _since(ledger: Ledger, moments: Iterable[float | None]) -> list[float | None]:
    return [None if moment is None else round(moment - ledger.started_at, 4) for moment in moments]
