"""Live push on the running system: tickets, subscriptions, watchers, and what must not work."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from divescore.client.errors import ApiError
from divescore.client.http import Http
from divescore.client.models import Created
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import Accepted, Cancelled
from divescore.live.subscriptions import MAX_JOBS_PER_CONNECTION
from divescore.tokens.tokens import HOLDER_SCOPES, Scope, Tokens
from divescore.views import Status
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

ANSWERS_WITHIN = 5.0
PUSHED_WITHIN = 5.0
CLEANED_WITHIN = 5.0
QUIET = 0.5  # nothing more is expected: waited for as long as a push takes many times over


class Socket:
    """A socket that says what it is told, without any client's care."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def ask(self, message: Any) -> Any:
        text = message if isinstance(message, str | bytes) else json.dumps(message)
        await self.connection.send(text)
        return await self.hear(ANSWERS_WITHIN)

    async def hear(self, within: float = PUSHED_WITHIN) -> Any:
        return json.loads(await asyncio.wait_for(self.connection.recv(), within))

    async def subscribe(self, token: str) -> Any:
        return await self.ask({"action": "subscribe", "token": token})

    async def is_quiet(self) -> bool:
        try:
            await self.hear(QUIET)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def opened(url: str, **more: Any) -> AsyncIterator[Socket]:
    async with connect(url, proxy=None, **more) as connection:
        yield Socket(connection)


class Backstage:
    """The system from behind: its table and its keys."""

    def __init__(self, system: System) -> None:
        self.dynamodb = system.owner("dynamodb")
        self.name = system.addresses["table"]
        self.table = JobTable(self.name, self.dynamodb)
        self.tokens: Tokens = system.tokens()

    def rows(self, prefix: str) -> list[Any]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True)
        return [item for page in pages for item in page["Items"] if item["sk"]["S"].startswith(prefix)]

    def connections_of(self, job_id: str) -> list[str]:
        return [row["sk"]["S"].removeprefix("SUB#") for row in self.rows("SUB#") if job_id in row["pk"]["S"]]

    def knows(self, connection: str) -> bool:
        return any(connection in row["pk"]["S"] + row["sk"]["S"] for row in [*self.rows("SUB#"), *self.rows("CONN")])


@pytest.fixture(scope="module")
def backstage(system: System) -> Backstage:
    return Backstage(system)


@pytest.fixture
def run(system: System) -> Callable[[Callable[[Http], Coroutine[Any, Any, None]]], None]:
    def run(work: Callable[[Http], Coroutine[Any, Any, None]]) -> None:
        async def inside() -> None:
            async with asyncio.timeout(60), Http(system.api) as http:
                await work(http)

        asyncio.run(inside())

    return run


Run = Callable[[Callable[[Http], Coroutine[Any, Any, None]]], None]


async def new_job(http: Http) -> Created:
    return await http.create("dive.webm", "video/webm", 1000)


async def fresh_url(http: Http, made: Created) -> str:
    live = (await http.get(made.job_id, made.token)).live
    assert live
    return live.url


def other_signature(token: str) -> str:
    return token[:-5] + ("AAAAA" if token[-5:] != "AAAAA" else "BBBBB")


def test_only_a_ticket_opens_a_connection(run: Run, backstage: Backstage) -> None:
    async def work(http: Http) -> None:
        made = await new_job(http)
        base, ticket = made.live.url.split("?ticket=")
        expired = backstage.tokens.issue(made.job_id, [Scope.CONNECT], 1)
        for bad in (
            "",
            "?ticket=",
            f"?ticket={other_signature(ticket)}",
            f"?ticket={made.token}",
            f"?ticket={expired}",
        ):
            with pytest.raises(InvalidStatus) as refused:
                async with opened(base + bad):
                    pass
            assert refused.value.response.status_code in (401, 403)
        with pytest.raises(InvalidStatus):
            async with opened(made.live.url, origin="https://evil.test"):
                pass
        assert not backstage.connections_of(made.job_id)

    run(work)


