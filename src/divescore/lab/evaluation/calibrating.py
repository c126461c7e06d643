"""The calibration of a network, fitted on clips that its training has not seen: evidence, names, measures, interval.

Evidence is the network's weight beside what real dives say. It is set where the posterior errs least, on dives as
drawn, in guises and in a second style, each weighted as if its executions were those of real competitions; among
weights that do about as well the least one is taken, for what is unlike all of these is better left to the prior.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divescore.lab.datasets.labels import FLAW_LABELS, LABEL, class_labels
from divescore.lab.evaluation.calibration import INTERVAL_LEVEL, interval_scaling
from divescore.lab.evaluation.figures import as_competed
from divescore.lab.evaluation.predictions import estimate_of, predictions_of
from divescore.lab.rendering.dive import RenderedDive
from divescore.priors import USUAL
from divescore.scoring.manifest import IntervalScaling
from divescore.scoring.mini.calibration import Calibration, MeasureScaling, inputs_of
from divescore.scoring.mini.evidence import SIGNS, EvidenceScaling, distance_of, evidence_at
from divescore.scoring.mini.naming import dives_that_exist, name
from divescore.scoring.mini.sight import Sight

Values = NDArray[np.float64]
_SHRUNK = 0.6
"""Share of the whitening that counts each sign alone: few clips do not tell all of their correlations."""
_KNOWN, _BEYOND = 0.9, 1.25
"""Share of the first style's films that count as near, and how much farther evidence falls by half at the latest."""
_MOST, _NARROW = 0.99, 0.1
"""Evidence of the nearest films; how quickly it falls, as a share of the middle distance."""
_MIDDLES = np.arange(1.4, 6.1, 0.1)
_AS_GOOD = 1.02
_GROWTHS = np.arange(0.0, 1.01, 0.1)
_TURNS = (0.0, 0.1, 0.25, 0.5, 1.0)
_STIFF = 3.0


@dataclass(frozen=True)
class Seen:
    """What a network made of clips, with their labels [N, len(LABELS)]."""

    sights: Sequence[Sight]
    labels: NDArray[np.float32]

    def where(self, chosen: NDArray[np.bool_]) -> "Seen":
        """Some of them."""
        return Seen([sight for sight, kept in zip(self.sights, chosen, strict=True) if kept], self.labels[chosen])

    @property
    def dives(self) -> "Seen":
        """Those that are dives."""
        return self.where(self.labels[:, LABEL["is_dive"]] > 0.5)

    @property
    def others(self) -> "Seen":
        """Those that are none."""
        return self.where(self.labels[:, LABEL["is_dive"]] < 0.5)

    @property
    def truth(self) -> Values:
        """Executions, points."""
        return self.labels[:, LABEL["execution"]].astype(np.float64)

    def joined(self, other: "Seen") -> "Seen":
        """These and others."""
        return Seen([*self.sights, *other.sights], np.concatenate((self.labels, other.labels)))

    def executions(self, scale: float) -> Values:
        """The network's own, points."""
        return np.array([scale * sight.execution for sight in self.sights])


@dataclass(frozen=True)
class CalibrationClips:
    """What the network made of the clips to calibrate on: as drawn, in guises, in the second style, foreign matter."""

    drawn: Seen
    guised: Seen
    second: Seen
    foreign: Seen

    @property
    def known(self) -> Seen:
        """The dives of the style that the network was taught, as drawn and in guises."""
        return self.drawn.dives.joined(self.guised.dives)

    @property
    def groups(self) -> tuple[Seen, Seen, Seen]:
        """The dives of each kind."""
        return self.drawn.dives, self.guised.dives, self.second.dives


