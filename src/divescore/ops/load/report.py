"""A run as one document: what `--json` prints and the page shows. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from divescore.ops.load.job_log import SCORED, JobLog, JobRecord
from divescore.ops.load.percentiles import spread
from divescore.ops.load.run import LoadRun
from divescore.ops.load.schedule import most_within
from divescore.views import SETTLED, iso

STATES = {"admitted": "QUEUED", "started": "PROCESSING", "scored": SCORED}  # stage -> the state that ends it
BUSY_WINDOW = 10.0


def build(run: LoadRun, route: str, answers: Counter[str], provenance: dict[str, Any]) -> dict[str, Any]:
    """The report. Durations are seconds, latencies count from each job's intended start."""
    log, sends, jobs = run.log, run.sends, run.log.jobs
    states = Counter(job.status for job in jobs if job.sent is not None or job.status in SETTLED)
    refused = Counter(job.refused for job in jobs if job.refused is not None)
    pushes = list(log.pushes())
    first = first_of_a_worker(jobs)
    cold, warm = ([job for job in jobs if (job.number in first) is cold] for cold in (True, False))
    lost = log.open if not run.interrupted else set()
    return {
        "jobs": len(jobs),
        "sent": sum(job.sent is not None for job in jobs),
        "scored": states[SCORED],
        "rejected": states["REJECTED"],
        "failed": states["FAILED"] + states["EXPIRED"],
        "lost": len(lost),
        "duplicates": sum(push.duplicates for push in pushes),
        "out_of_order": sum(push.out_of_order for push in pushes),
        "throughput": throughput(log),
        "latency": latency(jobs, route),
        "late": sum(push.late for push in pushes),
        "missed": sum(push.missed for push in pushes),
        "scored_twice": sum(len(job.scores) > 1 for job in jobs),
        "cancelled": states["CANCELLED"],
        "planned": sends.planned,
        "dropped": sends.dropped,
        "unsent": sends.unsent,
        "refused": sum(refused.values()),
        "errors": dict(refused.most_common()),
        "lost_jobs": [
            {"job": jobs[number].job_id, "heard": jobs[number].status, "read": run.read.get(number)}
            for number in sorted(lost)[:100]
        ],
        "lag": spread(sends.lags),
        "uncorrected": latency(jobs, route, from_send=True)["pushed"],
        "cold": from_claim(cold, route),
        "warm": from_claim(warm, route),
        "service": spread(service_times(jobs)),
        "workers": {"configured": provenance.get("workers"), "most_at_once": most_at_once(jobs)},
        "drain": drain(jobs),
        "tail": tail(jobs),
        "busiest": busiest(jobs),
        "start": iso(round(log.started_at * 1000)),
        "duration": round(run.ended_at - log.started_at, 3),
        "preparation": round(run.prepared_in, 3),
        "interrupted": run.interrupted,
        "out_of_patience": run.out_of_patience,
        "pushes": {"messages": log.messages, "least_delay": log.least_delay},
        "sockets": {"count": run.sockets.count, **dict(run.sockets.tally)},
        "answers": dict(answers),
        "dead_letters": run.dead_letters,
        "processor": run.account.report(states[SCORED]) if run.account else None,
        "queue_missed": run.depths_missed,
        "queue": [asdict(depth) | {"at": round(depth.at - log.started_at, 3)} for depth in run.depths],
        "samples": {
            "intended": _since(log, (job.intended for job in jobs)),
            "sent": _since(log, (job.sent for job in jobs)),
            "admitted": _since(log, (job.reached.get("QUEUED") for job in jobs)),
            "claimed": _since(log, (job.reached.get("PROCESSING") for job in jobs)),
            "scored": _since(log, (end_of(job) for job in jobs)),
            "arrived": _since(log, (job.pushed for job in jobs)),
        },
        "provenance": provenance | {"load": [round(value, 2) for value in run.load]},
    }


