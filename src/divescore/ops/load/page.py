"""The report as one page of HTML: tables and charts, no script, nothing from elsewhere. Pure."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from divescore.ops.load.report_charts import charts
from divescore.ops.load.thresholds import COUNTS

FIGURES = ("n", "mean", "p50", "p90", "p95", "p99", "p99.9", "max")
WORDS = {
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
# Counts that need not be 0 in a run without a fault.
HARMLESS = {"rejected", "late", "cancelled"}
STYLE = """
:root{color-scheme:light dark;--ink:#1c2b36;--soft:#5b6875;--faint:#d5dde2;--paper:#fff;--panel:#f5f7f9;--bad:#b3261e;
--good:#18794e}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#9aa7b4;--faint:#33404d;--paper:#11181f;--panel:#1a232d;
--bad:#ff8a80;--good:#6fd3a1;--line0:#6cb6ff;--line1:#ff8f9c;--line2:#a5d26f;--line3:#d2a0ff;--line4:#f0c75e}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:960px;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p.lead{color:var(--soft);margin:.25rem 0 1.5rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--faint);text-align:right}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:600}
.counts{display:flex;flex-wrap:wrap;gap:.5rem}
.counts div{background:var(--panel);border-radius:.5rem;padding:.5rem .9rem}
.counts b{display:block;font-size:1.3rem;font-variant-numeric:tabular-nums}.counts span{color:var(--soft)}
.bad{color:var(--bad)}.good{color:var(--good)}
figure{margin:1rem 0;background:var(--panel);border-radius:.5rem;padding:1rem}figcaption{font-weight:600}
svg{width:100%;height:auto}
pre{background:var(--panel);padding:1rem;border-radius:.5rem;overflow:auto;font-size:12px}
"""


def page(report: Mapping[str, Any]) -> str:
    """The whole page."""
    source = report["provenance"]
    lead = f"{report['jobs']} jobs via {source['via']} on {source['stack']}, {source['schedule']}, {source['at']}"
    body = [
        f"<h1>Load test</h1><p class=lead>{escape(lead)}</p>",
        _requirements(report),
        _counts(report),
        _latency(report),
        _run(report),
        _processor(report["processor"]),
        *(_figure(title, drawing) for title, drawing in charts(report).items()),
        "<h2>Where this comes from</h2>",
        f"<pre>{escape(json.dumps(source, indent=2, ensure_ascii=False))}</pre>",
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>Load test: {escape(lead)}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _requirements(report: Mapping[str, Any]) -> str:
    rows = []
    for verdict in report.get("requirements", []):
        mark, word = ("good", "met") if verdict["met"] else ("bad", "not met")
        actual = "nothing measured" if verdict["actual"] is None else f"{verdict['actual']:g}"
        rows.append(f"<tr><td>{escape(verdict['require'])}<td>{actual}<td class={mark}>{word}")
    if report["interrupted"]:
        rows.append("<tr><td>The run was interrupted.<td><td>")
    if report["out_of_patience"]:
        rows.append("<tr><td>The run ended because no messages came any more.<td><td>")
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _counts(report: Mapping[str, Any]) -> str:
    tiles = [f"<div><b>{report['throughput']:.2f}/s</b><span>scored</span></div>"]
    for name, words in WORDS.items():
        mark = ' class="bad"' if report[name] and name in COUNTS and name not in HARMLESS else ""
        tiles.append(f"<div><b{mark}>{report[name]}</b><span>{words}</span></div>")
    return f"<h2>Jobs and pushes</h2><div class=counts>{''.join(tiles)}</div>"


def _latency(report: Mapping[str, Any]) -> str:
    rows = list(report["latency"].items())
    rows += [(f"pushed, {kind}", report[kind]["pushed"]) for kind in ("cold", "warm")]
    rows += [("pushed, from the actual send", report["uncorrected"]), ("claim to score", report["service"])]
    rows += [("generator lag", report["lag"])]
    head = "".join(f"<th>{name}" for name in FIGURES)
    lines = _rows((name, *(_number(figures.get(figure)) for figure in FIGURES)) for name, figures in rows)
    return f"<h2>Latency from the intended start, seconds</h2><table><tr><th>{head}</tr>{lines}</table>"


def _run(report: Mapping[str, Any]) -> str:
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
        "messages in the dead-letter queues": report["dead_letters"],
        "errors": report["errors"] or None,
    }
    return f"<h2>The run</h2><table>{_rows(row for row in rows.items() if row[1] is not None)}</table>"


def _processor(account: Mapping[str, Any] | None) -> str:
    if account is None:
        return ""
    rows = [(stage, seconds, account["ms_per_dive"].get(stage, "")) for stage, seconds in account["seconds"].items()]
    rows += [("in all", account["total"], round(sum(account["ms_per_dive"].values()), 1) or "")]
    rows += [("the machine, whatever it did", account["machine"], "")]
    head = "<tr><th><th>seconds<th>ms a dive</tr>"
    return f"<h2>Processor time</h2><table>{head}{_rows(rows)}</table>"


def _figure(title: str, drawing: str) -> str:
    if not drawing:
        return f"<p>{escape(title)}: nothing was measured.</p>"
    return f"<figure><figcaption>{escape(title)}</figcaption>{drawing}</figure>"


def _rows(rows: Iterable[tuple[object, ...]]) -> str:
    return "".join("<tr>" + "".join(f"<td>{escape(str(cell))}" for cell in row) for row in rows)


def _number(value: float | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.3f}"