def fit_calibration(
    clips: CalibrationClips, films: Sequence[RenderedDive], scale: float
) -> tuple[Calibration, IntervalScaling]:
    """The calibration, and the interval that belongs to it. `films` are the dives of `clips.drawn`, in order."""
    dives = clips.drawn.dives
    evidence = _fit_distance(dives)
    measures = [_fit_measure(dives.sights, films, *measure) for measure in _MEASURES]
    calibration = Calibration(
        evidence=evidence,
        spread_growth=0.0,
        turns_weight=_fit_turns(clips.groups),
        reliability=_reliability(dives),
        measures=tuple(measures[1:]),
        height=measures[0],
    )
    middle = _fit_middle(clips.groups, evidence, scale)
    fitted = evidence.model_copy(update={"middle": middle, "width": round(_NARROW * middle, 4)})
    calibration = calibration.model_copy(update={"evidence": fitted})
    margins = interval_scaling(predictions_of(dives.sights, dives.labels, scale))
    calibration = replace_growth(calibration, _fit_growth(clips, calibration, margins, scale))
    return calibration, _fit_interval(clips.known, calibration, margins, scale)


def replace_growth(calibration: Calibration, growth: float) -> Calibration:
    """The same with another growth of the spread."""
    return calibration.model_copy(update={"spread_growth": round(float(growth), 4)})


def _fit_distance(dives: Seen) -> EvidenceScaling:
    signs = np.stack([sight.signs for sight in dives.sights])
    execution = dives.executions(1.0)
    powers = np.stack((np.ones_like(execution), execution, execution**2), axis=1)
    level = np.linalg.lstsq(powers, signs, rcond=None)[0].T
    left = signs - powers @ level.T
    deviation = left.std(axis=0) + 1e-3
    correlation = (1.0 - _SHRUNK) * (left / deviation).T @ (left / deviation) / len(left) + _SHRUNK * np.eye(len(SIGNS))
    values, vectors = np.linalg.eigh(correlation)
    whitening = (vectors / np.sqrt(values)) @ vectors.T / deviation
    return EvidenceScaling(
        signs=SIGNS,
        level=tuple((float(a), float(b), float(c)) for a, b, c in level.round(5)),
        whitening=tuple(tuple(float(part) for part in row) for row in whitening.round(4)),
        middle=float(_MIDDLES[-1]),
        width=0.5,
        most=_MOST,
    )


def _fit_growth(clips: CalibrationClips, calibration: Calibration, margins: IntervalScaling, scale: float) -> float:
    """The least growth with which intervals hold what they promise in the second style too."""
    known, second = clips.known, clips.second.dives
    covered = []
    for growth in _GROWTHS:
        grown = replace_growth(calibration, float(growth))
        covered.append(_coverage(second, grown, _fit_interval(known, grown, margins, scale), scale))
    return float(_GROWTHS[int(np.argmax(np.array(covered) >= min(INTERVAL_LEVEL, max(covered))))])


def _fit_middle(groups: Sequence[Seen], scaling: EvidenceScaling, scale: float) -> float:
    """Distance at which network and prior count alike."""
    distances = [
        np.array([distance_of(sight.signs, sight.execution, scaling) for sight in seen.sights]) for seen in groups
    ]
    weights = [as_competed(seen.truth) for seen in groups]
    errors = []
    for middle in _MIDDLES:
        tried = scaling.model_copy(update={"middle": float(middle), "width": float(_NARROW * middle)})
        loss = 0.0
        for seen, away, weight in zip(groups, distances, weights, strict=True):
            evidence = np.array([evidence_at(float(distance), tried) for distance in away])
            middles = evidence * seen.executions(scale) + (1.0 - evidence) * USUAL[1]
            loss += float((weight * np.abs(middles - seen.truth)).sum() / weight.sum())
        errors.append(loss)
    best = float(_MIDDLES[int(np.argmax(np.array(errors) <= _AS_GOOD * min(errors)))])
    # Farther off than what the network was taught lies what nothing here stands for: films of real dives.
    known = float(np.quantile(np.concatenate(distances[:-1]), _KNOWN))
    return round(min(best, _BEYOND * known), 2)


