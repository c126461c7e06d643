"""From a video file to its score: the one entry that the worker and `predict` call."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from divescore.declaration import Declaration
from divescore.estimate import UNNAMED, dive_seen, half_width, rescored
from divescore.judging import MAX_EXECUTION, score_of
from divescore.result import Interval, ModelInfo, Predicted, Result, Seen, Video
from divescore.scoring.architectures import Inference, Prediction, ScoringModel, load_model
from divescore.scoring.contributions import contributions
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import Manifest, Verification
from divescore.scoring.strip import make_strip
from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.limits import VideoLimits
from divescore.video.progress import OnProgress, silent
from divescore.video.sandbox import sandbox

MEGABYTES_PER_CORE = 1769
"""Lambda gives a core for so much memory."""


@dataclass(frozen=True)
class Scored:
    """A result together with the network's unscaled outputs, and whether a common browser plays the film."""

    result: Result
    raw: dict[str, object]
    playable: bool


class Scorer:
    """A loaded model. Load it once per process; `score` holds no state between videos."""

    def __init__(self, manifest: Manifest, model: ScoringModel, limits: VideoLimits | None = None) -> None:
        self._manifest = manifest
        self._model = model
        self._limits = limits or VideoLimits()
        self.info = ModelInfo(
            id=manifest.id,
            version=manifest.version,
            sha256=manifest.sha256,
            architecture=manifest.architecture,
            trained_on=manifest.trained_on,
        )

    @classmethod
    def load(
        cls,
        weights_dir: Path,
        threads: int | None = None,
        limits: VideoLimits | None = None,
        verification: Verification | None = None,
    ) -> "Scorer":
        """Load the model of `weights_dir`, running on `threads` threads (None: as many as there are cores to use).

        `verification` may have been begun before this module was imported, which takes a second. Raises WeightsInvalid
        when the folder is incomplete, altered or of an unknown architecture.
        """
        # It starts up while the weights are loaded.
        sandbox().start()
        torch.set_num_threads(threads or usable_cores())
        verification = verification or Verification(weights_dir)
        try:
            model = load_model(weights_dir, verification.manifest)
        except WeightsInvalid:
            verification.result()  # an altered file is the better explanation
            raise
        verification.result()
        return cls(verification.manifest, model, limits)

    def score(
        self,
        path: Path,
        dive: str | None = None,
        difficulty: float | None = None,
        gate: bool = True,
        on_progress: OnProgress = silent,
        height: float | None = None,
    ) -> Scored:
        """Score the video at `path`; `dive`, `difficulty` and `height` (metres) are what the uploader declared.

        Without `gate` a video is scored even if it does not look like a dive. Raises VideoRejected for the video's
        fault, ValueError for what cannot be declared, and what `on_progress` raises.
        """
        Declaration(dive, height, difficulty).check()
        doubts: list[str] = []

        def check_gate(probability: float) -> None:
            if probability >= self._manifest.gate.threshold:
                return
            if gate:
                raise VideoRejected(
                    RejectionCode.NOT_A_DIVE,
                    "The video does not look like a dive from a platform or springboard; cut it to one dive, from the "
                    "take-off to the splash.",
                )
            doubts.append("The video does not look like a dive; its score means little.")

        inference = self._model.infer(path, self._limits, on_progress, check_gate)
        own = self._result(inference, doubts)
        result = rescored(own, dive=dive, height=height, difficulty=difficulty)
        return Scored(result, inference.prediction.raw, inference.video.source.playable)

    def _result(self, inference: Inference, doubts: list[str]) -> Result:
        """What the network says by itself, nothing declared and no prior heard."""
        video, prediction = inference.video, inference.prediction
        scaling = self._manifest.interval
        total = max(sum(prediction.shares), 0.0)
        difficulty = round(prediction.difficulty, 1)
        half = scaling.factor * prediction.spread
        if prediction.of == "execution":
            execution = round(total, 2)
            score = score_of(execution, difficulty)
            half *= difficulty
        else:
            score = round(total, 2)
            execution = round(min(total / difficulty, MAX_EXECUTION), 2)
        named = prediction.dive and dive_seen(prediction.dive, "predicted", prediction.sureness)
        return Result.model_validate(
            {
                "score": score,
                "execution": execution,
                "difficulty": difficulty,
                "difficulty_source": "predicted",
                "interval": Interval(
                    low=round(max(score - half, 0.0), 2), high=round(score + half, 2), level=scaling.level
                ),
                "dive": named or UNNAMED,
                "segments": contributions(
                    prediction.shares, score, video.framing.start, video.framing.end, prediction.ends
                ),
                "strip": make_strip(video),
                "model": self.info,
                "runtime": self._model.runtime,
                "timings": {stage: round(seconds, 4) for stage, seconds in inference.timings.items()},
                "video": Video(
                    width=video.source.width,
                    height=video.source.height,
                    frames=video.source.frames,
                    seconds=video.source.seconds,
                    format=video.source.format,
                ),
                "warnings": [*video.warnings, *doubts, *self._model.warnings],
                "seen": self._seen(prediction, total),
                "evidence": prediction.evidence,
                "aspects": prediction.aspects,
                "predicted": Predicted(
                    of=prediction.of,
                    difficulty=prediction.difficulty,
                    difficulty_margin=scaling.difficulty_margin,
                    dive=named,
                    height=prediction.height,
                ),
            }
        )

    def _seen(self, prediction: Prediction, total: float) -> Seen | None:
        if prediction.of == "score":
            return None
        scaling = self._manifest.interval
        # As a deviation it says the same whatever the interval's level.
        sd = scaling.factor * prediction.spread / half_width(1.0, scaling.level)
        return Seen(mean=round(min(total, MAX_EXECUTION), 4), sd=round(sd, 4))


def usable_cores() -> int:
    """Cores that this process may use: those of its affinity, and in Lambda those that its memory pays for."""
    try:
        cores = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on every system, and not in every sandbox
        cores = os.cpu_count() or 1
    memory = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 0))
    return min(cores, math.ceil(memory / MEGABYTES_PER_CORE)) if memory else cores