def test_a_subscriber_gets_the_snapshot_at_once_and_then_every_status(run: Run, backstage: Backstage) -> None:
    async def work(http: Http) -> None:
        made = await new_job(http)
        async with opened(made.live.url) as one, opened(await fresh_url(http, made)) as two:
            shared = backstage.tokens.issue(made.job_id, [Scope.READ], 2_000_000_000)
            snapshot = await one.subscribe(made.token)
            assert snapshot["type"] == "job"
            assert snapshot["job"] == (await http.get(made.job_id, made.token)).job.document()
            assert await two.subscribe(shared) == snapshot
            job = await asyncio.to_thread(backstage.table.get, made.job_id)
            await asyncio.to_thread(backstage.table.apply, job, Accepted("v1"))
            await asyncio.to_thread(backstage.table.apply, job, Cancelled())
            for watcher in (one, two):
                pushed = [await watcher.hear(), await watcher.hear()]
                assert [(news["job"]["status"], news["job"]["version"]) for news in pushed] == [
                    (Status.QUEUED, 2),
                    (Status.CANCELLED, 3),
                ]

    run(work)


def test_a_shared_token_reads_and_does_nothing_else(run: Run) -> None:
    async def work(http: Http) -> None:
        made = await new_job(http)
        shared = (await http.share(made.job_id, made.token)).token
        async with opened(made.live.url) as socket:
            assert (await socket.subscribe(shared))["job"]["jobId"] == made.job_id
        for forbidden in (http.cancel(made.job_id, shared), http.share(made.job_id, shared)):
            with pytest.raises(ApiError) as refused:
                await forbidden
            assert refused.value.code == "FORBIDDEN"
        assert (await http.get(made.job_id, shared)).job.status == "AWAITING_UPLOAD"

    run(work)


def test_a_token_of_one_job_shows_nothing_of_another(run: Run, backstage: Backstage) -> None:
    async def work(http: Http) -> None:
        mine, other = await new_job(http), await new_job(http)
        async with opened(mine.live.url) as socket:
            answer = await socket.ask({"action": "subscribe", "token": mine.token, "jobId": other.job_id})
            assert answer["job"]["jobId"] == mine.job_id
            job = await asyncio.to_thread(backstage.table.get, other.job_id)
            await asyncio.to_thread(backstage.table.apply, job, Cancelled())
            assert await socket.is_quiet()
        for call in (http.get, http.cancel, http.share):
            with pytest.raises(ApiError) as refused:
                await call(other.job_id, mine.token)
            assert (refused.value.status, refused.value.code) == (403, "FORBIDDEN")

    run(work)


def test_what_is_no_good_message_is_answered_and_the_socket_stays_open(run: Run, backstage: Backstage) -> None:
    async def work(http: Http) -> None:
        made = await new_job(http)
        nobody = backstage.tokens.issue("0" * 32, HOLDER_SCOPES, 2_000_000_000)
        expired = backstage.tokens.issue(made.job_id, HOLDER_SCOPES, 1)
        subscribe = {"action": "subscribe"}
        messages: list[tuple[Any, str]] = [
            ("hello", "INVALID_MESSAGE"),
            ("{", "INVALID_MESSAGE"),
            ("[1]", "INVALID_MESSAGE"),
            ("null", "INVALID_MESSAGE"),
            (b"\x00\xff\xfe", "INVALID_MESSAGE"),
            ("{}", "UNKNOWN_ACTION"),
            ({"action": "cancel", "jobId": made.job_id}, "UNKNOWN_ACTION"),
            ({"action": "$connect"}, "UNKNOWN_ACTION"),
            ({"action": "$disconnect"}, "UNKNOWN_ACTION"),
            ({"action": {"a": 1}}, "UNKNOWN_ACTION"),
            (subscribe, "INVALID_MESSAGE"),
            (subscribe | {"token": 5}, "INVALID_MESSAGE"),
            ({"action": "unsubscribe", "jobId": "\ud800"}, "INVALID_MESSAGE"),
            ({"action": "ping", "pad": "x" * 20_000}, "TOO_LARGE"),
            (subscribe | {"token": "nonsense"}, "UNAUTHORIZED"),
            (subscribe | {"token": other_signature(made.token)}, "UNAUTHORIZED"),
            (subscribe | {"token": made.live.url.split("ticket=")[1]}, "FORBIDDEN"),
            (subscribe | {"token": expired}, "TOKEN_EXPIRED"),
            (subscribe | {"token": nobody}, "JOB_NOT_FOUND"),
        ]
        async with opened(made.live.url) as socket:
            for message, code in messages:
                answer = await socket.ask(message)
                assert (answer["type"], answer["code"]) == ("error", code), message
                assert answer["message"].endswith(".")
            assert await socket.ask({"action": "ping"}) == {"type": "pong"}
            assert (await socket.subscribe(made.token))["type"] == "job"

    run(work)


