"""Dives that are measured: sent as browsers do, a few at a time, and all of them scored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from divescore.client.errors import ClientError
from divescore.ops.load.clock import now
from divescore.ops.load.generator import Sends, generate
from divescore.ops.load.job_log import SCORED, JobLog, JobRecord
from divescore.ops.load.run import CHECKED_EVERY, cancel_open, logged_send
from divescore.ops.load.sockets import Sockets, fewest
from divescore.ops.load.upload_route import UploadRoute


class NotScored(ClientError):
    """A dive of the measurement did not end with a score, so there is nothing to measure."""

    def __init__(self, job: JobRecord) -> None:
        state = f"was not sent: {job.problem}" if job.refused else f"is {job.status or 'not known'}."
        super().__init__("NOT_SCORED", f"A dive of the measurement {state}")


@asynccontextmanager
async def scored_dives(
    api: str, clip: Path, jobs: int, at_once: int, timeout: float, watchers: int = 1
) -> AsyncIterator[tuple[JobLog, UploadRoute]]:
    """The log of `jobs` dives that were uploaded, `at_once` at a time, and have their scores; and how they were sent.

    Each is watched by so many sockets. What is open when it goes wrong is cancelled. Raises NotScored, and ClientError
    when the scores do not arrive within `timeout` seconds.
    """
    log = JobLog([0.0] * jobs)
    sockets = Sockets(jobs, fewest(jobs, watchers), watchers, log, now)
    route = UploadRoute(api, [clip], log, sockets)
    try:
        async with asyncio.timeout(timeout):
            await generate(log.start(now()), logged_send(route, log), Sends(jobs), at_once, closed=True)
            while log.open:
                await asyncio.sleep(CHECKED_EVERY)
        for job in log.jobs:
            if job.status != SCORED:
                raise NotScored(job)
        yield log, route
    except TimeoutError as error:
        raise ClientError("NOT_FINISHED", f"The scores did not arrive within {timeout:g} s.") from error
    finally:
        await cancel_open(route, log)
        await sockets.close()
        await route.close()
