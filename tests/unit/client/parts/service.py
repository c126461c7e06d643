"""A service and a storage that take parts, and that can be told to fail: HTTP without a network."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx

from divescore.client.http import Http
from divescore.client.models import PartsPlan
from divescore.client.parts.patience import Patience, UploadTiming
from divescore.client.parts.sender import PartsSender, UploadListener

API, STORAGE = "http://api.test", "http://storage.test"
PART = 100
QUICK = Patience(UploadTiming(first_backoff=0.001, longest_backoff=0.01, stalled_after=1, answer_within=1))

# What happens to a request ("ask", "put", "complete") and its part: an answer or an exception in the place of the
# service's own; None: nothing. `after` faults strike once the service has done its work, so that its answer is lost.
Fault = Callable[[str, int], httpx.Response | Exception | None]


def no_fault(_call: str, _part: int) -> None:
    """All is well."""


class PartsService:
    """One job of a video in parts. `sent` counts the parts that storage confirmed or received whole."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.parts: dict[int, bytes] = {}
        self.hashes: dict[int, str] = {}
        self.video: bytes | None = None
        self.confirmed: set[int] = set()
        self.sent: Counter[int] = Counter()
        self.again: list[int] = []  # parts that were confirmed and yet sent once more
        self.calls: list[str] = []
        self.before: Fault = no_fault
        self.after: Fault = no_fault
        self.status = "AWAITING_UPLOAD"

    @property
    def plan(self) -> PartsPlan:
        return PartsPlan(part_size=PART, count=-(-self.size // PART), expires_at="then")

    async def handle(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        call = (
            "put" if str(request.url).startswith(STORAGE) else request.url.path.split("/")[-1].replace("parts", "ask")
        )
        part = int(request.url.params.get("part", "0"))
        self.calls.append(f"{call} {part}" if part else call)
        return self._struck(self.before, call, part) or self._work(call, part, body, request)

    def _work(self, call: str, part: int, body: bytes, request: httpx.Request) -> httpx.Response:
        answer = {"ask": self._ask, "put": self._put, "complete": self._complete}[call](part, body, request)
        lost = self._struck(self.after, call, part)
        if lost is None and call == "put" and answer.is_success:
            self.confirmed.add(part)
        return lost or answer

    @staticmethod
    def _struck(fault: Fault, call: str, part: int) -> httpx.Response | None:
        outcome = fault(call, part)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _ask(self, _part: int, body: bytes, _request: httpx.Request) -> httpx.Response:
        asked = {part["number"]: part["sha256"] for part in json.loads(body)["parts"]}
        self.hashes |= asked
        present = [n for n, data in self.parts.items() if asked.get(n, sha256_of(data)) == sha256_of(data)]
        addresses = [
            {"number": n, "url": f"{STORAGE}/video?part={n}&X-Amz-Expires=900", "headers": {"x-sum": sha256}}
            for n, sha256 in asked.items()
            if n not in present
        ]
        return httpx.Response(200, json={"present": present, "addresses": addresses, "expiresAt": "later"})

    def _put(self, part: int, body: bytes, request: httpx.Request) -> httpx.Response:
        assert request.headers["content-length"] == str(len(body))
        assert request.headers["x-sum"] == self.hashes[part]
        if sha256_of(body) != self.hashes[part]:
            return httpx.Response(400, text="<Error><Code>BadDigest</Code><Message>No.</Message></Error>")
        if part in self.confirmed:
            self.again.append(part)
        self.sent[part] += 1
        self.parts[part] = body
        return httpx.Response(200)

    def _complete(self, _part: int, _body: bytes, _request: httpx.Request) -> httpx.Response:
        if len(self.parts) < self.plan.count:
            return problem(409, "UPLOAD_INCOMPLETE")
        self.video = b"".join(data for _, data in sorted(self.parts.items()))
        return httpx.Response(202, json={"job": {"jobId": "job", "status": "AWAITING_UPLOAD", "version": 1}})

    def http(self) -> Http:
        return Http(API, httpx.MockTransport(self.handle))

    async def receive(self, path: Path, listener: UploadListener | None = None, patience: Patience = QUICK) -> None:
        """Have the file sent. Raises what the sender raises."""
        async with self.http() as http:
            await PartsSender(http, ("job", "token"), self.plan, path, self.size, listener, None, patience).run()


def sha256_of(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "A sentence."}}, headers=headers)
