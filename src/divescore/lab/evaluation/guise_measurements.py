"""How far each guise moves the execution from its plain twin's."""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from divescore.lab.evaluation.guises import GUISES, PLAIN, Guise, Picture, Shown, available, resized, write_guise
from divescore.lab.progress import OnProgress
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.scoring.scorer import Scorer
from divescore.video.limits import VideoLimits

UNHURRIED = VideoLimits(decode_seconds=600.0)
"""A figure must not depend on how busy the machine is."""
BOUNDS = {"rendered": (0.7, 1.5), "real": (1.2, 2.5)}
"""Points of 30 that a guise may move the execution by: encodings, rates and ranges; all others."""
_HEIGHT = 240


class RenderedFilm:
    """A dive that is drawn."""

    def __init__(self, seed: int) -> None:
        self._dive = random_rendered_dive(seed)
        self.seconds = self._dive.seconds
        self.width, self.height = (320 if seed % 2 else 426), _HEIGHT

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The picture at `seconds`."""
        return self._dive.frame(seconds, width, height)


class RealFilm:
    """A film in memory, for a few seconds of small pictures."""

    def __init__(self, path: Path) -> None:
        with av.open(path) as opened:
            frames = [(frame.time or 0.0, frame.to_ndarray(format="rgb24")) for frame in opened.decode(video=0)]
        self._frames = [np.asarray(picture, dtype=np.uint8) for _, picture in frames]
        self._times = np.array([time for time, _ in frames]) - frames[0][0]
        step = float(self._times[-1]) / max(len(frames) - 1, 1)
        self.seconds = float(self._times[-1]) + step
        self.height, self.width = self._frames[0].shape[:2]

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The picture nearest to `seconds`."""
        picture = self._frames[int(np.abs(self._times - seconds).argmin())]
        return picture if picture.shape[:2] == (height, width) else resized(picture, width, height)


@dataclass(frozen=True)
class GuiseFigures:
    """Of one guise over all films: difference of the execution, points; what passes the gate; what keeps the bound."""

    guise: str
    bound: float
    mean: float
    worst: float
    kept: float
    passed: float
    wider: float
    """Mean ratio of the interval's width to the twin's."""


def measure_guises(
    weights: Path, threshold: float, films: list[Shown], kind: str, on_progress: OnProgress
) -> list[GuiseFigures]:
    """Figures of every guise whose encoder is there. `kind` of BOUNDS; `threshold` is the gate's."""
    scorer = Scorer.load(weights, limits=UNHURRIED)
    guises = [guise for guise in GUISES if available(guise)]
    found: dict[str, list[tuple[float, float, float]]] = {guise.name: [] for guise in guises}
    with tempfile.TemporaryDirectory(prefix="divescore-guises-") as scratch:
        for number, film in enumerate(films):
            twin = _scored(scorer, film, PLAIN, Path(scratch))
            for place, guise in enumerate(guises, start=1):
                other = _scored(scorer, film, guise, Path(scratch))
                found[guise.name].append((other[0] - twin[0], other[1], other[2] / max(twin[2], 1e-6)))
                share = (number + place / len(guises)) / len(films)
                on_progress("guises", share, f"film {number + 1} of {len(films)}, {guise.name}")
    return [_figures(guise, np.array(found[guise.name]), kind, threshold) for guise in guises]


def rendered_films(seeds: range) -> list[Shown]:
    """The dives of seeds."""
    return [RenderedFilm(seed) for seed in seeds]


def guise_table(figures: list[GuiseFigures]) -> str:
    """Lines of text."""
    head = f"  {'guise':<26}{'bound':>7}{'mean':>7}{'worst':>7}{'kept':>7}{'gate':>7}{'width':>7}"
    return "\n".join(
        [
            head,
            *(
                f"  {one.guise:<26}{one.bound:>7.1f}{one.mean:>7.2f}{one.worst:>7.2f}{one.kept:>7.0%}"
                f"{one.passed:>7.0%}{one.wider:>7.2f}"
                for one in figures
            ),
        ]
    )


def documents(figures: list[GuiseFigures]) -> list[dict[str, Any]]:
    """For JSON."""
    return [asdict(one) for one in figures]


def _scored(scorer: Scorer, film: Shown, guise: Guise, folder: Path) -> tuple[float, float, float]:
    scored = scorer.score(write_guise(film, guise, folder), gate=False)
    logit = scored.raw["gate"]
    interval = scored.result.interval
    width = (interval.high - interval.low) / max(scored.result.difficulty, 1e-6)
    return scored.result.execution, float(logit) if isinstance(logit, float) else 0.0, width


def _figures(guise: Guise, values: np.ndarray[Any, Any], kind: str, threshold: float) -> GuiseFigures:
    bound = BOUNDS[kind][0 if guise.light else 1]
    off = np.abs(values[:, 0])
    passed = 1.0 / (1.0 + np.exp(-values[:, 1])) >= threshold
    return GuiseFigures(
        guise.name,
        bound,
        round(float(off.mean()), 3),
        round(float(off.max()), 3),
        round(float((off <= bound).mean()), 4),
        round(float(passed.mean()), 4),
        round(float(values[:, 2].mean()), 3),
    )
