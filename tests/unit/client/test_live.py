"""The live connection over real sockets on loopback."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import pytest

from divescore.client.actions import Complaint, LinkState, StateChanged
from divescore.client.connection import SocketTimeouts
from divescore.client.errors import ClientError, LiveRefused
from divescore.client.http import Http
from divescore.client.live import MAX_JOBS, Event, Feed, Live
from divescore.client.protocol import Protocol
from divescore.client.timing import Timing
from tests.unit.client.service import Service

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ARRIVES_WITHIN = 5.0
FAST = Timing(
    first_backoff=0.02,
    longest_backoff=0.1,
    proven_after=0.0,
    answer_within=0.3,
    read_every=0.02,
    try_socket_every=0.1,
)


def quick(http: Http) -> Live:
    """A client that waits for nothing long, and notices soon that nothing passes any more."""
    timeouts = SocketTimeouts(ping_every=0.05, pong_within=0.1, closes_within=0.05)
    return Live(http, protocol=Protocol(FAST), timeouts=timeouts)


def run(work: Coroutine[Any, Any, None], within: float = ARRIVES_WITHIN) -> None:
    async def limited() -> None:
        async with asyncio.timeout(within):
            await work

    asyncio.run(limited())


async def until_final(feed: Feed) -> list[Event]:
    return [event async for event in feed]


def test_every_push_arrives_and_the_feed_ends_with_the_final_one() -> None:
    async def work() -> None:
        service = Service()
        service.add("a")
        async with service.running(), service.http() as http, Live(http) as live:
            feed = live.watch("a", "token-a", service.live_url)
            await feed.subscribed.wait()
            for status in ("QUEUED", "PROCESSING", "SCORED"):
                await service.advance("a", status)
            events = await until_final(feed)
            assert [(event.type, event.job.status, event.job.version) for event in events] == [
                ("job", "AWAITING_UPLOAD", 1),
                ("job", "QUEUED", 2),
                ("job", "PROCESSING", 3),
                ("job", "SCORED", 4),
            ]
            assert http.reads == 0
            assert [event async for event in feed] == []

    run(work())


def test_one_socket_serves_many_jobs_one_after_another_too() -> None:
    async def work() -> None:
        service = Service()
        async with service.running(), service.http() as http, Live(http) as live:
            for round_ in range(2):
                names = [f"{round_}x{number}" for number in range(20)]
                for name in names:
                    service.add(name)
                feeds = [live.watch(name, f"token-{name}", service.live_url) for name in names]
                await asyncio.gather(*(feed.subscribed.wait() for feed in feeds))
                await asyncio.gather(*(service.advance(name, "SCORED") for name in names))
                ends = await asyncio.gather(*(until_final(feed) for feed in feeds))
                assert {events[-1].job.job_id for events in ends} == set(names)
            assert len(service.tickets) == 1

    run(work())


def test_a_cut_connection_comes_back_with_a_fresh_ticket_and_what_was_missed() -> None:
    async def work() -> None:
        service = Service()
        service.add("a")
        told: list[str] = []
        async with service.running(), service.http() as http, Live(http, told.append, Protocol(FAST)) as live:
            feed = live.watch("a", "token-a", service.live_url)
            await feed.subscribed.wait()
            service.kill()
            service.jobs["a"] |= {"status": "PROCESSING", "version": 5}
            while len(service.subscriptions) < 2:
                await asyncio.sleep(0.01)
            await service.advance("a", "SCORED")
            versions = [event.job.version for event in await until_final(feed)]
            assert versions == [1, 5, 6]
            assert len(set(service.tickets)) == 2
            assert "reconnecting" in told[0]

    run(work())


def test_a_refused_token_stops_its_job_and_not_the_others() -> None:
    async def work() -> None:
        service = Service()
        service.add("good")
        service.add("bad")
        service.revoked.add("bad")
        async with service.running(), service.http() as http, Live(http) as live:
            good = live.watch("good", "token-good", service.live_url)
            bad = live.watch("bad", "token-bad", service.live_url)
            unknown = live.watch("gone", "token-gone", service.live_url)
            with pytest.raises(LiveRefused) as refused:
                await until_final(bad)
            with pytest.raises(LiveRefused) as missing:
                await until_final(unknown)
            assert refused.value.code in ("FORBIDDEN", "TOKEN_EXPIRED")
            assert missing.value.code == "JOB_NOT_FOUND"
            await service.advance("good", "SCORED")
            assert (await until_final(good))[-1].job.status == "SCORED"

    run(work())


def test_where_sockets_are_blocked_the_job_is_read_and_that_is_said() -> None:
    async def work() -> None:
        service = Service()
        service.handshake_status = 403
        service.add("a")
        told: list[str] = []
        async with service.running(), service.http() as http, Live(http, told.append, Protocol(FAST)) as live:
            feed = live.watch("a", "token-a", service.live_url)
            while not told:
                await asyncio.sleep(0.01)
            await service.advance("a", "SCORED")
            events = await until_final(feed)
            assert {event.type for event in events} == {"read"}
            assert "blocked" in told[0]
            assert "HTTP 403" in told[0]
            await asyncio.sleep(5 * FAST.read_every)
            reads = http.reads
            await asyncio.sleep(5 * FAST.read_every)
            assert http.reads == reads, "a final job is read no more"

    run(work())


def test_a_service_that_does_not_answer_is_left_and_tried_again() -> None:
    async def work() -> None:
        service = Service()
        service.silent = True
        service.add("a")
        async with service.running(), service.http() as http, Live(http, protocol=Protocol(FAST)) as live:
            feed = live.watch("a", "token-a", service.live_url)
            while len(service.tickets) < 2:
                await asyncio.sleep(0.01)
            service.silent = False
            await service.advance("a", "SCORED")
            assert (await until_final(feed))[-1].job.status == "SCORED"

    run(work())


class Freezer:
    """A relay in front of the service whose connections can be frozen: half open, as after a laptop's sleep."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.frozen: set[asyncio.StreamWriter] = set()
        self.writers: set[asyncio.StreamWriter] = set()

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self.writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer), return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if writer not in self.frozen:
                writer.write(data)
        writer.close()

    def freeze(self) -> None:
        self.frozen |= self.writers


