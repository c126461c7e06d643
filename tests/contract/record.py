"""Records what the running system really says, one file per kind, for the contract tests of both languages.

    python -m tests.contract.record

`live/*.json` holds what was sent (null: nothing, it was pushed) and what was received on the socket; `http/*.json` a
request, and status and body of its answer. Tokens, signatures and keys are replaced by placeholders. Run it again when
the protocol changes, and read the difference.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from divescore.jobs.model import Cause, Job
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import Accepted, AttemptFailed, Claimed, DeadlinePassed, Fence, Progressed
from divescore.live.subscriptions import MAX_JOBS_PER_CONNECTION
from divescore.tokens.tokens import HOLDER_SCOPES, Scope
from tests.chaos.reconnect import RENDER_WITHIN, own_system
from tests.conftest import divescore
from tests.integration.conftest import System

FOLDER = Path(__file__).parent
HEARD_WITHIN = 30.0
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
SIGNED = re.compile(r"(X-Amz-(?:Signature|Credential)=)[^&]+")
SECRETS = {"policy", "x-amz-signature", "x-amz-credential", "AWSAccessKeyId", "signature", "x-amz-algorithm"}
HOUR_MS = 3600 * 1000
NO_JOB = "0" * 32
A_JOB = {"filename": "dive.webm", "contentType": "video/webm", "sizeBytes": 1000}


def clean(part: Any) -> Any:
    """A document without tokens and signatures."""
    if isinstance(part, dict):
        return {name: name if name in SECRETS else clean(value) for name, value in part.items()}
    if isinstance(part, list):
        return [clean(item) for item in part]
    if isinstance(part, str):
        return re.sub(
            r"(X-Amz-(?:Signature|Credential)=)[^&]+", r"\1hidden", TOKEN.sub("header.claims.signature", part)
        )
    return part


def sha256_of(data: bytes) -> str:
    """A part's checksum as S3 writes it."""
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def write(kind: str, name: str, document: dict[str, Any]) -> None:
    """One recorded exchange."""
    text = json.dumps(clean(document), indent=2, ensure_ascii=False) + "\n"
    (FOLDER / kind / f"{name}.json").write_text(text)


