"""`c3d-avg`: looks at every frame of a video, clip by clip as they are decoded, and holds only a stretch of them.

The classifier at the door needs 16 frames from all over the video. Up to `AHEAD` clips are decoded before the first is
scored, so it answers first unless the video is longer than that; then it answers when the video ends.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from divescore.difficulty import difficulty_of
from divescore.dives import Dive, Position, Rotation, name_dive
from divescore.result import Runtime
from divescore.scoring.architectures import Prediction, Watched
from divescore.scoring.c3d.engine import Precision
from divescore.scoring.c3d.frames import Frames, Picks, gate_places, padded_length, to_clip, to_gate_clip
from divescore.scoring.c3d.manifest import C3dNetwork, C3dPreprocessing
from divescore.scoring.c3d.network import CLIP
from divescore.scoring.c3d.runtime import C3dRuntime
from divescore.scoring.manifest import Manifest
from divescore.video.limits import Limits
from divescore.video.sampling import SampledVideo, SourceInfo, all_frames
from divescore.video.sandbox import Piece

AHEAD = 28
"""Clips that are decoded before the first is scored: 448 frames, 29 MB; the published scorer took 400 at most."""
MOST_SEGMENTS = 40
"""A result travels in one message, so clips of a long video are reported together."""
STRIP_FRAMES = 12
USUAL_DIFFICULTY = 3.2
"""The commonest difficulty of MTL-AQA's dives, for execution's sake when nothing says what was dived."""
# Order of the classes in the published heads, as MTL-AQA numbers them.
POSITIONS = (Position.FREE, Position.PIKE, Position.TUCK)
ROTATIONS = (Rotation.BACK, Rotation.FORWARD, Rotation.INWARD, Rotation.REVERSE)
_UNKNOWN = Dive(None, Position.FREE, False, Rotation.FORWARD, 0, 0)

OnProgress = Callable[[str, float], None]
Stream = Generator[Piece, None, tuple[SourceInfo, list[str]]]


class C3dWatcher:
    """The published network, loaded."""

    def __init__(self, folder: Path, manifest: Manifest, precision: Precision | None = None) -> None:
        self._settings = manifest.preprocessing_as(C3dPreprocessing)
        self._network = manifest.network_as(C3dNetwork)
        self._scale = manifest.execution_scale
        self._loaded = C3dRuntime(folder, self._network, self._settings, precision)
        chosen = self._loaded.chosen
        self.runtime = Runtime(
            precision=chosen.precision.value,
            threads=torch.get_num_threads(),
            torch=torch.__version__,
            cpu=torch.backends.cpu.get_cpu_capability(),
            difference=None if chosen.difference is None else float(f"{chosen.difference:.2e}"),
        )
        missing = () if self._network.gate else ("Nothing checked whether the video shows a dive.",)
        self.warnings: tuple[str, ...] = (*chosen.warnings, *missing)

    def watch(
        self, path: Path, limits: Limits, on_progress: OnProgress, judge_gate: Callable[[float], None]
    ) -> Watched:
        """Score the video clip by clip; memory does not grow with its length."""
        limits = replace(limits, max_frames=min(limits.max_frames, self._settings.max_frames))
        size = (self._settings.width, self._settings.height)
        film = _Film(all_frames(path, CLIP, size, limits, lambda share: film.report(on_progress, share)))
        try:
            with torch.inference_mode():
                return self._watch(film, on_progress, judge_gate)
        finally:
            film.close()

    def _watch(self, film: "_Film", on_progress: OnProgress, judge_gate: Callable[[float], None]) -> Watched:
        film.look_ahead(AHEAD)
        started = time.perf_counter()
        waited = film.seconds
        picks = _Chosen(film.expected, self._settings.padding)
        sport: Tensor | None = None
        if film.ended:
            for frames in film.ahead:
                picks.see(frames)
            sport = self._gate(picks, film.frames, judge_gate)
        features: list[Tensor] = []
        for frames in film:
            if not film.known_before:
                picks.see(frames)
            features.append(self._loaded.features(to_clip(frames, self._settings)))
            on_progress("scoring", min(CLIP * len(features) / (film.expected + CLIP), 1.0))
        if not film.known_before:
            sport = self._gate(picks, film.frames, judge_gate)
        real = len(features)
        if padded_length(film.frames, self._settings.padding) > CLIP * real:
            nothing = np.empty((0, self._settings.height, self._settings.width, 3), dtype=np.uint8)
            features.append(self._loaded.features(to_clip(nothing, self._settings)))
        prediction = self._predict(torch.cat(features), real, film.frames, sport)
        on_progress("scoring", 1.0)
        decode = film.seconds
        infer = time.perf_counter() - started - (decode - waited)
        return Watched(picks.video(film.source, film.warnings), prediction, {"decode": decode, "infer": infer})

    def _gate(self, picks: "_Chosen", frames: int, judge_gate: Callable[[float], None]) -> Tensor | None:
        if not self._network.gate:
            judge_gate(1.0)
            return None
        clip = to_gate_clip(
            [picks.at(int(place)) for place in gate_places(frames, self._settings.padding)], self._settings
        )
        logits = self._loaded.sports(clip)
        judge_gate(self._probability(logits))
        return logits

    def _probability(self, logits: Tensor) -> float:
        """1 when diving is the likeliest class, as published; else how likely it is beside the likeliest one."""
        return float(torch.exp(logits[self._network.diving] - logits.max()))

    def _predict(self, features: Tensor, real: int, frames: int, sport: Tensor | None) -> Prediction:
        judged = self._loaded.judge(features)
        shares = [self._scale * share for share in judged.shares]
        # A clip of nothing but padding lies nowhere in the video: all bear its part.
        even = sum(shares[real:]) / real
        together = -(-real // MOST_SEGMENTS)
        groups = range(0, real, together)
        classes = {name: int(logits.argmax()) for name, logits in judged.classes.items()}
        dive = _dive(classes) if classes else _UNKNOWN
        return Prediction(
            gate=1.0 if sport is None else self._probability(sport),
            shares=tuple(
                sum(shares[i : min(i + together, real)]) + even * len(shares[i : min(i + together, real)])
                for i in groups
            ),
            ends=tuple(min(CLIP * (i + together), frames) / frames for i in groups),
            of="score",
            spread=self._network.spread,
            difficulty=difficulty_of(dive) if classes else USUAL_DIFFICULTY,
            dive=dive,
            named=bool(classes),
            raw={
                "score": judged.score,
                "shares": judged.shares,
                "sport": None if sport is None else int(sport.argmax()),
                "classes": {
                    name: [round(float(p), 4) for p in torch.softmax(logits, dim=0)]
                    for name, logits in judged.classes.items()
                },
            },
        )


class _Film:
    """A stream of clips of which some are decoded ahead; iterating it takes them in order."""

    def __init__(self, stream: Stream) -> None:
        self.ahead: deque[Frames] = deque()
        self.frames = 0
        self.ended = False
        self.known_before = False
        """Whether it ended before anybody took the first clip."""
        self.seconds = 0.0
        """Time spent waiting for the decoder."""
        self.source = SourceInfo(0, 0, 0, 0.0, "")
        self.warnings: list[str] = []
        self._promised = 0
        self._stream = stream
        self._looking_ahead = True

    @property
    def expected(self) -> int:
        """Frames that there are, as far as is known."""
        return self.frames if self.ended else max(self._promised, self.frames)

    def report(self, on_progress: OnProgress, share: float) -> None:
        """Pass the decoder's progress on, as long as nothing is scored yet."""
        if self._looking_ahead:
            on_progress("decoding", share)

    def look_ahead(self, clips: int) -> None:
        """Decode so many clips, or all there are."""
        while not self.ended and len(self.ahead) < clips:
            self._pull()
        self._looking_ahead = False
        self.known_before = self.ended

    def __iter__(self) -> Iterator[Frames]:
        while self.ahead or not self.ended:
            if not self.ahead:
                self._pull()
            if self.ahead:
                yield self.ahead.popleft()

    def close(self) -> None:
        """End the decoder."""
        self._stream.close()

    def _pull(self) -> None:
        started = time.perf_counter()
        try:
            piece = next(self._stream)
        except StopIteration as end:
            self.source, self.warnings = end.value
            self.ended = True
        else:
            self.ahead.append(piece.frames)
            self.frames += len(piece.frames)
            self._promised = piece.promised
        self.seconds += time.perf_counter() - started


class _Chosen(Picks):
    """Frames for the classifier, and some for the eye."""

    def __init__(self, frames: int, padding: str) -> None:
        self._strip = np.linspace(0, frames - 1, STRIP_FRAMES).round().astype(int).tolist()
        super().__init__([*self._strip, *gate_places(frames, padding).tolist()])

    def video(self, source: SourceInfo, warnings: list[str]) -> SampledVideo:
        """The frames for the eye, all of the picture, at their times."""
        places = [place for place in self._strip if place < source.frames]
        kept = [self.at(place) for place in places]
        times = np.asarray(places) * source.seconds / source.frames
        return SampledVideo(np.stack([frame for frame in kept if frame is not None]), times, source, warnings)


def _dive(classes: dict[str, int]) -> Dive:
    return name_dive(
        POSITIONS[classes["position"]],
        bool(classes["armstand"]),
        ROTATIONS[classes["rot_type"]],
        classes["ss_no"],
        classes["tw_no"],
    )