def test_a_half_open_connection_is_noticed() -> None:
    async def work() -> None:
        service = Service()
        service.add("a")
        async with service.running(), service.http() as http, quick(http) as live:
            freezer = Freezer(service.port)
            relay = await asyncio.start_server(freezer.relay, "127.0.0.1", 0)
            service.port = relay.sockets[0].getsockname()[1]
            feed = live.watch("a", "token-a", service.live_url)
            await feed.subscribed.wait()
            freezer.freeze()
            await service.advance("a", "SCORED")
            assert (await until_final(feed))[-1].job.status == "SCORED"
            relay.close()
            for writer in freezer.writers:
                writer.close()

    run(work())


@pytest.mark.parametrize(
    ("jobs", "cuts", "within"), [(10, 20, 10.0), pytest.param(100, 200, 120.0, marks=pytest.mark.soak)]
)
def test_random_cuts_lose_nothing_and_never_go_back(jobs: int, cuts: int, within: float) -> None:
    """Clean closes, cut and half-open connections, while the jobs go through their lives."""
    chance = random.Random(7)

    async def work() -> None:
        service = Service()
        names = [f"job{number}" for number in range(jobs)]
        async with service.running(), service.http() as http, quick(http) as live:
            freezer = Freezer(service.port)
            relay = await asyncio.start_server(freezer.relay, "127.0.0.1", 0)
            service.port = relay.sockets[0].getsockname()[1]
            for name in names:
                service.add(name)
            feeds = {name: live.watch(name, f"token-{name}", service.live_url) for name in names}

            async def cut() -> None:
                for _ in range(cuts):
                    await asyncio.sleep(chance.uniform(0, 0.05))
                    match chance.choice(["clean", "cut", "half-open"]):
                        case "clean":
                            await asyncio.gather(*(socket.close() for socket in tuple(service.sockets)))
                        case "cut":
                            service.kill()
                        case _:
                            freezer.freeze()

            async def live_on(name: str) -> None:
                for status in ("QUEUED", *["PROCESSING"] * 20, chance.choice(["SCORED", "FAILED", "REJECTED"])):
                    await asyncio.sleep(chance.uniform(0, 0.1 * cuts / 40))
                    await service.advance(name, status)

            await asyncio.gather(cut(), *(live_on(name) for name in names))
            for name, feed in feeds.items():
                events = await until_final(feed)
                versions = [event.job.version for event in events]
                assert versions == sorted(set(versions))
                assert events[-1].job.document() == service.jobs[name]
            relay.close()
            for writer in freezer.writers:
                writer.close()

    run(work(), within)


def test_leaving_ends_the_feeds_and_closes_the_socket() -> None:
    async def work() -> None:
        service = Service()
        service.add("a")
        async with service.running():
            async with service.http() as http, Live(http) as live:
                feed = live.watch("a", "token-a", service.live_url)
                await feed.subscribed.wait()
            with pytest.raises(ClientError):
                await until_final(feed)
            while service.sockets:
                await asyncio.sleep(0.01)

    run(work())


def test_a_job_is_followed_once_and_can_be_forgotten() -> None:
    async def work() -> None:
        service = Service()
        service.add("a")
        async with service.running(), service.http() as http, Live(http) as live:
            live.watch("a", "token-a", service.live_url)
            with pytest.raises(ClientError) as raised:
                live.watch("a", "token-a", service.live_url)
            assert raised.value.code == "ALREADY_WATCHED"
            live.forget("a")
            feed = live.watch("a", "token-a", service.live_url)
            await feed.subscribed.wait()

    run(work())


def test_a_connection_follows_no_more_jobs_than_the_service_allows() -> None:
    async def work() -> None:
        service = Service()
        async with service.running(), service.http() as http, Live(http) as live:
            for number in range(MAX_JOBS):
                live.watch(str(number), "t", service.live_url)
            with pytest.raises(ClientError) as raised:
                live.watch("one more", "t", service.live_url)
            assert raised.value.code == "TOO_MANY_JOBS"

    run(work())


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ([LinkState.CONNECTING, LinkState.LIVE], None),
        ([LinkState.CONNECTING, LinkState.RECONNECTING], None),
        ([LinkState.LIVE, LinkState.RECONNECTING], "The live connection was lost (why); reconnecting."),
        (
            [LinkState.RECONNECTING, LinkState.READING],
            "Live updates are blocked here (why); reading the job every 2 s instead.",
        ),
        ([LinkState.READING, LinkState.LIVE], "Live updates work again."),
        ([LinkState.IDLE, LinkState.READING], None),
    ],
)
def test_people_are_told_of_what_they_may_want_to_know(states: list[LinkState], sentence: str | None) -> None:
    said: list[str] = []
    live = Live(Service().http(), said.append)
    for state in states:
        said.clear()
        live.acted(StateChanged(state, "why"))
    assert said == ([] if sentence is None else [sentence])


def test_a_complaint_of_the_service_is_told() -> None:
    said: list[str] = []
    Live(Service().http(), said.append).acted(Complaint("INVALID_MESSAGE", "The message is empty.", None))
    assert said == ["The service did not accept a live message (INVALID_MESSAGE: The message is empty.)"]
