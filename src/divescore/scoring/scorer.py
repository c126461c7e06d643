"""From a video file to its score: the one entry that the worker and `predict` call."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from divescore.difficulty import HIGHEST, LOWEST, difficulty_of
from divescore.dives import Dive, parse_dive
from divescore.result import DiveSeen, Interval, ModelInfo, Result, Video
from divescore.scoring.architectures import Inference, Prediction, ScoringModel, load_model
from divescore.scoring.contributions import contributions
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.judging import MAX_EXECUTION, score_of
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
    ) -> Scored:
        """Score the video at `path`; `dive` and `difficulty` are what the uploader declared.

        Without `gate` a video is scored even if it does not look like a dive. Raises VideoRejected for the video's
        fault, ValueError for a malformed `dive` or `difficulty`, and what `on_progress` raises.
        """
        declared = parse_dive(dive) if dive is not None else None
        if difficulty is not None and not LOWEST <= difficulty <= HIGHEST:
            raise ValueError(f"{difficulty} is not a difficulty; difficulties lie between {LOWEST:g} and {HIGHEST:g}.")
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
        result = self._result(inference, declared, difficulty, doubts)
        return Scored(result, inference.prediction.raw, inference.video.source.playable)

    def _result(self, inference: Inference, declared: Dive | None, given: float | None, doubts: list[str]) -> Result:
        video, prediction = inference.video, inference.prediction
        if given is not None:
            difficulty, source = given, "given"
        elif declared is not None:
            difficulty, source = difficulty_of(declared), "dive"
        else:
            difficulty, source = round(prediction.difficulty, 1), "predicted"
        total = max(sum(prediction.shares), 0.0)
        if prediction.of == "execution":
            execution = round(total, 2)
            score = score_of(execution, difficulty)
        else:
            score = round(total, 2)
            execution = round(min(total / difficulty, MAX_EXECUTION), 2)
        return Result.model_validate(
            {
                "score": score,
                "execution": execution,
                "difficulty": difficulty,
                "difficulty_source": source,
                "interval": self._interval(prediction, score, difficulty, source == "predicted"),
                "dive": _dive_seen(declared, "given") if declared else _dive_seen(prediction.dive, "predicted"),
                "segments": contributions(prediction.shares, score, video.source.seconds, prediction.ends),
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
            }
        )

    def _interval(self, prediction: Prediction, score: float, difficulty: float, predicted: bool) -> Interval:
        scaling = self._manifest.interval
        of_score = scaling.factor * prediction.spread
        of_difficulty = 0.0
        most = math.inf
        if prediction.of == "execution":
            of_score *= difficulty
            of_difficulty = scaling.difficulty_margin * score / difficulty if predicted else 0.0
            most = MAX_EXECUTION * (difficulty + (of_difficulty > 0))
        half: float = (of_score**2 + of_difficulty**2) ** 0.5
        return Interval(
            low=round(max(score - half, 0.0), 2), high=round(min(score + half, most), 2), level=scaling.level
        )


def usable_cores() -> int:
    """Cores that this process may use: those of its affinity, and in Lambda those that its memory pays for."""
    try:
        cores = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on every system, and not in every sandbox
        cores = os.cpu_count() or 1
    memory = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 0))
    return min(cores, math.ceil(memory / MEGABYTES_PER_CORE)) if memory else cores


def _dive_seen(dive: Dive | None, source: str) -> DiveSeen:
    return DiveSeen.model_validate(
        {
            "number": dive.number if dive else None,
            "source": source,
            "position": dive.position.value if dive else "unknown",
            "armstand": dive.armstand if dive else False,
            "rotation": dive.rotation.value if dive else "unknown",
            "half_somersaults": dive.half_somersaults if dive else 0,
            "half_twists": dive.half_twists if dive else 0,
        }
    )