@dataclass
class Recorder:
    """One run against one system."""

    system: System
    clip: Path
    http: httpx.AsyncClient
    table: JobTable = field(init=False)

    def __post_init__(self) -> None:
        self.dynamodb = self.system.owner("dynamodb")
        self.table = JobTable(self.system.addresses["table"], self.dynamodb)
        self.tokens = self.system.tokens()

    async def ask(
        self,
        name: str | None,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Make a request; record it when it has a name. The answer's body."""
        sent = dict(headers or {}) | ({} if token is None else {"authorization": f"Bearer {token}"})
        answer = await self.http.request(method, self.system.api + path, json=body, headers=sent)
        if name is not None:
            request = {"method": method, "path": path, "headers": sent} | ({} if body is None else {"body": body})
            write("http", name, {"request": request, "status": answer.status_code, "body": answer.json()})
        return answer.json()

    async def new(self) -> Any:
        """A job, unrecorded."""
        return await self.ask(None, "POST", "/jobs", A_JOB)

    @contextlib.asynccontextmanager
    async def socket(self, made: Any) -> AsyncIterator["Socket"]:
        """A socket opened with a fresh ticket."""
        fresh = await self.ask(None, "GET", f"/jobs/{made['jobId']}", token=made["token"])
        async with connect(fresh["live"]["url"], proxy=None) as connection:
            yield Socket(connection)

    def apply(self, job_id: str, *events: Any) -> None:
        """Take a job through its life from behind."""
        for event in events:
            outcome = self.table.apply(self.table.get(job_id), event)
            assert isinstance(outcome, Job), outcome

    async def lives(self) -> None:
        """A job in each of its states, as the socket and HTTP tell it."""
        body = A_JOB | {"sizeBytes": self.clip.stat().st_size, "dive": "107B"}
        made = await self.ask("created", "POST", "/jobs", body, headers={"idempotency-key": "one"})
        job_id, token = made["jobId"], made["token"]
        async with self.socket(made) as socket:
            await socket.say("awaiting-upload", {"action": "subscribe", "token": token})
            files = {"file": ("video", self.clip.read_bytes(), "video/webm")}
            (await self.http.post(made["upload"]["url"], data=made["upload"]["fields"], files=files)).raise_for_status()
            await socket.hear("scored", "SCORED")
            await self.ask("amended", "PATCH", f"/jobs/{job_id}", {"dive": "107B", "height": 3}, token)
            await socket.hear("amended", "SCORED")
        await self.ask("read-scored", "GET", f"/jobs/{job_id}", token=token)
        await self.ask("video", "GET", f"/jobs/{job_id}/video", token=token)
        await self.ask("shared", "POST", f"/jobs/{job_id}/share", {"expiresIn": 60, "scopes": ["read", "video"]}, token)
        marks = {"marks": [8.5, 8.5, 8, 9, 8.5, 8.5, 7.5], "consent": True}
        await self.ask("marked", "PUT", f"/jobs/{job_id}/marks", marks, token)
        await self.ask("error-conflict", "POST", "/jobs", A_JOB, headers={"idempotency-key": "one"})

        text = b"Forward three and a half somersaults."
        bad = await self.ask(None, "POST", "/jobs", A_JOB | {"sizeBytes": len(text)})
        async with self.socket(bad) as socket:
            await socket.say(None, {"action": "subscribe", "token": bad["token"]})
            files = {"file": ("video", text, "video/webm")}
            (await self.http.post(bad["upload"]["url"], data=bad["upload"]["fields"], files=files)).raise_for_status()
            await socket.hear("rejected", "REJECTED")

        failing = await self.new()
        fence = Fence("recorder#1", 1)
        async with self.socket(failing) as socket:
            await socket.say(None, {"action": "subscribe", "token": failing["token"]})
            self.apply(failing["jobId"], Accepted("v1", ahead=3))
            await socket.hear("queued", "QUEUED")
            self.apply(failing["jobId"], Claimed(fence.owner, "v1", 30_000, 1), Progressed(fence, "decoding", 0.375))
            await socket.hear("processing", "PROCESSING")
            path = f"/jobs/{failing['jobId']}"
            await self.ask("error-being-scored", "PATCH", path, {"dive": "107B"}, failing["token"])
            cause = Cause("SCORER_FAILED", "The scorer failed; it can be tried again.", retryable=True)
            self.apply(failing["jobId"], AttemptFailed(fence, cause, 1))
            await socket.hear("failed", "FAILED")

        expiring = await self.new()
        async with self.socket(expiring) as socket:
            await socket.say(None, {"action": "subscribe", "token": expiring["token"]})
            late = JobTable(self.table.name, self.dynamodb, clock=lambda: int(time.time() * 1000) + HOUR_MS)
            late.apply(late.get(expiring["jobId"]), DeadlinePassed(3))
            await socket.hear("expired", "EXPIRED")

        unwanted = await self.new()
        async with self.socket(unwanted) as socket:
            await socket.say(None, {"action": "subscribe", "token": unwanted["token"]})
            await self.ask("cancelled", "DELETE", f"/jobs/{unwanted['jobId']}", token=unwanted["token"])
            await socket.hear("cancelled", "CANCELLED")
        await self.ask("health", "GET", "/health")

    async def parts(self) -> None:
        """A large video, which is sent in parts."""
        part, end = bytes(8 * 2**20), bytes(100)
        video = A_JOB | {"filename": "long.mp4", "contentType": "video/mp4", "sizeBytes": 2 * len(part) + len(end)}
        made = await self.ask("created-in-parts", "POST", "/jobs", video)
        path, token = f"/jobs/{made['jobId']}", made["token"]
        asked = [{"number": number, "sha256": sha256_of(data)} for number, data in enumerate((part, part, end), 1)]
        answer = await self.ask("parts-asked", "POST", f"{path}/parts", {"parts": asked}, token)
        await self.ask("error-parts-missing", "POST", f"{path}/complete", token=token)
        for address, data in zip(answer["addresses"], (part, part, end), strict=True):
            sent = await self.http.put(address["url"], content=data, headers=address["headers"])
            sent.raise_for_status()
        await self.ask("parts-present", "POST", f"{path}/parts", {"parts": []}, token)
        await self.ask("error-no-such-part", "POST", f"{path}/parts", {"parts": [asked[0] | {"number": 4}]}, token)
        await self.ask("completed", "POST", f"{path}/complete", token=token)
        given_up = await self.ask(None, "POST", "/jobs", video)
        await self.ask(None, "DELETE", f"/jobs/{given_up['jobId']}", token=given_up["token"])
        path = f"/jobs/{given_up['jobId']}/parts"
        await self.ask("error-no-more-parts", "POST", path, {"parts": []}, given_up["token"])

    async def answers(self) -> None:
        """Every other message of the socket."""
        made = await self.new()
        ids = [f"{number:032x}" for number in range(1, MAX_JOBS_PER_CONNECTION + 2)]
        issue = self.tokens.issue
        soon = int(time.time()) + 600
        subscribe = {"action": "subscribe"}
        async with self.socket(made) as socket:
            await socket.say("pong", {"action": "ping"})
            await socket.say("unsubscribed", {"action": "unsubscribe", "jobId": made["jobId"]})
            await socket.say("error-invalid-message", subscribe)
            await socket.say("error-unknown-action", {"action": "dance"})
            await socket.say("error-too-large", {"action": "ping", "pad": "x" * 9000})
            await socket.say("error-unauthorized", subscribe | {"token": "nonsense"})
            await socket.say(
                "error-token-expired", subscribe | {"token": issue(made["jobId"], HOLDER_SCOPES, soon - 6000)}
            )
            await socket.say("error-forbidden", subscribe | {"token": issue(made["jobId"], [Scope.CONNECT], soon)})
            await socket.say("error-job-not-found", subscribe | {"token": issue(NO_JOB, HOLDER_SCOPES, soon)})
            row = self._row(made["jobId"])
            for job_id in ids:
                self._put(row | {"pk": {"S": f"JOB#{job_id}"}, "jobId": {"S": job_id}, "status": {"S": "CANCELLED"}})
            for job_id in ids[:-1]:
                await socket.say(None, subscribe | {"token": issue(job_id, HOLDER_SCOPES, soon)})
            await socket.say("error-too-many-jobs", subscribe | {"token": issue(ids[-1], HOLDER_SCOPES, soon)})
        async with self.socket(made) as socket:
            await socket.say(None, subscribe | {"token": made["token"]})
            for item in self._scan():
                if item["sk"]["S"] == "CONN":  # as if the connection had been given up
                    key = {name: item[name] for name in ("pk", "sk")}
                    self.dynamodb.delete_item(TableName=self.table.name, Key=key)
            await socket.say("error-unavailable", subscribe | {"token": made["token"]})

    async def refusals(self) -> None:
        """Every error of HTTP that can be had."""
        made, other = await self.new(), await self.new()
        path, token = f"/jobs/{made['jobId']}", made["token"]
        issue = self.tokens.issue
        soon = int(time.time()) + 600
        await self.ask("error-invalid-request", "POST", "/jobs", A_JOB | {"dive": "999Z"})
        await self.ask("error-difficulty-impossible", "POST", "/jobs", A_JOB | {"dive": "101C", "difficulty": 5.9})
        await self.ask("error-dive-impossible", "POST", "/jobs", A_JOB | {"dive": "612B", "height": 3})
        await self.ask("error-no-consent", "PUT", f"{path}/marks", {"score": 84.15}, token)
        await self.ask("error-empty-file", "POST", "/jobs", A_JOB | {"sizeBytes": 0})
        await self.ask("error-too-large", "POST", "/jobs", A_JOB | {"sizeBytes": 200 * 2**20 + 1})
        await self.ask("error-unauthorized", "GET", path)
        await self.ask("error-token-expired", "GET", path, token=issue(made["jobId"], HOLDER_SCOPES, soon - 6000))
        await self.ask("error-forbidden", "GET", path, token=other["token"])
        missing = issue(NO_JOB, HOLDER_SCOPES, soon)
        await self.ask("error-job-not-found", "GET", f"/jobs/{NO_JOB}", token=missing)
        await self.ask("error-no-video", "GET", f"{path}/video", token=token)
        for _ in range(25):
            body = await self.ask(None, "POST", "/jobs", A_JOB)
            if "error" in body:
                break
        await self.ask("error-rate-limited", "POST", "/jobs", A_JOB)

    def _row(self, job_id: str) -> Any:
        key = {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}}
        item = self.dynamodb.get_item(TableName=self.table.name, Key=key, ConsistentRead=True)["Item"]
        # Settled, so that the sweeper leaves it alone.
        return {name: item[name] for name in item if name not in ("openShard", "openClient", "deadline")}

    def _put(self, row: Any) -> None:
        self.dynamodb.put_item(TableName=self.table.name, Item=row)

    def _scan(self) -> list[Any]:
        return list(self.dynamodb.scan(TableName=self.table.name, ConsistentRead=True)["Items"])


