"""Forged tokens open nothing on the running system: neither HTTP, nor a connection, nor a subscription."""

import asyncio
import base64
import json
import time
from typing import Any

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from divescore.client.errors import ApiError
from divescore.client.http import Http
from divescore.client.live import Live
from divescore.tokens.tokens import ALGORITHM, AUDIENCE
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

ANSWERS_WITHIN = 5.0
SCOPES = "read video cancel share connect"


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forgeries(job_id: str, ring: dict[str, str]) -> dict[str, str]:
    """Tokens of all scopes, each with one flaw; the first has none, to show that the flaw is what counts."""
    kid, soon = ring["current"], int(time.time()) + 600
    key = ring[kid]
    claims = {"sub": job_id, "scope": SCOPES, "aud": AUDIENCE, "iat": soon - 600, "exp": soon}

    def signed(secret: str = key, algorithm: str = ALGORITHM, name: str = kid, **change: Any) -> str:
        return jwt.encode(claims | change, secret, algorithm, {"kid": name})

    good = signed()
    head, body, signature = good.split(".")
    return {
        "good": good,
        "algorithm none": f"{part({'alg': 'none', 'kid': kid, 'typ': 'JWT'})}.{body}.",
        "algorithm none, signature kept": f"{part({'alg': 'none', 'kid': kid, 'typ': 'JWT'})}.{body}.{signature}",
        "another algorithm": signed(key * 2, "HS512"),
        "another key": signed("f" * 64),
        "a key of its own": signed("f" * 64, name="mine"),
        "another audience": signed(aud="somebody-else"),
        "another job under the old signature": f"{head}.{part(claims | {'sub': 'b' * 32})}.{signature}",
        "truncated": good[:-2],
        "signature cut off": f"{head}.{body}",
        "signature empty": f"{head}.{body}.",
    }


def test_forgeries_open_nothing(system: System) -> None:
    secrets = system.owner("secretsmanager")
    (entry,) = secrets.list_secrets()["SecretList"]
    ring = json.loads(secrets.get_secret_value(SecretId=entry["ARN"])["SecretString"])

    async def work(http: Http, live: Live) -> None:
        made = await http.create("dive.webm", "video/webm", 1000)
        base = made.live.url.split("?")[0]
        tokens = forgeries(made.job_id, ring)
        good = tokens.pop("good")
        assert (await http.get(made.job_id, good)).job.job_id == made.job_id
        async with connect(f"{base}?ticket={good}", proxy=None) as socket:
            for name, token in tokens.items():
                for call in (http.get, http.video, http.share, http.cancel):
                    with pytest.raises(ApiError) as refused:
                        await call(made.job_id, token)
                    assert (refused.value.status, refused.value.code) == (401, "UNAUTHORIZED"), name
                with pytest.raises(InvalidStatus) as shut:
                    await connect(f"{base}?ticket={token}", proxy=None)
                assert shut.value.response.status_code in (401, 403), name
                await socket.send(json.dumps({"action": "subscribe", "token": token}))
                answer = json.loads(await asyncio.wait_for(socket.recv(), ANSWERS_WITHIN))
                assert answer.get("code") == "UNAUTHORIZED", name
            await socket.send(json.dumps({"action": "subscribe", "token": good}))
            answer = json.loads(await asyncio.wait_for(socket.recv(), ANSWERS_WITHIN))
            assert answer["job"]["status"] == "AWAITING_UPLOAD", "nothing of that cancelled it"
        await http.cancel(made.job_id, made.token)

    system.talk(work)
