"""The report as one page of HTML: tables and plots, no script, nothing from elsewhere. Pure."""

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from divescore.ops.load.percentiles import spectrum
from divescore.ops.load.plots import Line, Point, plot

STAGES = {
    "upload": "uploaded",
    "sent": "message sent",
    "admitted": "admitted",
    "started": "started",
    "scored": "scored",
    "pushed": "pushed",
}
# Where the report has each stage's moments, job by job.
SAMPLES = {
    "upload": "sent",
    "sent": "sent",
    "admitted": "admitted",
    "started": "claimed",
    "scored": "scored",
    "pushed": "arrived",
}
FIGURES = ("n", "mean", "p50", "p90", "p95", "p99", "p99.9", "max")
# Quantiles of the spectrum's axis, whose places grow with each nine.
NINES = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999)
COUNTS = {
    "sent": "sent",
    "scored": "scored",
    "rejected": "rejected",
    "failed": "failed",
    "lost": "lost",
    "duplicates": "duplicate pushes",
    "out_of_order": "out of order",
    "late": "late pushes",
    "missed": "changes never pushed",
    "scored_twice": "scored twice",
    "dropped": "dropped sends",
    "refused": "refused",
    "cancelled": "cancelled",
    "unsent": "not sent",
}
STYLE = """
:root{color-scheme:light dark;--ink:#1b2530;--soft:#5b6875;--line:#d8dee4;--paper:#fff;--panel:#f5f7f9;--bad:#b3261e;
--good:#18794e;--c0:#0b6bcb;--c1:#d1570b;--c2:#1a7f4b;--c3:#8b3fc4;--c4:#b8860b}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#9aa7b4;--line:#33404d;--paper:#11181f;--panel:#1a232d;
--bad:#ff8a80;--good:#6fd3a1;--c0:#6cb6ff;--c1:#ff9d5c;--c2:#6fd3a1;--c3:#d2a0ff;--c4:#f0c75e}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:960px;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p.lead{color:var(--soft);margin:.25rem 0 1.5rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:right}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:600}
.counts{display:flex;flex-wrap:wrap;gap:.5rem}
.counts div{background:var(--panel);border-radius:.5rem;padding:.5rem .9rem}
.counts b{display:block;font-size:1.3rem;font-variant-numeric:tabular-nums}.counts span{color:var(--soft)}
.bad{color:var(--bad)}.good{color:var(--good)}
figure{margin:1rem 0;background:var(--panel);border-radius:.5rem;padding:1rem}figcaption{font-weight:600}
svg{width:100%;height:auto}.grid{stroke:var(--line);stroke-width:1}.line{fill:none;stroke-width:1.8}
.tick{font-size:11px;fill:var(--soft)}.axis{font-size:12px;fill:var(--soft)}
.legend{display:flex;gap:1.2rem;flex-wrap:wrap}
.legend i{display:inline-block;width:1rem;height:.25rem;margin-right:.4rem;
vertical-align:middle;background:currentColor}
.line.c0{stroke:var(--c0)}.line.c1{stroke:var(--c1)}.line.c2{stroke:var(--c2)}.line.c3{stroke:var(--c3)}
.line.c4{stroke:var(--c4)}.legend i.c0{color:var(--c0)}.legend i.c1{color:var(--c1)}.legend i.c2{color:var(--c2)}
.legend i.c3{color:var(--c3)}.legend i.c4{color:var(--c4)}
pre{background:var(--panel);padding:1rem;border-radius:.5rem;overflow:auto;font-size:12px}
"""
BAD_WHEN_ANY = {
    "failed",
    "lost",
    "duplicates",
    "out_of_order",
    "missed",
    "scored_twice",
    "dropped",
    "refused",
    "unsent",
}


