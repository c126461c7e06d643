"""A video's clips as they are decoded, of which some are held before the first is scored."""

import time
from collections import deque
from collections.abc import Generator, Iterator
from pathlib import Path

from divescore.scoring.c3d.frames import Frames
from divescore.scoring.c3d.network import CLIP
from divescore.video.frames import Chunk
from divescore.video.limits import VideoLimits
from divescore.video.progress import OnProgress
from divescore.video.sampling import SourceInfo, stream_frames


class ClipStream:
    """Iterating it takes the clips in order, uint8 RGB [N <= 16, H, W, 3]. Close it: that ends the decoder."""

    def __init__(self, path: Path, size: tuple[int, int], limits: VideoLimits, on_progress: OnProgress) -> None:
        """`on_progress` hears of decoding for as long as `look_ahead` takes."""
        self.held: deque[Frames] = deque()
        self.frames = 0
        """Decoded so far."""
        self.ended = False
        self.known_before = False
        """Whether all was decoded before anybody took the first clip."""
        self.seconds = 0.0
        """Time spent waiting for the decoder."""
        self.source = SourceInfo(0, 0, 0, 0.0, "")
        self.warnings: list[str] = []
        self._promised = 0
        self._on_progress: OnProgress | None = on_progress
        self._chunks: Generator[Chunk, None, tuple[SourceInfo, list[str]]] = stream_frames(
            path, CLIP, size, limits, self._report
        )

    @property
    def expected(self) -> int:
        """Frames that there are, as far as is known."""
        return self.frames if self.ended else max(self._promised, self.frames)

    def look_ahead(self, clips: int) -> None:
        """Decode so many clips, or all there are."""
        while not self.ended and len(self.held) < clips:
            self._pull()
        self._on_progress = None  # from now on progress is that of scoring
        self.known_before = self.ended

    def __iter__(self) -> Iterator[Frames]:
        while self.held or not self.ended:
            if not self.held:
                self._pull()
            if self.held:
                yield self.held.popleft()

    def close(self) -> None:
        """End the decoder."""
        self._chunks.close()

    def _report(self, stage: str, share: float) -> None:
        if self._on_progress is not None:
            self._on_progress(stage, share)

    def _pull(self) -> None:
        started = time.perf_counter()
        try:
            chunk = next(self._chunks)
        except StopIteration as end:
            self.source, self.warnings = end.value
            self.ended = True
        else:
            self.held.append(chunk.frames)
            self.frames += len(chunk.frames)
            self._promised = chunk.promised
        self.seconds += time.perf_counter() - started
