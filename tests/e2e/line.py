"""A bad line between a browser and the system: an HTTP proxy that ends requests in the ways that such lines do.

It counts what it carries of each part of an upload, so that a test can say what was sent twice.
"""

import asyncio
import contextlib
import random
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

PIECE = 64 * 1024
LARGEST_HEAD = 64 * 1024
# With a linger of zero seconds the kernel answers closing with a reset.
NO_LINGER = struct.pack("ii", 1, 0)
BUSY_REQUESTS = 3  # that one spell of 503 lasts for
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Access-Control-Allow-Origin: *\r\n"
    b"Content-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)
READY_WITHIN = 10.0


class Cut(StrEnum):
    """What happens to everything that is on the line at one moment."""

    DROP = "connections are closed"
    RESET = "connections are reset"
    STALL = "connections carry nothing any more"
    BUSY = "the next requests are answered 503"


@dataclass(frozen=True)
class Part:
    """One part of one upload, as storage names it."""

    upload_id: str
    number: int


@dataclass
class Traffic:
    """What was seen of the uploads."""

    begun: list[Part] = field(default_factory=list)  # each time that one is sent, at least in part
    stored: set[Part] = field(default_factory=set)  # storage said so, and the answer was passed on whole
    again: list[Part] = field(default_factory=list)  # begun though they were stored
    cuts: Counter[Cut] = field(default_factory=Counter)
    carried: int = 0  # bytes of bodies of parts


class Exchange:
    """One connection of the browser, and the one that carries it on."""

    def __init__(self, near: asyncio.StreamWriter) -> None:
        self.near = near
        self.far: asyncio.StreamWriter | None = None
        self.stalled = False

    def end(self, reset: bool) -> None:
        for writer in filter(None, (self.near, self.far)):
            raw: socket.socket | None = writer.get_extra_info("socket")
            if reset and raw is not None and raw.fileno() >= 0:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                writer.transport.abort()
            else:
                writer.close()


class BadLine:
    """Cuts the line at moments that are counted in bytes of parts, each time in another of the given ways."""

    def __init__(self, moments: Sequence[tuple[int, Cut]]) -> None:
        self.traffic = Traffic()
        self.port = 0
        self._moments = sorted(moments)
        self._open: set[Exchange] = set()
        self._busy = 0

    @contextlib.contextmanager
    def running(self) -> Iterator["BadLine"]:
        """Serve in a thread of its own for as long as the block runs."""
        ready, loop = threading.Event(), asyncio.new_event_loop()

        def serve() -> None:
            asyncio.set_event_loop(loop)
            server = loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            loop.run_forever()
            server.close()
            for exchange in tuple(self._open):
                exchange.end(reset=True)
            pending = asyncio.all_tasks(loop)
            for task in pending:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            loop.close()

        thread = threading.Thread(target=serve, name="bad line")
        thread.start()
        try:
            assert ready.wait(READY_WITHIN), "the proxy did not start"
            yield self
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = Exchange(writer)
        self._open.add(exchange)
        try:
            # Cancelled: the test is over.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._carry(exchange, reader)
        finally:
            self._open.discard(exchange)
            exchange.end(reset=False)

    async def _carry(self, exchange: Exchange, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, address, _ = head.split(" ", 2)
        if method == "CONNECT":
            host, _, port = address.rpartition(":")
            far_reader, exchange.far = await asyncio.open_connection(host, int(port))
            exchange.near.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.gather(
                self._pipe(exchange, reader, exchange.far), self._pipe(exchange, far_reader, exchange.near)
            )
            return
        url = urlsplit(address)
        if self._busy and method in ("POST", "PUT"):
            self._busy -= 1
            await self._answer_busy(exchange, reader, head)
            return
        far_reader, exchange.far = await asyncio.open_connection(loopback(url.hostname or ""), url.port or 80)
        path = f"{url.path or '/'}{'?' + url.query if url.query else ''}"
        # One exchange a connection: its end is then the answer's.
        lines = [line for line in head.split("\r\n")[1:] if not re.match(r"(?i)(proxy-)?connection:", line) and line]
        exchange.far.write(
            "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "Connection: close", "", ""]).encode("latin-1")
        )
        part = part_of(method, url.query)
        if part is not None:
            if part in self.traffic.stored:
                self.traffic.again.append(part)
            self.traffic.begun.append(part)
        body = asyncio.create_task(self._body(exchange, reader, length_of(head), part))
        try:
            whole, answer = await self._answer(exchange, far_reader)
        finally:
            body.cancel()
        if part is not None and whole and answer.startswith(b"HTTP/1.1 200"):
            self.traffic.stored.add(part)

    async def _body(self, exchange: Exchange, reader: asyncio.StreamReader, length: int, part: Part | None) -> None:
        assert exchange.far is not None
        while length:
            data = await reader.read(min(PIECE, length))
            if not data:
                exchange.end(reset=False)
                return
            length -= len(data)
            if part is not None:
                self.traffic.carried += len(data)
                self._cut_if_due()
            await self._until_moving(exchange)
            exchange.far.write(data)
            await exchange.far.drain()

    async def _answer(self, exchange: Exchange, far_reader: asyncio.StreamReader) -> tuple[bool, bytes]:
        """Pass the answer on; whether all of it was, and how it begins."""
        start = b""
        while data := await far_reader.read(PIECE):
            start = start or data
            await self._until_moving(exchange)
            if exchange not in self._open or exchange.near.is_closing():
                return False, start
            exchange.near.write(data)
            await exchange.near.drain()
        return not exchange.near.is_closing(), start

    async def _pipe(self, exchange: Exchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            await self._until_moving(exchange)
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _until_moving(self, exchange: Exchange) -> None:
        """A stalled connection carries nothing any more, until the browser gives it up."""
        while exchange.stalled and not exchange.near.is_closing():
            await asyncio.sleep(0.05)

    async def _answer_busy(self, exchange: Exchange, reader: asyncio.StreamReader, head: str) -> None:
        # Read first: a browser that is still sending takes an early end for a broken line.
        await reader.readexactly(length_of(head))
        exchange.near.write(BUSY)
        await exchange.near.drain()

    def _cut_if_due(self) -> None:
        while self._moments and self.traffic.carried >= self._moments[0][0]:
            _, cut = self._moments.pop(0)
            self.traffic.cuts[cut] += 1
            if cut is Cut.BUSY:
                self._busy = BUSY_REQUESTS
                continue
            for exchange in tuple(self._open):
                if cut is Cut.STALL:
                    exchange.stalled = True
                else:
                    exchange.end(reset=cut is Cut.RESET)


def random_moments(seed: int, cuts: Sequence[Cut], mean_bytes: int) -> list[tuple[int, Cut]]:
    """Each of `cuts` once, in any order, after random numbers of bytes with this mean between them."""
    chance = random.Random(seed)
    at, moments = 0, []
    for cut in chance.sample(cuts, len(cuts)):
        at += 1 + int(chance.expovariate(1 / mean_bytes))
        moments.append((at, cut))
    return moments


def part_of(method: str, query: str) -> Part | None:
    """Which part of which upload a request sends; None for any other request."""
    named = parse_qs(query)
    if method != "PUT" or "partNumber" not in named:
        return None
    return Part(named["uploadId"][0], int(named["partNumber"][0]))


def length_of(head: str) -> int:
    found = re.search(r"(?im)^content-length: *(\d+)", head)
    return int(found[1]) if found else 0


def loopback(host: str) -> str:
    """Where a name of this machine leads; browsers know it by themselves."""
    return "127.0.0.1" if host.endswith("localhost") else host
