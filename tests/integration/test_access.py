"""Who may do what: tokens over HTTP and over the socket."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from divescore.client.errors import ApiError, LiveRefused
from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.models import Created
from divescore.tokens.tokens import HOLDER_SCOPES, Scope
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

ANSWERS_WITHIN = 5.0
NO_JOB = "0" * 32


def forged(token: str) -> str:
    head, payload, signature = token.split(".")
    return ".".join([head, payload, ("A" if signature[0] != "A" else "B") + signature[1:]])


async def new_job(http: Http) -> Created:
    return await http.create("dive.webm", "video/webm", 1000)


async def refused(call: Awaitable[Any]) -> tuple[int, str]:
    with pytest.raises(ApiError) as raised:
        await call
    assert raised.value.message.endswith(".")
    return raised.value.status, raised.value.code


async def asked(url: str, *messages: str) -> list[dict[str, Any]]:
    """The answers to messages on one socket, one each: it stays open."""
    async with connect(url, proxy=None) as socket:
        answers = []
        for message in messages:
            await socket.send(message)
            answers.append(json.loads(await asyncio.wait_for(socket.recv(), ANSWERS_WITHIN)))
        return answers


def subscribe(token: str) -> str:
    return json.dumps({"action": "subscribe", "token": token})


def test_bad_tokens_are_told_in_both_channels(system: System) -> None:
    tokens = system.tokens()

    async def work(http: Http, live: Live) -> None:
        made, other = await new_job(http), await new_job(http)
        job_id = made.job_id
        expired = tokens.issue(job_id, HOLDER_SCOPES, int(time.time()) - 1)
        missing = tokens.issue(NO_JOB, HOLDER_SCOPES, int(time.time()) + 60)
        ticket = made.live.url.split("ticket=")[1]

        assert await refused(http.get(job_id, forged(made.token))) == (401, "UNAUTHORIZED")
        assert await refused(http.get(job_id, expired)) == (401, "TOKEN_EXPIRED")
        assert await refused(http.get(job_id, other.token)) == (403, "FORBIDDEN")
        assert await refused(http.get(job_id, ticket)) == (403, "FORBIDDEN")
        assert await refused(http.get(NO_JOB, missing)) == (404, "JOB_NOT_FOUND")
        assert await refused(http.cancel(job_id, other.token)) == (403, "FORBIDDEN")

        answers = await asked(
            made.live.url,
            *(subscribe(token) for token in (forged(made.token), expired, missing, ticket, "nonsense", made.token)),
        )
        assert [answer.get("code", answer["type"]) for answer in answers] == [
            *("UNAUTHORIZED", "TOKEN_EXPIRED", "JOB_NOT_FOUND", "FORBIDDEN", "UNAUTHORIZED"),
            "job",
        ]
        for job in (made, other):
            await http.cancel(job.job_id, job.token)

    system.talk(work)


def test_a_socket_needs_a_ticket_and_nothing_else_is_one(system: System) -> None:
    async def work(http: Http, live: Live) -> None:
        made = await new_job(http)
        base = made.live.url.split("?")[0]
        for query in ("", "?ticket=", f"?ticket={made.token}", f"?ticket={forged(made.live.url.split('ticket=')[1])}"):
            with pytest.raises(InvalidStatus) as raised:
                await asked(base + query)
            # AWS answers 401; the local engine knows only 403.
            assert raised.value.response.status_code in (401, 403)
        await http.cancel(made.job_id, made.token)

    system.talk(work)


def test_every_odd_message_is_answered_and_the_socket_stays(system: System) -> None:
    async def work(http: Http, live: Live) -> None:
        made = await new_job(http)
        answers = await asked(
            made.live.url,
            "no json",
            "[]",
            '{"action":"dance"}',
            '{"action":"subscribe"}',
            json.dumps({"action": "subscribe", "token": "x" * 20_000}),
            '{"action":"ping"}',
            json.dumps({"action": "unsubscribe", "jobId": made.job_id}),
        )
        assert [answer.get("code", answer["type"]) for answer in answers] == [
            *("INVALID_MESSAGE", "INVALID_MESSAGE", "UNKNOWN_ACTION", "INVALID_MESSAGE", "TOO_LARGE"),
            *("pong", "unsubscribed"),
        ]
        await http.cancel(made.job_id, made.token)

    system.talk(work)


def test_a_shared_token_reads_and_does_nothing_else(system: System) -> None:
    async def work(http: Http, live: Live) -> str:
        made = await new_job(http)
        shared = await http.share(made.job_id, made.token, expires_in=60)
        assert shared.url == f"{system.addresses['web']}/#share={shared.token}"
        assert (await http.get(made.job_id, shared.token)).job.job_id == made.job_id
        calls: list[Callable[..., Awaitable[Any]]] = [http.cancel, http.video, http.share]
        for call in calls:
            assert await refused(call(made.job_id, shared.token)) == (403, "FORBIDDEN")
        feed = live.watch(made.job_id, shared.token, made.live.url)
        await feed.subscribed.wait()
        await http.cancel(made.job_id, made.token)
        assert [event.job.status async for event in feed] == ["AWAITING_UPLOAD", "CANCELLED"]
        return shared.url

    link = system.talk(work)
    code, document, _ = system.watch(link)
    assert (code, document["job"]["status"]) == (1, "CANCELLED")


FOREIGN = {"origin": "https://evil.test"}


@pytest.mark.parametrize("kind", [None, "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"])
def test_a_foreign_page_cannot_spend_its_visitors_quota(system: System, kind: str | None) -> None:
    """What a browser lets any page send without asking first is refused; what it asks about, it is not allowed."""
    body = json.dumps({"filename": "dive.webm", "contentType": "video/webm", "sizeBytes": 1000}).encode()
    with httpx.Client(base_url=system.api, trust_env=False) as http:
        # The function refuses what needs no asking, whoever sends it; here the engine's guard knows the foreigner too.
        sent = {"content-type": kind} if kind else {}
        answer = http.post("/jobs", content=body, headers=sent)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_REQUEST")
        assert http.post("/jobs", content=body, headers=sent | FOREIGN).status_code == 403
        asks = FOREIGN | {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
        allowed = http.options("/jobs", headers=asks).headers.get("access-control-allow-origin")
        assert allowed is None
        ours = asks | {"origin": system.addresses["web"]}
        assert http.options("/jobs", headers=ours).headers["access-control-allow-origin"] == system.addresses["web"]
        for method, path in (("PATCH", f"/jobs/{NO_JOB}"), ("PUT", f"/jobs/{NO_JOB}/marks")):
            told = http.options(path, headers=ours | {"access-control-request-method": method}).headers
            assert told["access-control-allow-origin"] == system.addresses["web"]
            assert method in told["access-control-allow-methods"].replace(" ", "").split(",")
            foreign = http.options(path, headers=asks | {"access-control-request-method": method})
            assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.parametrize("kind", ["UNAUTHORIZED", "TOKEN_EXPIRED", "JOB_NOT_FOUND"])
def test_the_command_shows_why_a_job_cannot_be_watched(system: System, kind: str) -> None:
    issue = system.tokens().issue
    soon = int(time.time()) + 60
    token = {
        "UNAUTHORIZED": forged(issue(NO_JOB, [Scope.READ], soon)),
        "TOKEN_EXPIRED": issue(NO_JOB, [Scope.READ], soon - 120),
        "JOB_NOT_FOUND": issue(NO_JOB, [Scope.READ], soon),
    }[kind]
    code, document, said = system.watch(token)
    assert (code, document["error"]["code"]) == (1, kind)
    assert kind in said


def test_the_client_stops_for_good_when_refused(system: System) -> None:
    async def work(http: Http, live: Live) -> None:
        made = await new_job(http)
        feed = live.watch(made.job_id, forged(made.token), made.live.url)
        with pytest.raises(LiveRefused) as raised:
            await anext(feed)
        assert raised.value.code == "UNAUTHORIZED"
        await http.cancel(made.job_id, made.token)

    system.talk(work)
