"""The watchers over real sockets on loopback: every message enters the log, and nothing is repaired in silence."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from divescore.client.errors import ClientError
from divescore.ops.load import sockets as sockets_module
from divescore.ops.load.clock import now
from divescore.ops.load.errors import SendFailed
from divescore.ops.load.job_log import JobLog, PushRecord
from divescore.ops.load.sockets import Sockets
from tests.unit.client.service import Service

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

HAPPENS_WITHIN = 5.0
WRITTEN = "2026-11-23T07:00:00.000Z"


class Watched:
    """Jobs `job0`, `job1`, ... of a service that can be told to misbehave, and the watchers of each."""

    def __init__(self, jobs: int = 1, sockets: int | None = None, watchers: int = 1) -> None:
        self.service = Service()
        self.log = JobLog([0.0] * jobs)
        self.sockets = Sockets(jobs, sockets, watchers, self.log, now)
        self.no_ticket = False
        for number in range(jobs):
            self.service.add(f"job{number}")["updatedAt"] = WRITTEN
            self.log.created(number, f"job{number}", self.sockets.of(number), 1, now())

    async def watch(self, number: int = 0) -> None:
        name = f"job{number}"
        await self.sockets.watch(number, name, f"token-{name}", self.service.live_url, self.address)

    async def address(self) -> str:
        if self.no_ticket:
            raise ClientError("UNREACHABLE", "Nothing answers.")
        return self.service.live_url

    async def repeat(self, number: int = 0) -> None:
        """Push the present state of a job again."""
        for socket in tuple(self.service.watchers[f"job{number}"]):
            await socket.send(json.dumps({"type": "job", "job": self.service.jobs[f"job{number}"]}))

    def pushes(self, number: int = 0) -> PushRecord:
        """What the first watcher of a job got."""
        return self.log.jobs[number].pushes[self.sockets.of(number)[0]]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def run(watched: Watched, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(HAPPENS_WITHIN), watched.service.running():
            try:
                await work()
            finally:
                await watched.sockets.close()

    asyncio.run(limited())


def test_every_message_is_entered_what_comes_twice_and_after_the_end_too() -> None:
    watched = Watched()

    async def work() -> None:
        await watched.watch()
        for status in ("QUEUED", "PROCESSING", "SCORED"):
            await watched.service.advance("job0", status)
        await watched.repeat()
        await watched.service.advance("job0", "QUEUED")
        await until(lambda: watched.log.messages == 6)

    run(watched, work)
    pushes = watched.pushes()
    assert (pushes.duplicates, pushes.out_of_order, pushes.missed) == (1, 0, 0)
    assert pushes.seen == {1, 2, 3, 4, 5}
    assert watched.sockets.tally == {"opened": 1}
    assert watched.service.subscriptions == ["job0"], "nothing is subscribed again, not even at the end"


def test_all_watchers_of_a_job_hear_of_it_over_sockets_of_their_own() -> None:
    watched = Watched(jobs=3, sockets=3, watchers=2)

    async def work() -> None:
        await asyncio.gather(*(watched.watch(number) for number in range(3)))
        for number in range(3):
            await watched.service.advance(f"job{number}", "SCORED")
        await until(lambda: all(job.ended for job in watched.log.jobs))

    run(watched, work)
    assert watched.log.messages == 3 * 2 * 2
    assert watched.sockets.tally == {"opened": 3}
    assert watched.service.calls == [], "nothing is read over HTTP"


def test_a_cut_socket_comes_back_with_a_fresh_ticket_and_its_snapshot_is_excused() -> None:
    watched = Watched()

    async def work() -> None:
        await watched.watch()
        await watched.service.advance("job0", "QUEUED")
        await until(lambda: watched.log.messages == 2)
        watched.service.kill()
        await until(lambda: watched.log.messages == 3)
        await watched.service.advance("job0", "PROCESSING")
        await until(lambda: watched.log.messages == 4)

    run(watched, work)
    assert watched.sockets.tally == {"opened": 2, "lost": 1}
    assert len(set(watched.service.tickets)) == 2
    assert (watched.pushes().duplicates, watched.pushes().excused) == (0, 0)


def test_sockets_that_do_not_get_through_are_tried_on_and_jobs_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets_module, "ANSWERS_WITHIN", 0.1)
    watched = Watched()
    watched.service.handshake_status = 503

    async def work() -> None:
        watching = asyncio.create_task(watched.watch())
        await until(lambda: watched.sockets.tally["refused with 503"] >= 2)
        watched.no_ticket = True
        await until(lambda: watched.sockets.tally["no ticket"] >= 1)
        watched.no_ticket, watched.service.handshake_status = False, None
        await until(lambda: watched.log.messages == 1)
        await watching

    run(watched, work)
    assert watched.sockets.tally["opened"] == 1
    assert watched.sockets.tally["answered late"] == 1
    assert watched.service.calls == []


def test_a_refused_subscription_fails_its_send_and_no_other() -> None:
    watched = Watched(jobs=2, sockets=1)
    watched.service.revoked.add("job1")

    async def work() -> None:
        await watched.watch(0)
        with pytest.raises(SendFailed) as refused:
            await watched.watch(1)
        assert refused.value.code == "FORBIDDEN"
        await watched.service.advance("job0", "SCORED")
        await until(lambda: watched.log.jobs[0].ended)

    run(watched, work)
    assert watched.sockets.tally == {"opened": 1, "told FORBIDDEN": 1}


def test_one_job_too_many_for_a_connection_fails_its_send(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()

    async def refuse(socket: Any, job_id: str) -> None:
        error = {"type": "error", "code": "TOO_MANY_JOBS", "message": "At most 100.", "jobId": job_id}
        await socket.send(json.dumps(error))

    monkeypatch.setattr(watched.service, "_subscribe", refuse)

    async def work() -> None:
        with pytest.raises(SendFailed) as refused:
            await watched.watch()
        assert refused.value.code == "TOO_MANY_JOBS"

    run(watched, work)


def test_what_is_no_news_of_a_job_is_counted_apart() -> None:
    watched = Watched()

    async def work() -> None:
        await watched.watch()
        for socket in tuple(watched.service.sockets):
            for message in ("nonsense", '{"type":"job","job":{"jobId":"job0","status":"QUEUED","version":2}}'):
                await socket.send(message)
            stranger = watched.service.jobs["job0"] | {"jobId": "stranger"}
            await socket.send(json.dumps({"type": "job", "job": stranger}))
        await until(lambda: watched.sockets.tally.total() == 4)

    run(watched, work)
    assert watched.sockets.tally == {"opened": 1, "unreadable": 2, "unasked": 1}
    assert watched.log.messages == 1


def test_a_silent_connection_is_kept_open_by_a_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets_module, "KEEPALIVE", 0.05)
    watched = Watched()
    heard: list[str] = []
    watched.service.heard = heard.append

    async def work() -> None:
        await watched.watch()
        await until(lambda: heard.count("ping") >= 2)

    run(watched, work)
    assert heard[0] == "subscribe"
    assert heard.count("subscribe") == 1
