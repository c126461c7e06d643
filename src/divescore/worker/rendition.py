"""A rendition of a scored film that browsers do not play: made once its score is written, and nobody waits for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from divescore.jobs.meter import SILENT, Meter
from divescore.jobs.model import Job
from divescore.uploads.store import UploadStore

RENDITION_SECONDS = 20.0
LEAST_SECONDS = 2.0
"""Of the function's time: with less left it is not begun."""
LATEST_MS = 86_400_000
"""After the job's creation. Storage counts days from a rendition's own making, and it must not outlive the video."""

MakeRendition = Callable[[Path, float], bytes]
"""A film as a small MP4 within so many seconds; may raise anything."""


@dataclass(frozen=True)
class Renditions:
    """Makes and keeps them. Whatever goes wrong is reported and changes nothing: the score stands."""

    store: UploadStore
    make: MakeRendition
    report: Callable[..., None]
    now: Callable[[], int]
    meter: Meter = SILENT

    def add(self, job: Job, film: Path, seconds_left: float) -> None:
        """Make and keep the rendition of a scored job's `film`, within `seconds_left` of the function's time."""
        seconds = min(RENDITION_SECONDS, seconds_left)
        if seconds < LEAST_SECONDS or self.now() - job.created_at > LATEST_MS or job.object_version is None:
            self.report("no time for a rendition", seconds=round(seconds, 1))
            return
        started = time.perf_counter()
        try:
            made = self.make(film, seconds)
            kept = self.store.put_rendition(job.job_id, job.object_version, made)
        except Exception as error:  # of a stranger's film, of storage or of ours: the score is there and stays
            self.report("no rendition", error=repr(error))
            return
        if kept:
            self.meter.count("Renditions")
            self.meter.seconds("StageSeconds", time.perf_counter() - started, stage="rendition")


def make_rendition(film: Path, seconds: float) -> bytes:
    """See `video.sampling.rendition_of`."""
    from divescore.video.limits import VideoLimits
    from divescore.video.sampling import rendition_of

    return rendition_of(film, VideoLimits(max_bytes=film.stat().st_size, decode_seconds=seconds))
