"""A TCP proxy between clients and the system that ends connections in the ways that networks do.

It speaks no WebSocket; it only counts the service's frames, so that a polite end comes between two of them.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from enum import StrEnum

PIECE = 64 * 1024
GOING_AWAY = b"\x88\x02\x03\xe9"  # an unmasked close frame with code 1001
# With a linger of zero seconds the kernel answers closing with a reset.
NO_LINGER = struct.pack("ii", 1, 0)


class Cut(StrEnum):
    """How a connection ends."""

    CLOSE = "clean close"
    KILL = "killed"
    HALF_OPEN = "half-open"


class Frames:
    """Follows the service's stream of frames: `between` tells whether one just ended. The handshake counts as none."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._greeted = False

    @property
    def between(self) -> bool:
        """Whether the next byte begins a frame."""
        return self._greeted and not self._left and not self._head

    def feed(self, data: bytes) -> None:
        """The next bytes of the stream."""
        self._head += data
        if not self._greeted:
            _, mark, rest = self._head.partition(b"\r\n\r\n")
            if not mark:
                return
            self._greeted, self._head = True, rest
        while self._head:
            skipped = min(self._left, len(self._head))
            self._head, self._left = self._head[skipped:], self._left - skipped
            if len(self._head) < 2:
                return
            code = self._head[1] & 0x7F
            extra = {126: 2, 127: 8}.get(code, 0)
            if len(self._head) < 2 + extra:
                return
            self._left = int.from_bytes(self._head[2 : 2 + extra]) if extra else code
            self._head = self._head[2 + extra :]


class Link:
    """One connection through the proxy. `made` counts cuts as they strike, by how and whether inside a message."""

    def __init__(
        self, near: asyncio.StreamWriter, far: asyncio.StreamWriter, made: "Counter[tuple[Cut, bool]]"
    ) -> None:
        self.near = near  # towards the client
        self.far = far  # towards the service
        self.frames = Frames()
        self.cut: Cut | None = None
        self._made = made
        self._armed: Cut | None = None
        self._ended = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether it still carries messages, and will go on doing so."""
        return self.cut is None and self._armed is None and self.frames.between

    def end(self, how: Cut, at_data: bool) -> None:
        """End it now, or in the middle of what the service sends next."""
        if at_data:
            self._armed = how
        else:
            self._end(how, False)

    async def to_service(self, reader: asyncio.StreamReader, ours: bytes, theirs: bytes) -> None:
        """Carry what the client sends; the handshake's `Host`, ours, becomes theirs: the service serves no other."""
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE):
                if self.cut is None:
                    self.far.write(data.replace(ours, theirs, 1))
                    ours = theirs
                    await self.far.drain()
        await self._over()

    async def to_client(self, reader: asyncio.StreamReader) -> None:
        """Carry what the service sends."""
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE):
                if self._armed is not None and self.cut is None:
                    part = random.randrange(len(data))
                    self.frames.feed(data[:part])
                    self.near.write(data[:part])
                    self._end(self._armed, True)
                if self.cut is None:
                    self.frames.feed(data)
                    self.near.write(data)
                    await self.near.drain()
        await self._over()

    def hang_up(self) -> None:
        """Let go of both ends without a word."""
        for writer in (self.near, self.far):
            writer.transport.abort()

    def _end(self, how: Cut, at_data: bool) -> None:
        self.cut = how
        self._made[how, at_data] += 1
        match how:
            case Cut.CLOSE:
                if self.frames.between:
                    self.near.write(GOING_AWAY)
                self.near.close()
                self.far.close()
            case Cut.KILL:
                for writer in (self.near, self.far):
                    raw: socket.socket = writer.get_extra_info("socket")
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                    writer.transport.abort()
            case Cut.HALF_OPEN:
                pass  # from here on whatever either side says is swallowed

    async def _over(self) -> None:
        """One side has ended. The other of a half-open connection hears nothing of it, until it gives up itself."""
        if self.cut is Cut.HALF_OPEN and not self._ended.is_set():
            self._ended.set()
            return
        self.near.close()
        self.far.close()


class Proxy:
    """Listens on a port of its own and leads to `host:port`."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.links: set[Link] = set()
        self.made: Counter[tuple[Cut, bool]] = Counter()
        self.opened = 0
        self.port = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """Serve for as long as the block runs."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for link in tuple(self.links):
                link.hang_up()
            while self.links:
                await asyncio.sleep(0.01)
            await server.wait_closed()

    def open_links(self) -> list[Link]:
        """The connections that carry messages now."""
        return [link for link in self.links if link.open]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self.opened += 1
        link = Link(writer, far_writer, self.made)
        self.links.add(link)
        try:
            hosts = (f"127.0.0.1:{self.port}".encode(), "{}:{}".format(*self._target).encode())
            await asyncio.gather(link.to_service(reader, *hosts), link.to_client(far_reader))
        finally:
            self.links.discard(link)
            link.hang_up()
