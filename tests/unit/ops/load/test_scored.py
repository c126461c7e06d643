"""Dives that are measured: all of them have scores, or there is no measurement."""

import asyncio
from pathlib import Path

import pytest

from divescore.client.errors import ClientError
from divescore.ops.load.job_log import JobLog
from divescore.ops.load.scored import NotScored, scored_dives
from tests.unit.ops.load.test_run import ScoringRoute


def score(
    monkeypatch: pytest.MonkeyPatch, keeps: set[int] | None = None, refuses: set[int] | None = None
) -> tuple[JobLog, list[str]]:
    """The log of five dives on a system that keeps or refuses some of them, and the calls of the route."""
    routes: list[ScoringRoute] = []

    def route(_api: str, _clips: list[Path], log: JobLog, _sockets: object) -> ScoringRoute:
        routes.append(ScoringRoute(log, keeps or set(), refuses or set()))
        return routes[0]

    async def inside() -> JobLog:
        async with scored_dives("http://api", Path("dive.webm"), 5, 2, 0.5) as (log, _):
            return log

    monkeypatch.setattr("divescore.ops.load.scored.UploadRoute", route)
    try:
        return asyncio.run(inside()), routes[0].calls
    except ClientError as error:
        error.add_note(" ".join(routes[0].calls))
        raise


def test_all_are_sent_though_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    log, calls = score(monkeypatch)
    assert [job.status for job in log.jobs] == ["SCORED"] * 5
    assert calls == ["closed"]


def test_one_that_is_refused_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotScored, match="was not sent: too many"):
        score(monkeypatch, refuses={3})


def test_what_is_not_scored_in_time_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClientError, match=r"within 0\.5 s") as caught:
        score(monkeypatch, keeps={1})
    assert caught.value.code == "NOT_FINISHED"
    assert caught.value.__notes__ == ["cancelled 1 closed"]
