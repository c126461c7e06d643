"""One dive that many watch: how soon the last of them has the score."""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from divescore.client.errors import ClientError
from divescore.client.http import Http
from divescore.client.loopback import on_this_machine
from divescore.client.upload import content_type, upload
from divescore.ops.load.stages import moment, spread

CONNECTS_AT_ONCE = 16
SUBSCRIBES_WITHIN = 30.0


async def fan_out(api: str, clip: Path, watchers: int, timeout: float) -> dict[str, Any]:
    """Watch one dive over so many sockets. Seconds from the score's write until each socket had it.

    Raises ClientError when a socket is refused, or the score does not reach all of them within `timeout` seconds.
    """
    async with Http(api) as http, AsyncExitStack() as stack:
        made = await http.create(clip.name, content_type(clip), clip.stat().st_size)
        doors = asyncio.Semaphore(CONNECTS_AT_ONCE)

        async def door() -> ClientConnection:
            async with doors:
                socket = await connect(
                    made.live.url,
                    proxy=None if on_this_machine(made.live.url) else True,
                    compression=None,
                    open_timeout=SUBSCRIBES_WITHIN,
                )
                await socket.send(json.dumps({"action": "subscribe", "token": made.token}))
                await _hears(socket, "AWAITING_UPLOAD")
                return socket

        try:
            async with asyncio.timeout(timeout):
                began = time.monotonic()
                sockets = await asyncio.gather(*(door() for _ in range(watchers)))
                opening = time.monotonic() - began
                for socket in sockets:
                    stack.push_async_callback(socket.close)
                listening = [asyncio.create_task(_hears(socket, "SCORED")) for socket in sockets]
                await upload(http.client, made.upload, clip)
                heard = await asyncio.gather(*listening)
        except TimeoutError as error:
            raise ClientError("NOT_FINISHED", f"The score did not reach all sockets within {timeout:g} s.") from error
    clock = time.time() - time.monotonic()
    return {
        "watchers": watchers,
        "connects_per_second": round(watchers / opening, 1),
        "message_bytes": max(size for _, _, size in heard),
        "write_to_push": spread([at + clock - written for at, written, _ in heard]),
        "first_to_last": round(max(at for at, _, _ in heard) - min(at for at, _, _ in heard), 4),
    }


async def _hears(socket: ClientConnection, status: str) -> tuple[float, float, int]:
    """When the socket heard that the job is in this state, when the service wrote that, and the message's bytes."""
    async for text in socket:
        at = time.monotonic()
        message = json.loads(text)
        if message["type"] == "error":
            raise ClientError(message["code"], message["message"])
        job = message.get("job", {})
        if job.get("status") == status:
            return at, moment(job["updatedAt"]), len(text)
        if job.get("status") in ("REJECTED", "FAILED"):
            raise ClientError("NOT_SCORED", f"The dive of the measurement is {job['status']}.")
    raise ClientError("CLOSED", "A socket was closed before the score arrived.")
