"""From a video file to its score: the one entry that the worker and `predict` call."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from divescore.dives import Dive, parse_dive
from divescore.scoring.architectures import Prediction, Predictor, load_predictor
from divescore.scoring.contributions import contributions
from divescore.scoring.difficulty import difficulty_of
from divescore.scoring.judging import MAX_EXECUTION, score_of
from divescore.scoring.manifest import Manifest, read_manifest
from divescore.scoring.result import DiveSeen, Interval, ModelInfo, Result, Runtime, Video
from divescore.scoring.strip import make_strip
from divescore.video.containment import decoder
from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.limits import Limits
from divescore.video.sampling import SampledVideo

OnProgress = Callable[[str, float], None]


def _silent(_stage: str, _fraction: float) -> None:
    return


@dataclass(frozen=True)
class Scored:
    """A result together with the network's unscaled outputs."""

    result: Result
    raw: dict[str, object]


class Scorer:
    """A loaded model. Load it once per process; `score` holds no state between videos."""

    def __init__(self, manifest: Manifest, predictor: Predictor, limits: Limits | None = None) -> None:
        self._manifest = manifest
        self._predictor = predictor
        self._limits = limits or Limits()
        self.model = ModelInfo(
            id=manifest.id,
            version=manifest.version,
            sha256=manifest.sha256,
            architecture=manifest.architecture,
            trained_on=manifest.trained_on,
        )

    @classmethod
    def load(cls, weights_dir: Path, threads: int | None = None, limits: Limits | None = None) -> "Scorer":
        """Load the model of `weights_dir`, running on `threads` threads (None: torch's choice).

        Raises WeightsInvalid when the folder is incomplete, altered or of an unknown architecture.
        """
        # It starts up while the weights are loaded.
        decoder().start()
        if threads is not None:
            torch.set_num_threads(threads)
        manifest = read_manifest(weights_dir)
        return cls(manifest, load_predictor(weights_dir, manifest), limits)

    def score(
        self,
        path: Path,
        dive: str | None = None,
        difficulty: float | None = None,
        gate: bool = True,
        on_progress: OnProgress = _silent,
    ) -> Result:
        """Score the video at `path`; `dive` and `difficulty` are what the uploader declared.

        `on_progress` gets a stage, `decoding` or `scoring`, and the share of that stage done, 0..1; what it raises
        passes through. Raises VideoRejected for the video's fault, ValueError for a malformed `dive` or `difficulty`.
        """
        return self.score_with_raw(path, dive, difficulty, gate, on_progress).result

    def score_with_raw(
        self,
        path: Path,
        dive: str | None = None,
        difficulty: float | None = None,
        gate: bool = True,
        on_progress: OnProgress = _silent,
    ) -> Scored:
        """As `score`, with the network's unscaled outputs beside the result."""
        declared = parse_dive(dive) if dive is not None else None
        if difficulty is not None and not 0 < difficulty < 10:
            raise ValueError(f"{difficulty} is not a difficulty; difficulties lie between 1 and 5.")
        start = time.perf_counter()
        video = self._predictor.sample(path, self._limits, lambda fraction: on_progress("decoding", fraction))
        decoded = time.perf_counter()
        prediction = self._predictor.predict(video, lambda fraction: on_progress("scoring", fraction))
        inferred = time.perf_counter()
        warnings = [*video.warnings, *self._judge_gate(prediction, gate)]
        timings = {"decode": round(decoded - start, 4), "infer": round(inferred - decoded, 4)}
        return Scored(self._result(video, prediction, declared, difficulty, timings, warnings), prediction.raw)

    def _judge_gate(self, prediction: Prediction, gate: bool) -> list[str]:
        if prediction.gate >= self._manifest.gate.threshold:
            return []
        if gate:
            raise VideoRejected(
                RejectionCode.NOT_A_DIVE,
                "The video does not look like a dive from a platform or springboard; cut it to one dive, from the "
                "take-off to the splash.",
            )
        return ["The video does not look like a dive; its score means little."]

    def _result(
        self,
        video: SampledVideo,
        prediction: Prediction,
        declared: Dive | None,
        given: float | None,
        timings: dict[str, float],
        warnings: list[str],
    ) -> Result:
        execution = round(sum(prediction.shares), 2)
        if given is not None:
            difficulty, source = given, "given"
        elif declared is not None:
            difficulty, source = difficulty_of(declared), "dive"
        else:
            difficulty, source = round(prediction.difficulty, 1), "predicted"
        score = score_of(execution, difficulty)
        return Result.model_validate(
            {
                "score": score,
                "execution": execution,
                "difficulty": difficulty,
                "difficulty_source": source,
                "interval": self._interval(prediction, execution, difficulty, source == "predicted"),
                "dive": _seen(declared, "given") if declared else _seen(prediction.dive, "predicted"),
                "segments": contributions(prediction.shares, score, video.source.seconds),
                "strip": make_strip(video),
                "model": self.model,
                "runtime": Runtime(precision="fp32", threads=torch.get_num_threads(), torch=torch.__version__),
                "timings": timings,
                "video": Video(
                    width=video.source.width,
                    height=video.source.height,
                    frames=video.source.frames,
                    seconds=video.source.seconds,
                    format=video.source.format,
                ),
                "warnings": warnings,
            }
        )

    def _interval(self, prediction: Prediction, execution: float, difficulty: float, predicted: bool) -> Interval:
        scaling = self._manifest.interval
        of_execution = scaling.factor * prediction.spread * difficulty
        of_difficulty = scaling.difficulty_margin * execution if predicted else 0.0
        half: float = (of_execution**2 + of_difficulty**2) ** 0.5
        score = execution * difficulty
        return Interval(
            low=round(max(score - half, 0.0), 2),
            high=round(min(score + half, MAX_EXECUTION * (difficulty + (of_difficulty > 0))), 2),
            level=scaling.level,
        )


def _seen(dive: Dive, source: str) -> DiveSeen:
    return DiveSeen.model_validate(
        {
            "number": dive.number,
            "source": source,
            "position": dive.position.value,
            "armstand": dive.armstand,
            "rotation": dive.rotation.value,
            "half_somersaults": dive.half_somersaults,
            "half_twists": dive.half_twists,
        }
    )