def latency(jobs: Iterable[JobRecord], route: str, from_send: bool = False) -> dict[str, dict[str, float]]:
    """The spread of each stage's end, seconds after the intended start (or, with `from_send`, the actual one)."""
    first = ["upload", "admitted"] if route == "upload" else ["sent"]
    samples: dict[str, list[float]] = {stage: [] for stage in (*first, "started", "scored", "pushed")}
    for job in jobs:
        start = job.began if from_send else job.intended
        if start is None or job.sent is None:
            continue
        moments = {first[0]: job.sent, "pushed": job.pushed}
        moments |= {stage: job.reached.get(state) for stage, state in STATES.items()}
        for stage, seconds in samples.items():
            if (moment := moments[stage]) is not None:
                seconds.append(moment - start)
    return {stage: spread(values) for stage, values in samples.items()}


def from_claim(jobs: Iterable[JobRecord], route: str) -> dict[str, dict[str, float]]:
    """The latencies of some of the jobs, from the claim on."""
    stages = latency(jobs, route)
    return {stage: stages[stage] for stage in ("started", "scored", "pushed")}


def end_of(job: JobRecord) -> float | None:
    """When the service wrote the job's final state, if it is known."""
    return max((at for status, at in job.reached.items() if status in SETTLED), default=None)


def service_times(jobs: Iterable[JobRecord]) -> list[float]:
    """Seconds from claim to score, by the service's own clock."""
    return [
        job.reached[SCORED] - job.reached["PROCESSING"]
        for job in jobs
        if SCORED in job.reached and "PROCESSING" in job.reached
    ]


def most_at_once(jobs: Iterable[JobRecord]) -> int:
    """The most jobs that were being worked on at a time."""
    return max((busy for _, busy in _busy(jobs)), default=0)


def first_of_a_worker(jobs: Iterable[JobRecord]) -> set[int]:
    """The jobs at whose start more were being worked on than ever before in the run: one more worker had to begin.

    Clients do not learn which process scored; this finds at least the workers that the run itself brought to work.
    """
    found, most = set(), 0
    for number, busy in _busy(jobs):
        if busy > most:
            found.add(number)
            most = busy
    return found


def throughput(log: JobLog) -> float:
    """Jobs scored per second, from the first intended start until the last score was pushed."""
    pushed = [job.pushed for job in log.jobs if job.status == SCORED and job.pushed is not None]
    span = max(pushed, default=0.0) - log.started_at
    return round(len(pushed) / span, 4) if span > 0 else 0.0


def drain(jobs: Sequence[JobRecord]) -> float | None:
    """Seconds from the first send until the last job was in its final state; None when there is no such thing."""
    sent = [job.sent for job in jobs if job.sent is not None]
    ends = [end for job in jobs if (end := end_of(job)) is not None]
    return round(max(0.0, max(ends) - min(sent)), 3) if sent and ends else None


def tail(jobs: Sequence[JobRecord]) -> float | None:
    """Seconds from the last send until the last end was pushed; None when there is no such thing."""
    sent = [job.sent for job in jobs if job.sent is not None]
    pushed = [job.pushed for job in jobs if job.pushed is not None]
    return round(max(0.0, max(pushed) - max(sent)), 3) if sent and pushed else None


def busiest(jobs: Iterable[JobRecord]) -> float:
    """The most jobs a second that ended within any ten seconds."""
    ends = sorted(end for job in jobs if (end := end_of(job)) is not None)
    return round(most_within(ends, BUSY_WINDOW) / BUSY_WINDOW, 2)


def _busy(jobs: Iterable[JobRecord]) -> list[tuple[int, int]]:
    """(number, jobs being worked on, itself included) at each start, in the order of starts."""
    spans = []
    for job in jobs:
        start, end = job.reached.get("PROCESSING"), end_of(job)
        if start is not None and end is not None:
            spans.append((start, max(start, end), job.number))
    running: list[float] = []
    counts = []
    for start, end, number in sorted(spans):
        running = [other for other in running if other > start]
        running.append(end)
        counts.append((number, len(running)))
    return counts


def _since(log: JobLog, moments: Iterable[float | None]) -> list[float | None]:
    return [None if moment is None else round(moment - log.started_at, 4) for moment in moments]