def test_after_unsubscribe_nothing_comes(run: Run, backstage: Backstage) -> None:
    async def work(http: Http) -> None:
        made = await new_job(http)
        async with opened(made.live.url) as socket:
            await socket.subscribe(made.token)
            for _ in range(2):
                answer = await socket.ask({"action": "unsubscribe", "jobId": made.job_id})
                assert answer == {"type": "unsubscribed", "jobId": made.job_id}
            await http.cancel(made.job_id, made.token)
            assert await socket.is_quiet()
            assert not backstage.connections_of(made.job_id)

    run(work)


async def until(holds: Callable[[], bool]) -> bool:
    async with asyncio.timeout(CLEANED_WITHIN):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.05)
    return True


def test_a_leaver_and_a_killed_client_leave_no_rows(run: Run, backstage: Backstage) -> None:
    async def work(http: Http) -> None:
        made = await new_job(http)
        async with opened(made.live.url) as socket:
            await socket.subscribe(made.token)
            (connection,) = backstage.connections_of(made.job_id)
            assert backstage.knows(connection)
        assert await until(lambda: not backstage.knows(connection))
        async with opened(await fresh_url(http, made)) as socket:
            await socket.subscribe(made.token)
            (connection,) = backstage.connections_of(made.job_id)
            socket.connection.transport.abort()
        assert await until(lambda: not backstage.knows(connection))

    run(work)


def test_a_push_to_a_connection_that_is_no_more_removes_its_rows(run: Run, backstage: Backstage) -> None:
    async def work(http: Http) -> None:
        made = await new_job(http)
        ghost = {"pk": {"S": f"JOB#{made.job_id}"}, "sk": {"S": "SUB#ghost"}, "ttl": {"N": "2000000000"}}
        backstage.dynamodb.put_item(TableName=backstage.name, Item=ghost)
        async with opened(made.live.url) as socket:
            await socket.subscribe(made.token)
            await http.cancel(made.job_id, made.token)
            assert (await socket.hear())["job"]["status"] == Status.CANCELLED
            assert await until(lambda: not backstage.knows("ghost"))

    run(work)


def test_one_socket_watches_a_hundred_jobs_and_no_more(run: Run, backstage: Backstage) -> None:
    async def work(http: Http) -> None:
        made = await new_job(http)
        template = backstage.rows("JOB")[0]
        ids = [f"{number:032x}" for number in range(1, MAX_JOBS_PER_CONNECTION + 2)]
        for job_id in ids:  # past the API, which would not let one client have so many
            # Settled, so that the sweeper leaves them alone.
            row = {name: template[name] for name in template if name not in ("openShard", "openClient", "deadline")}
            row |= {"pk": {"S": f"JOB#{job_id}"}, "jobId": {"S": job_id}, "status": {"S": "CANCELLED"}}
            backstage.dynamodb.put_item(TableName=backstage.name, Item=row)
        async with opened(made.live.url) as socket:
            tokens = [backstage.tokens.issue(job_id, HOLDER_SCOPES, 2_000_000_000) for job_id in ids]
            for token in tokens[:-1]:
                assert (await socket.subscribe(token))["type"] == "job"
            refused = await socket.subscribe(tokens[-1])
            assert (refused["code"], refused["jobId"]) == ("TOO_MANY_JOBS", ids[-1])
            assert (await socket.subscribe(tokens[0]))["type"] == "job"
            await socket.ask({"action": "unsubscribe", "jobId": ids[0]})
            assert (await socket.subscribe(tokens[-1]))["type"] == "job"
        for job_id in ids:
            key = {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}}
            backstage.dynamodb.delete_item(TableName=backstage.name, Key=key)

    run(work)
