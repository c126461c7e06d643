"""The report of a made-up run, figure by figure, and its page."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest

from divescore.ops.load.clock import now
from divescore.ops.load.generator import Sends
from divescore.ops.load.job_log import JobLog
from divescore.ops.load.page import page
from divescore.ops.load.report import build
from divescore.ops.load.run import LoadRun
from divescore.ops.load.sampler import QueueDepth
from divescore.ops.load.sockets import Sockets
from divescore.ops.load.thresholds import judge, parse_thresholds

START = 1000.0
# When each job is due, sent, queued, claimed, scored, and its score heard; two workers.
TIMES = [
    (0.0, 0.1, 0.2, 0.3, 1.3, 1.4),
    (0.0, 0.1, 0.2, 0.4, 1.4, 1.5),
    (1.0, 1.1, 1.2, 1.4, 2.4, 2.5),
    (2.0, 2.1, 2.2, 2.5, 3.0, 3.1),
]
PROVENANCE = {"via": "upload", "stack": "dives <here>", "schedule": "1 a second", "at": "today", "workers": 2}


def made() -> LoadRun:
    """Four jobs that were scored, one that was refused at the door, one that was lost, one that was never due."""
    offsets = [times[0] for times in TIMES] + [3.0, 3.5, 9.0]
    log = JobLog(offsets)
    sockets = Sockets(len(offsets), 1, 1, log, now)
    run = LoadRun(log, Sends(len(offsets), started=6, lags=[0.0, 0.001, 0.0, 0.0, 0.02, 0.0]), sockets)
    log.start(START)
    for number, (due, sent, queued, claimed, scored, heard) in enumerate(TIMES):
        log.began(number, START + due)
        log.created(number, f"job{number}", [0], 1, START + due)
        log.heard(number, 0, 1, "AWAITING_UPLOAD", START + due, START + due)
        log.sent(number, START + sent)
        log.heard(number, 0, 2, "QUEUED", START + queued, START + queued + 0.01)
        log.heard(number, 0, 3, "PROCESSING", START + claimed, START + claimed + 0.01)
        log.heard(number, 0, 4, "SCORED", START + scored, START + heard)
    log.began(4, START + 3.02)
    log.refused(4, "RATE_LIMITED", "Too many jobs.")
    log.began(5, START + 3.5)
    log.created(5, "job5", [0], 1, START + 3.5)
    log.sent(5, START + 3.6)
    run.read[5] = "PROCESSING"
    run.ended_at = START + 130.0
    run.depths = [QueueDepth(START + 1.0, 1, 2, 0), QueueDepth(START + 2.0, 0, 1, 3)]
    run.dead_letters = {"scoring": 0}
    return run


def report(run: LoadRun | None = None, require: str = "lost=0,p99=2s") -> dict[str, Any]:
    document = build(run or made(), "upload", Counter({"201": 5}), PROVENANCE)
    return document | {"requirements": judge(document, parse_thresholds(require))}


def test_every_job_is_counted_once() -> None:
    found = report()
    assert (found["jobs"], found["sent"], found["scored"], found["lost"]) == (7, 5, 4, 1)
    assert (found["refused"], found["errors"], found["unsent"], found["dropped"]) == (1, {"RATE_LIMITED": 1}, 1, 0)
    assert found["lost_jobs"] == [{"job": "job5", "heard": "", "read": "PROCESSING"}]
    assert (found["rejected"], found["failed"], found["duplicates"], found["out_of_order"]) == (0, 0, 0, 0)


def test_latencies_count_from_the_intended_start() -> None:
    latency = report()["latency"]
    assert list(latency) == ["upload", "admitted", "started", "scored", "pushed"]
    assert latency["upload"]["n"] == 5
    assert latency["pushed"] == pytest.approx(
        {"n": 4, "mean": 1.375, "min": 1.1, "p50": 1.4, "p90": 1.5, "p95": 1.5, "p99": 1.5, "p99.9": 1.5, "max": 1.5}
    )
    assert latency["started"]["max"] == pytest.approx(0.5)


def test_a_late_start_of_the_generator_is_the_system_s_time_too() -> None:
    run = made()
    for job in run.log.jobs[:4]:
        job.began = (job.began or 0.0) + 0.05
    found = report(run)
    assert found["latency"]["pushed"]["p50"] == pytest.approx(1.4)
    assert found["uncorrected"]["p50"] == pytest.approx(1.35)
    assert found["lag"]["max"] == 0.02


def test_workers_are_seen_by_what_they_do_at_a_time() -> None:
    found = report()
    assert found["workers"] == {"configured": 2, "most_at_once": 2}
    # The third starts at the moment at which the second ends: no further worker.
    assert (found["cold"]["pushed"]["n"], found["warm"]["pushed"]["n"]) == (2, 2)
    assert found["service"]["p50"] == pytest.approx(1.0)
    assert found["service"]["min"] == pytest.approx(0.5)


def test_throughput_counts_until_the_last_score_was_heard() -> None:
    found = report()
    assert found["throughput"] == pytest.approx(4 / 3.1, abs=1e-3)
    assert found["drain"] == pytest.approx(2.9)
    assert found["tail"] == 0.0
    assert found["busiest"] == 0.4
    assert found["samples"]["claimed"] == [0.3, 0.4, 1.4, 2.5, None, None, None]
    assert found["samples"]["arrived"][:4] == [1.4, 1.5, 2.5, 3.1]


def test_a_run_through_the_queue_has_the_stages_of_the_queue() -> None:
    document = build(made(), "queue", Counter(), PROVENANCE)
    assert list(document["latency"]) == ["sent", "started", "scored", "pushed"]


def test_what_an_interrupted_run_left_open_is_not_lost() -> None:
    run = made()
    run.interrupted = True
    assert report(run)["lost"] == 0


def test_a_run_without_anything_has_a_report_too() -> None:
    log = JobLog([0.0])
    run = LoadRun(log, Sends(1), Sockets(1, 1, 1, log, now))
    log.start(START)
    found = build(run, "upload", Counter(), PROVENANCE) | {"requirements": []}
    assert found["latency"]["pushed"] == {"n": 0}
    assert (found["throughput"], found["drain"], found["workers"]["most_at_once"]) == (0.0, None, 0)
    assert "nothing was measured" in page(found)


class Reader(HTMLParser):
    """Which elements a page has, and every address in it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]


def test_the_page_needs_nothing_but_itself() -> None:
    text = page(report())
    reader = Reader()
    reader.feed(text)
    assert reader.tags["svg"] == 4
    assert (reader.tags["script"], reader.tags["link"]) == (0, 0)
    # What a chart refers to is in the page itself.
    assert [address for address in reader.addresses if not address.startswith("#")] == []
    assert text.count("url(") == text.count("url(#")
    assert "@import" not in text
    assert "prefers-color-scheme:dark" in text
    assert "dives &lt;here&gt;" in text
    assert "not met" in text


def test_the_page_shows_the_figures_of_the_report() -> None:
    text = page(report())
    assert re.search(r"<b class=\"bad\">1</b><span>lost", text)
    assert "<td>pushed<td>4<td>1.375" in text
