"""`c3d-avg`: scores every frame of a video, clip by clip as they are decoded, and holds only a stretch of them.

The gate's classifier needs 16 frames from all over the video. Up to `LOOK_AHEAD` clips are decoded before the first is
scored, so it answers first unless the video is longer than that; then it answers when the video ends.
"""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from divescore.difficulty import difficulty_of
from divescore.dives import Dive, Position, Rotation, name_dive
from divescore.result import Runtime
from divescore.scoring.architectures import CheckGate, Inference, Prediction
from divescore.scoring.c3d.clip_stream import ClipStream
from divescore.scoring.c3d.engine import Precision
from divescore.scoring.c3d.frames import KeptFrames, gate_frames, padded_length, to_clip, to_gate_clip
from divescore.scoring.c3d.loaded import LoadedC3d
from divescore.scoring.c3d.manifest import C3dNetwork, C3dPreprocessing
from divescore.scoring.c3d.network import CLIP
from divescore.scoring.manifest import Manifest
from divescore.video.limits import VideoLimits
from divescore.video.progress import OnProgress
from divescore.video.sampling import SampledVideo, SourceInfo

LOOK_AHEAD = 28
"""Clips that are decoded before the first is scored: 448 frames, 29 MB; the published scorer took 400 at most."""
MOST_SEGMENTS = 40
"""A result travels in one message, so clips of a long video are reported together."""
STRIP_FRAMES = 12
USUAL_DIFFICULTY = 3.2
"""The commonest difficulty of MTL-AQA's dives, for execution's sake when nothing says what was dived."""
# Order of the classes in the published heads, as MTL-AQA numbers them.
POSITIONS = (Position.FREE, Position.PIKE, Position.TUCK)
ROTATIONS = (Rotation.BACK, Rotation.FORWARD, Rotation.INWARD, Rotation.REVERSE)


class C3dModel:
    """The published network, loaded."""

    def __init__(self, folder: Path, manifest: Manifest, precision: Precision | None = None) -> None:
        self._settings = manifest.preprocessing_as(C3dPreprocessing)
        self._network = manifest.network_as(C3dNetwork)
        self._scale = manifest.execution_scale
        self._loaded = LoadedC3d(folder, self._network, self._settings, precision)
        choice = self._loaded.choice
        self.runtime = Runtime(
            precision=choice.precision.value,
            threads=torch.get_num_threads(),
            torch=torch.__version__,
            cpu=torch.backends.cpu.get_cpu_capability(),
            difference=None if choice.difference is None else float(f"{choice.difference:.2e}"),
        )
        missing = () if self._network.gate else ("Nothing checked whether the video shows a dive.",)
        self.warnings: tuple[str, ...] = (*choice.warnings, *missing)

    def infer(self, path: Path, limits: VideoLimits, on_progress: OnProgress, check_gate: CheckGate) -> Inference:
        """Score the video clip by clip; memory does not grow with its length."""
        limits = replace(limits, max_frames=min(limits.max_frames, self._settings.max_frames))
        clips = ClipStream(path, (self._settings.width, self._settings.height), limits, on_progress)
        try:
            with torch.inference_mode():
                return self._infer(clips, on_progress, check_gate)
        finally:
            clips.close()

    def _infer(self, clips: ClipStream, on_progress: OnProgress, check_gate: CheckGate) -> Inference:
        clips.look_ahead(LOOK_AHEAD)
        started = time.perf_counter()
        waited = clips.seconds
        kept = _GateAndStripFrames(clips.expected, self._settings.padding)
        sport: Tensor | None = None
        if clips.ended:
            for frames in clips.held:
                kept.add(frames)
            sport = self._gate(kept, clips.frames, check_gate)
        features: list[Tensor] = []
        for frames in clips:
            if not clips.known_before:
                kept.add(frames)
            features.append(self._loaded.features(to_clip(frames, self._settings)))
            on_progress("scoring", min(CLIP * len(features) / (clips.expected + CLIP), 1.0))
        if not clips.known_before:
            sport = self._gate(kept, clips.frames, check_gate)
        real = len(features)
        if padded_length(clips.frames, self._settings.padding) > CLIP * real:
            nothing = np.empty((0, self._settings.height, self._settings.width, 3), dtype=np.uint8)
            features.append(self._loaded.features(to_clip(nothing, self._settings)))
        prediction = self._predict(torch.cat(features), real, clips.frames, sport)
        on_progress("scoring", 1.0)
        decode = clips.seconds
        infer = time.perf_counter() - started - (decode - waited)
        return Inference(kept.strip(clips.source, clips.warnings), prediction, {"decode": decode, "infer": infer})

    def _gate(self, kept: "_GateAndStripFrames", frames: int, check_gate: CheckGate) -> Tensor | None:
        if not self._network.gate:
            check_gate(1.0)
            return None
        numbers = gate_frames(frames, self._settings.padding)
        logits = self._loaded.sports(to_gate_clip([kept.at(int(number)) for number in numbers], self._settings))
        check_gate(self._probability(logits))
        return logits

    def _probability(self, logits: Tensor) -> float:
        """1 when diving is the likeliest class, as published; else how likely it is beside the likeliest one."""
        return float(torch.exp(logits[self._network.diving] - logits.max()))

    def _predict(self, features: Tensor, real: int, frames: int, sport: Tensor | None) -> Prediction:
        outputs = self._loaded.score_features(features)
        shares = [self._scale * share for share in outputs.shares]
        # A clip of nothing but padding lies nowhere in the video: all bear its part.
        even = sum(shares[real:]) / real
        together = -(-real // MOST_SEGMENTS)
        groups = range(0, real, together)
        classes = {name: int(logits.argmax()) for name, logits in outputs.classes.items()}
        dive = _dive(classes) if classes else None
        return Prediction(
            gate=1.0 if sport is None else self._probability(sport),
            shares=tuple(
                sum(shares[i : min(i + together, real)]) + even * len(shares[i : min(i + together, real)])
                for i in groups
            ),
            ends=tuple(min(CLIP * (i + together), frames) / frames for i in groups),
            of="score",
            spread=self._network.spread,
            difficulty=difficulty_of(dive) if dive else USUAL_DIFFICULTY,
            dive=dive,
            raw={
                "score": outputs.score,
                "shares": outputs.shares,
                "sport": None if sport is None else int(sport.argmax()),
                "classes": {
                    name: [round(float(p), 4) for p in torch.softmax(logits, dim=0)]
                    for name, logits in outputs.classes.items()
                },
            },
        )


class _GateAndStripFrames(KeptFrames):
    """Frames for the gate's classifier, and for the strip that a result shows."""

    def __init__(self, frames: int, padding: str) -> None:
        self._strip = np.linspace(0, frames - 1, STRIP_FRAMES).round().astype(int).tolist()
        super().__init__([*self._strip, *gate_frames(frames, padding).tolist()])

    def strip(self, source: SourceInfo, warnings: list[str]) -> SampledVideo:
        """Those for the strip, all of the picture, at their times."""
        numbers = [number for number in self._strip if number < source.frames]
        kept = [self.at(number) for number in numbers]
        times = np.asarray(numbers) * source.seconds / source.frames
        return SampledVideo(np.stack([frame for frame in kept if frame is not None]), times, source, warnings)


def _dive(classes: dict[str, int]) -> Dive:
    return name_dive(
        POSITIONS[classes["position"]],
        bool(classes["armstand"]),
        ROTATIONS[classes["rot_type"]],
        classes["ss_no"],
        classes["tw_no"],
    )