@dataclass
class Socket:
    """A socket whose messages are recorded."""

    connection: ClientConnection

    async def say(self, name: str | None, message: dict[str, Any]) -> None:
        """Send a message and record its answer, when it has a name."""
        await self.connection.send(json.dumps(message))
        answer = await self._next()
        if name is not None:
            write("live", name, {"sent": message, "received": answer})

    async def hear(self, name: str, status: str) -> None:
        """Wait for a job in that state and record it; of several, the first that says more than the state."""
        while True:
            news = await self._next()
            if news["type"] != "job" or news["job"]["status"] != status:
                continue
            if status != "PROCESSING" or "progress" in news["job"]:
                write("live", name, {"sent": None, "received": news})
                return

    async def _next(self) -> Any:
        return json.loads(await asyncio.wait_for(self.connection.recv(), HEARD_WITHIN))


async def record(system: System, clip: Path) -> None:
    """Everything."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        recorder = Recorder(system, clip, http)
        await recorder.lives()
        await recorder.parts()
        await recorder.answers()
        await recorder.refusals()


def main() -> None:
    """Start a system, record, stop it."""
    with tempfile.TemporaryDirectory(prefix="divescore-record-") as folder:
        clip = Path(folder) / "dive.webm"
        done = divescore("render", "--dive", "107B", "--seed", "7", "--out", str(clip), timeout=RENDER_WITHIN)
        assert done.returncode == 0, done.stderr
        with own_system({"OpenJobsPerClient": "20"}) as system:
            asyncio.run(record(system, clip))


if __name__ == "__main__":
    main()