def page(report: Mapping[str, Any]) -> str:
    """The whole page."""
    source = report["provenance"]
    lead = f"{report['jobs']} jobs via {source['via']} on {source['stack']}, {source['schedule']}, {source['at']}"
    body = [
        f"<h1>Load test</h1><p class=lead>{escape(lead)}</p>",
        _verdicts(report),
        _counts(report),
        _latency_table(report),
        _figures(report),
        *_plots(report),
        "<h2>Where this comes from</h2>",
        f"<pre>{escape(json.dumps(source, indent=2, ensure_ascii=False))}</pre>",
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>Load test: {escape(lead)}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _verdicts(report: Mapping[str, Any]) -> str:
    rows = []
    for verdict in report.get("requirements", []):
        mark, word = ("good", "met") if verdict["met"] else ("bad", "not met")
        actual = "nothing measured" if verdict["actual"] is None else f"{verdict['actual']:g}"
        rows.append(f"<tr><td>{escape(verdict['require'])}<td>{actual}<td class={mark}>{word}")
    if report["interrupted"]:
        rows.append("<tr><td>The run was interrupted.<td><td>")
    if report["out_of_patience"]:
        rows.append("<tr><td>The run ended because no news came any more.<td><td>")
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _counts(report: Mapping[str, Any]) -> str:
    tiles = [f"<div><b>{report['throughput']:.2f}/s</b><span>scored</span></div>"]
    for name, words in COUNTS.items():
        mark = ' class="bad"' if name in BAD_WHEN_ANY and report[name] else ""
        tiles.append(f"<div><b{mark}>{report[name]}</b><span>{words}</span></div>")
    return f"<h2>Jobs and pushes</h2><div class=counts>{''.join(tiles)}</div>"


def _latency_table(report: Mapping[str, Any]) -> str:
    rows = [(STAGES[name], figures) for name, figures in report["latency"].items()]
    rows += [(f"pushed, {kind}", report[kind]["pushed"]) for kind in ("cold", "warm")]
    rows += [("pushed, from the actual send", report["uncorrected"]), ("claim to score", report["service"])]
    rows += [("generator lag", report["lag"])]
    head = "".join(f"<th>{name}" for name in FIGURES)
    lines = "".join(
        f"<tr><td>{escape(name)}" + "".join(f"<td>{_number(figures.get(figure))}" for figure in FIGURES)
        for name, figures in rows
    )
    return f"<h2>Latency from the intended start, seconds</h2><table><tr><th>{head}</tr>{lines}</table>"


def _figures(report: Mapping[str, Any]) -> str:
    workers = report["workers"]
    rows = {
        "workers at once": f"{workers['most_at_once']} of {workers['configured']}",
        "busiest ten seconds, jobs/s": report["busiest"],
        "first send to last final state, s": report["drain"],
        "last send to last push, s": report["tail"],
        "duration, s": report["duration"],
        "preparation, s": report["preparation"],
        "messages pushed": report["pushes"]["messages"],
        "sockets": report["sockets"]["count"],
        "letters in the dead-letter queues": report["dead_letters"],
        "errors": report["errors"] or None,
    }
    lines = "".join(
        f"<tr><td>{escape(name)}<td>{escape(str(value))}" for name, value in rows.items() if value is not None
    )
    return f"<h2>The run</h2><table>{lines}</table>"


def _plots(report: Mapping[str, Any]) -> list[str]:
    samples = report["samples"]
    intended = samples["intended"]
    spectra = []
    for colour, name in enumerate(report["latency"]):
        moments = zip(intended, samples[SAMPLES[name]], strict=True)
        waits = [end - start for start, end in moments if end is not None]
        # The largest of n stands half a sample before the end, which an axis of nines never reaches.
        places = [(_nines(min(q, 1 - 0.5 / len(waits))), max(value, 1e-4)) for q, value in spectrum(waits)]
        spectra.append(Line(STAGES[name], places, colour))
    longest = max((line.points[-1][0] for line in spectra if line.points), default=1.0)
    ticks = [(_nines(q), f"{q * 100:g} %") for q in NINES if _nines(q) <= longest + 0.5]
    over_time = [
        Line("intended", _rate(intended), 3, steps=True),
        Line("scored", _rate(samples["scored"]), 1, steps=True),
    ]
    moments = zip(intended, samples["arrived"], strict=True)
    by_job = [(float(number), end - start) for number, (start, end) in enumerate(moments) if end is not None]
    depths = [
        Line(words, [(sample["at"], sample[name]) for sample in report["queue"]], colour)
        for colour, (name, words) in enumerate(
            {
                "waiting": "waiting to be scored",
                "in_flight": "with a worker",
                "uploads": "uploads not yet looked at",
            }.items()
        )
    ]
    return [
        plot("Latency spectrum", spectra, "share of jobs", "seconds", ticks, log_y=True),
        plot("Jobs per second", over_time, "seconds since the start", "per second"),
        plot("Queue depth", depths, "seconds since the start", "messages"),
        plot("Latency of the push, job by job", [Line("pushed", by_job, 2)], "jobs as they were due", "seconds"),
    ]


def _nines(quantile: float) -> float:
    """The place of a quantile below 1 on an axis of nines: 90 % at 1, 99 % at 2."""
    return -math.log10(1 - quantile)


def _rate(moments: Sequence[float | None]) -> list[Point]:
    """Per second, in windows of a sixtieth of the run and of a second at least."""
    known = [moment for moment in moments if moment is not None]
    if not known:
        return []
    window = max(1.0, math.ceil(max(known) / 60))
    counts = [0] * (int(max(known) // window) + 1)
    for moment in known:
        counts[max(0, int(moment // window))] += 1
    return [*((number * window, count / window) for number, count in enumerate(counts)), (len(counts) * window, 0.0)]


def _number(value: float | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.3f}"
