"""The signing key of the running system is rotated: new tokens have the new key, old ones go on working."""

import asyncio
import json
import time

import jwt
import pytest
from websockets.asyncio.client import connect

from divescore.client.errors import ApiError
from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.models import JobAnswer
from divescore.tokens.tokens import HOLDER_SCOPES
from tests.conftest import divescore
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

ANSWERS_WITHIN = 5.0
COMMAND_WITHIN = 30.0
# The functions look past their cache at most every ten seconds, and a forgery of another test may just have made them.
NEXT_LOOK = 15.0


def kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def keys(system: System, command: str) -> tuple[str, set[str]]:
    """Run `divescore keys`: the current key's id, and those of all others."""
    done = divescore("keys", command, "--json", timeout=COMMAND_WITHIN, env=system.addresses["env"])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["keys"]
    (current,) = [key["id"] for key in found if key["current"]]
    return current, {key["id"] for key in found} - {current}


async def subscribed(url: str, token: str) -> str:
    """The job that the token shows on a socket of that ticket."""
    async with asyncio.timeout(NEXT_LOOK):
        while True:
            async with connect(url, proxy=None) as socket:
                await socket.send(json.dumps({"action": "subscribe", "token": token}))
                answer = json.loads(await asyncio.wait_for(socket.recv(), ANSWERS_WITHIN))
            if answer["type"] == "job":
                return str(answer["job"]["jobId"])
            assert answer["code"] == "UNAUTHORIZED"
            await asyncio.sleep(0.5)


async def read(http: Http, job_id: str, token: str) -> JobAnswer:
    """The job, as soon as the function knows the token's key."""
    async with asyncio.timeout(NEXT_LOOK):
        while True:
            try:
                return await http.get(job_id, token)
            except ApiError as error:
                if error.code != "UNAUTHORIZED":
                    raise
            await asyncio.sleep(0.5)


@pytest.mark.timeout(120)
def test_after_a_rotation_new_tokens_have_the_new_key_and_old_ones_work(system: System) -> None:
    """The old key stays in the ring, so that other tests' tokens stay good too."""
    before, _ = keys(system, "list")

    async def work(http: Http, live: Live) -> None:
        old = await http.create("dive.webm", "video/webm", 1000)
        assert kid(old.token) == before
        name, kept = await asyncio.to_thread(keys, system, "rotate")
        assert name != before
        assert before in kept

        # Whoever already has the new ring signs with a key that the functions' caches lack: they look and accept it.
        ours = system.tokens().issue(old.job_id, HOLDER_SCOPES, int(time.time()) + 60)
        assert kid(ours) == name
        answer = await read(http, old.job_id, ours)
        assert await subscribed(old.live.url, ours) == answer.job.job_id == old.job_id

        new = await http.create("dive.webm", "video/webm", 1000)
        assert kid(new.token) == kid(new.live.url.split("ticket=")[1]) == name
        assert await subscribed(new.live.url, new.token) == new.job_id

        assert (await http.get(old.job_id, old.token)).job.job_id == old.job_id
        assert await subscribed(new.live.url, old.token) == old.job_id
        for job in (old, new):
            assert (await http.cancel(job.job_id, job.token)).status == "CANCELLED"

    system.talk(work)