def _fit_turns(groups: Sequence[Seen]) -> float:
    """The weight of the counted turns with which the true dives are named most surely."""
    existing = {tuple(class_labels(dive).values()) for dive in dives_that_exist()}

    def rightly(weight: float) -> float:
        found = []
        for seen in groups:
            for sight, label in zip(seen.sights, seen.labels, strict=True):
                named = name(sight.classes, sight.turns, sight.positions, weight)
                told = class_labels(named.dive)
                truth = {head: int(label[LABEL[head]]) for head in told}
                if tuple(truth.values()) in existing:
                    found.append(np.log(max(named.sureness if told == truth else 1.0 - named.sureness, 1e-3)))
        return float(np.mean(found))

    return max(_TURNS, key=rightly)


def _reliability(dives: Seen) -> tuple[float, ...]:
    truth = dives.labels[:, FLAW_LABELS].astype(np.float64)
    told = np.stack([sight.flaws for sight in dives.sights])
    guess = np.abs(truth - np.median(truth, axis=0)).mean(axis=0)
    kept = 1.0 - np.abs(truth - told).mean(axis=0) / np.maximum(guess, 1e-6)
    return tuple(round(float(share), 4) for share in kept.clip(0.0, 1.0))


def _fit_interval(dives: Seen, calibration: Calibration, margins: IntervalScaling, scale: float) -> IntervalScaling:
    """The factor with which the posterior's interval holds what it promises."""
    low, high = 0.2, 8.0
    for _ in range(12):
        factor = 0.5 * (low + high)
        tried = margins.model_copy(update={"factor": factor})
        low, high = (factor, high) if _coverage(dives, calibration, tried, scale) < INTERVAL_LEVEL else (low, factor)
    return margins.model_copy(update={"factor": round(high, 4)})


def _coverage(dives: Seen, calibration: Calibration, interval: IntervalScaling, scale: float) -> float:
    """Share of the dives inside their intervals."""
    estimates = [estimate_of(sight, scale, calibration, interval) for sight in dives.sights]
    inside = [e.low <= truth <= e.high for e, truth in zip(estimates, dives.truth, strict=True)]
    return float(np.mean(inside))


def _turning(film: RenderedDive) -> float:
    timing = film.motion.timing
    times = np.linspace(timing.take_off, timing.entry, 60)
    leans = np.array([film.motion.at(float(moment)).lean for moment in times])
    return float(np.abs(np.diff(leans)).max() / np.diff(times)[0] / (2.0 * np.pi))


_MEASURES: tuple[tuple[str, str, Callable[[RenderedDive], float]], ...] = (
    ("height", "m", lambda film: film.truth.height),
    ("time of flight", "s", lambda film: film.motion.timing.entry - film.motion.timing.take_off),
    ("height over the platform", "m", lambda film: film.motion.rise**2 / (2.0 * 9.81)),
    ("turn rate", "1/s", _turning),
    ("angle at entry", "°", lambda film: 52.0 * film.truth.flaws.angle),
    ("distance", "m", lambda film: film.entry_x),
    ("splash", "", lambda film: film.splash_size),
)


def _fit_measure(
    sights: Sequence[Sight],
    films: Sequence[RenderedDive],
    called: str,
    unit: str,
    truth_of: Callable[[RenderedDive], float],
) -> MeasureScaling:
    """A ridge regression; its error by folds."""
    inputs = np.stack([inputs_of(sight) for sight in sights])
    truth = np.array([truth_of(film) for film in films])
    middle, deviation = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    middle[0], deviation[0] = 0.0, 1.0
    scaled = (inputs - middle) / deviation

    def solve(rows: NDArray[np.bool_]) -> Values:
        stiff = _STIFF * np.eye(scaled.shape[1])
        stiff[0, 0] = 0.0
        return np.asarray(np.linalg.solve(scaled[rows].T @ scaled[rows] + stiff, scaled[rows].T @ truth[rows]))

    folds = np.arange(len(truth)) % 5
    off = [truth[folds == fold] - scaled[folds == fold] @ solve(folds != fold) for fold in range(5)]
    weights = solve(np.full(len(truth), True)) / deviation
    weights[0] -= float((weights[1:] * middle[1:]).sum())
    return MeasureScaling(
        name=called,
        unit=unit,
        weights=tuple(float(weight) for weight in weights.round(6)),
        error=round(float(np.sqrt(np.mean(np.concatenate(off) ** 2))), 4),
    )
