"""A bad line in front of an HTTP service: at given amounts of traffic it drops, resets, stalls or answers 503."""

import asyncio
import contextlib
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator
from enum import StrEnum
from urllib.parse import parse_qs

import httpcore
import httpx

from tests.chaos.proxy import NO_LINGER, PIECE

BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Trouble(StrEnum):
    """What happens to a connection."""

    DROP = "dropped"
    RESET = "reset"
    STALL = "stalled"
    BUSY = "answered 503"
    LOST = "answer lost"


class BadLine:
    """Leads to `host:port`; strikes the connection that carries the byte at which a moment has come."""

    def __init__(self, host: str, port: int, moments: int, spread: int, seed: int) -> None:
        """`spread`: bytes of traffic over which the moments lie."""
        chance = random.Random(seed)
        kinds = [list(Trouble)[number % len(Trouble)] for number in range(moments)]
        chance.shuffle(kinds)
        self._target = (host, port)
        self._due = sorted(((chance.randrange(spread), kind) for kind in kinds), reverse=True)
        self.made: Counter[Trouble] = Counter()
        self.carried = 0
        self._links: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def left(self) -> int:
        """Moments that have not come."""
        return len(self._due)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["BadLine"]:
        """Serve for as long as the block runs."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._links:
                task.cancel()
            await asyncio.gather(*self._links, return_exceptions=True)

    def strike(self, count: int) -> Trouble | None:
        """What happens to whoever sends `count` bytes now; None: nothing."""
        self.carried += count
        if self._due and self._due[-1][0] <= self.carried:
            kind = self._due.pop()[1]
            self.made[kind] += 1
            return kind
        return None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._links.add(task)
        task.add_done_callback(self._links.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, reader, writer, far_reader, far_writer)
        try:
            await link.carry()
        except OSError:
            pass  # what one side does to the other is the point
        finally:
            writer.transport.abort()
            far_writer.transport.abort()


class _Link:
    def __init__(
        self,
        line: BadLine,
        near_reader: asyncio.StreamReader,
        near: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far: asyncio.StreamWriter,
    ) -> None:
        self._line = line
        self._near_reader, self._near = near_reader, near
        self._far_reader, self._far = far_reader, far
        self._answers_lost = False

    async def carry(self) -> None:
        back = asyncio.create_task(self._to_client())
        try:
            while data := await self._near_reader.read(PIECE):
                trouble = self._line.strike(len(data))
                if trouble is Trouble.LOST:
                    self._answers_lost = True
                elif trouble is not None:
                    back.cancel()
                    await self._end(trouble)
                    return
                self._far.write(data)
                await self._far.drain()
            self._far.write_eof()
            await back
        finally:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)

    async def _to_client(self) -> None:
        while data := await self._far_reader.read(PIECE):
            if self._answers_lost:
                self._near.transport.abort()
                return
            self._near.write(data)
            await self._near.drain()
        self._near.close()

    async def _end(self, trouble: Trouble) -> None:
        if trouble is Trouble.RESET:
            raw: socket.socket = self._near.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        elif trouble is Trouble.STALL:
            self._near.transport.pause_reading()  # type: ignore[attr-defined]  # it is a socket's
            self._far.transport.abort()
            while not self._near.is_closing():  # until the client has had enough
                await asyncio.sleep(0.05)
                if _gone(self._near):
                    return
        elif trouble is Trouble.BUSY:
            self._far.transport.abort()
            self._near.write(BUSY)
            # Read on, or the answer would be lost in a reset.
            while await self._near_reader.read(PIECE):
                pass


def _gone(writer: asyncio.StreamWriter) -> bool:
    """Whether the other side has closed a connection of which nothing is read: its end lies behind unread bytes."""
    raw: socket.socket = writer.get_extra_info("socket")
    state = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state != 1  # established


class ThroughTheLine(httpx.AsyncHTTPTransport):
    """Sends everything over the line, whatever its address says, and keeps account of parts."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._pool = httpcore.AsyncConnectionPool(network_backend=_Backend(port), max_connections=20)
        self.confirmed: set[int] = set()
        self.again: list[int] = []
        self.puts = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        number = int(parse_qs(request.url.query.decode()).get("partNumber", ["0"])[0])
        if number:
            self.puts += 1
            if number in self.confirmed:
                self.again.append(number)
        answer = await super().handle_async_request(request)
        if number and answer.is_success:
            self.confirmed.add(number)
        return answer


class _Backend(httpcore.AnyIOBackend):
    def __init__(self, port: int) -> None:
        self._port = port

    async def connect_tcp(self, host: str, port: int, *rest: object, **more: object) -> httpcore.AsyncNetworkStream:
        return await super().connect_tcp("127.0.0.1", self._port, *rest, **more)  # type: ignore[arg-type]  # as they came
