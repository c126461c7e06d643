"""A stand-in for the whole service that can be told to misbehave: HTTP without a network, sockets on loopback."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from divescore.client.http import Http

API = "http://api.test"
STORAGE = "http://storage.test/bucket"
HAPPY = ("QUEUED", "PROCESSING", "SCORED")


class Service:
    """Jobs `job1`, `job2`, ... whose tokens are `token-job1`, ...; an upload makes a job run through `course`."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.course: tuple[str, ...] = HAPPY
        self.refuse_creation: httpx.Response | None = None
        self.refuse_upload: httpx.Response | None = None
        self.handshake_status: int | None = None
        self.silent = False
        self.calls: list[str] = []
        self.tickets: list[str] = []
        self.subscriptions: list[str] = []
        self.revoked: set[str] = set()
        self.tokens: dict[str, str] = {}  # tokens of another form, and their jobs
        self.sockets: set[ServerConnection] = set()
        self.watchers: dict[str, set[ServerConnection]] = {}
        self.heard: Callable[[str], None] = lambda _: None  # of every action that comes over a socket
        self.port = 0
        self.marks: dict[str, Any] = {}
        self.declared: dict[str, Any] = {}
        self._issued = 0

    def add(self, job_id: str, status: str = "AWAITING_UPLOAD") -> dict[str, Any]:
        job = self.jobs[job_id] = {"jobId": job_id, "status": status, "version": 1}
        return job

    def job_of(self, token: str) -> str:
        return self.tokens.get(token, token.removeprefix("token-"))

    @property
    def live_url(self) -> str:
        self._issued += 1
        return f"ws://127.0.0.1:{self.port}/live?ticket={self._issued}"

    async def advance(self, job_id: str, status: str, **more: Any) -> None:
        job = self.jobs[job_id]
        job |= {"status": status, "version": job["version"] + 1} | more
        if status == "SCORED":
            job["result"] = {"score": 80.5, "model": {"id": "mini", "version": "1", "trainedOn": "synthetic"}}
        for socket in tuple(self.watchers.get(job_id, ())):
            with contextlib.suppress(ConnectionClosed):
                await socket.send(json.dumps({"type": "job", "job": job}))

    # HTTP

    async def handle(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.calls.append(f"{request.method} {request.url.path}")
        if str(request.url) == STORAGE:
            return await self._store(request)
        if request.method == "POST":
            self.declared = json.loads(request.content)
            return self._create()
        job_id = request.url.path.split("/")[2]
        if job_id not in self.jobs:
            return problem(404, "JOB_NOT_FOUND")
        if self.job_of(request.headers["authorization"].removeprefix("Bearer ")) != job_id or job_id in self.revoked:
            return problem(401, "TOKEN_EXPIRED")
        if request.method == "DELETE":
            await self.advance(job_id, "CANCELLED")
            return httpx.Response(202, json={"job": self.jobs[job_id]})
        if request.method == "PUT":
            self.marks[job_id] = json.loads(request.content)
            return httpx.Response(200, json={"job": self.jobs[job_id]})
        return httpx.Response(200, json={"job": self.jobs[job_id], "live": {"url": self.live_url}})

    def _create(self) -> httpx.Response:
        if self.refuse_creation is not None:
            return self.refuse_creation
        job = self.add(f"job{len(self.jobs) + 1}")
        form = {"url": STORAGE, "fields": {"key": f"uploads/{job['jobId']}/video"}, "expiresAt": ""}
        made = {"jobId": job["jobId"], "token": f"token-{job['jobId']}", "upload": form, "live": {"url": self.live_url}}
        return httpx.Response(201, json=made | {"job": job})

    async def _store(self, request: httpx.Request) -> httpx.Response:
        if self.refuse_upload is not None:
            return self.refuse_upload
        job_id = request.content.split(b"uploads/")[1].split(b"/")[0].decode()
        for status in self.course:
            await self.advance(job_id, status)
        return httpx.Response(204)

    # Sockets

    def knock(self, connection: ServerConnection, request: Request) -> Response | None:
        self.tickets.append(parse_qs(urlsplit(request.path).query)["ticket"][0])
        if self.handshake_status is not None:
            return Response(self.handshake_status, "No", Headers(), b"")
        return None

    async def talk(self, socket: ServerConnection) -> None:
        self.sockets.add(socket)
        try:
            async for text in socket:
                message = json.loads(text)
                self.heard(message["action"])
                if message["action"] == "subscribe" and not self.silent:
                    await self._subscribe(socket, self.job_of(message["token"]))
        finally:
            self.sockets.discard(socket)
            for watchers in self.watchers.values():
                watchers.discard(socket)

    async def _subscribe(self, socket: ServerConnection, job_id: str) -> None:
        self.subscriptions.append(job_id)
        if job_id not in self.jobs or job_id in self.revoked:
            code = "FORBIDDEN" if job_id in self.revoked else "JOB_NOT_FOUND"
            await socket.send(json.dumps({"type": "error", "code": code, "message": "No."}))
            return
        self.watchers.setdefault(job_id, set()).add(socket)
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps({"type": "job", "job": self.jobs[job_id]}))

    def kill(self) -> None:
        """Cut every socket without a word."""
        for socket in tuple(self.sockets):
            socket.transport.abort()

    def http(self) -> Http:
        return Http(API, httpx.MockTransport(self.handle))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        async with serve(self.talk, "127.0.0.1", 0, process_request=self.knock, close_timeout=0.1) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield server
            await asyncio.sleep(0)


def problem(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "A sentence."}})
