"""Does a model learn anything from a club's films? Only if it does it is written.

Cross-validated by diver or event: the adapted model has to err less than the club's own mean in each fold, than the
prior and than the unadapted model, film by film; and less than nearly all models that are fitted to shuffled marks.
"""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from divescore.dives import parse_dive
from divescore.estimate import prior_of
from divescore.lab.adapting.ridge import Values, cross_fitted, fit, folds_of
from divescore.lab.datasets.films import LabelledFilm
from divescore.lab.errors import DataInvalid
from divescore.lab.evaluation.calibration import INTERVAL_LEVEL
from divescore.lab.evaluation.figures import rank_correlation
from divescore.scoring.manifest import MANIFEST, Manifest, parse_manifest
from divescore.scoring.mini.adaptation import Adaptation

FEWEST = 12
_SHUFFLES = 199
_CHANCE = 0.02
"""Share of fits to shuffled marks that may do as well."""
_FAVOURED = 0.1
"""Share of signs of the paired differences that may do as well, for each of the others; thirty films cannot show a gain
of a quarter more surely."""
_SEED = 17


@dataclass(frozen=True)
class Judged:
    """Films [N] with marks, what the network says of each [N, outputs], and the unadapted model's estimates [N]."""

    films: list[LabelledFilm]
    outputs: Values
    unadapted: Values

    @property
    def marks(self) -> Values:
        """Points of 30."""
        return np.array([film.execution for film in self.films])


@dataclass(frozen=True)
class Baseline:
    """Mean error of an estimate in points, its rank correlation, and how surely the adapted model errs less."""

    name: str
    mean_error: float
    rank_correlation: float
    chance: float
    """Probability that the paired differences favour the adapted model so much by chance."""


@dataclass(frozen=True)
class Report:
    """What cross-validation says of an adaptation."""

    films: int
    groups: int
    mean_error: float
    rank_correlation: float
    coverage: float
    baselines: tuple[Baseline, ...]
    shuffled: float
    """Share of the fits to shuffled marks that err as little."""

    @property
    def better(self) -> bool:
        """Whether it beats all of them."""
        return self.shuffled <= _CHANCE and all(
            self.mean_error < other.mean_error and other.chance <= _FAVOURED for other in self.baselines
        )


@dataclass(frozen=True)
class Adapted:
    """The report, the estimates [N] it rests on, and what a model would be written with."""

    report: Report
    estimates: Values
    adaptation: Adaptation
    factor: float


def adapt(judged: Judged, shuffles: int = _SHUFFLES) -> Adapted:
    """Fit and cross-validate. Raises DataInvalid for too few films or groups."""
    marks, groups = judged.marks, [film.group for film in judged.films]
    folds = folds_of(groups)
    if len(marks) < FEWEST or len(np.unique(folds)) < 3:
        raise DataInvalid(f"{len(marks)} films of {len(set(groups))} divers or events; {FEWEST} of 3 are the fewest.")
    rng = np.random.default_rng(_SEED)
    mixed = np.stack([marks, *(marks[rng.permutation(len(marks))] for _ in range(shuffles))], axis=1)
    fitted = cross_fitted(judged.outputs, mixed, folds)
    errors = np.abs(fitted - mixed).mean(axis=0)
    estimates, error = fitted[:, 0], float(errors[0])
    as_good = int((errors[1:] <= error).sum())
    others = {
        "the club's mean": np.array([marks[folds != fold].mean() for fold in folds]),
        "the prior": np.array([_prior(film) for film in judged.films]),
        "the unadapted model": judged.unadapted,
    }
    baselines = tuple(_baseline(name, other, estimates, marks, rng) for name, other in others.items())
    spread, coverage, factor = _calibrated(np.abs(estimates - marks), folds)
    model = fit(judged.outputs, marks, folds)
    report = Report(
        films=len(marks),
        groups=len(set(groups)),
        mean_error=round(error, 4),
        rank_correlation=round(rank_correlation(estimates, marks), 4),
        coverage=round(coverage, 4),
        baselines=baselines,
        shuffled=round((1 + as_good) / (1 + shuffles), 4),
    )
    adaptation = Adaptation(
        intercept=model.intercept,
        weights=tuple(model.weights.tolist()),
        middle=tuple(model.middle.tolist()),
        deviation=tuple(model.deviation.tolist()),
        spread=spread,
    )
    return Adapted(report, estimates, adaptation, factor)


def write_adapted(source: Path, out: Path, adapted: Adapted, name: str, films: list[LabelledFilm]) -> Manifest:
    """The weights folder `out`: the network of `source` with the club's last layer; `name` is the club's data."""
    manifest = parse_manifest(source)
    out.mkdir(parents=True, exist_ok=True)
    for file in manifest.files:
        shutil.copyfile(source / file.name, out / file.name)
    listed = json.dumps([[film.path.name, film.execution, film.group] for film in films])
    written = manifest.model_copy(
        update={
            "id": f"{manifest.id}-adapted",
            "interval": manifest.interval.model_copy(update={"factor": adapted.factor, "level": INTERVAL_LEVEL}),
            "trained_on": f"{manifest.trained_on}, then {name}",
            "training": {"from": manifest.sha256, "films": hashlib.sha256(listed.encode()).hexdigest()[:16]},
            "figures": {"on": f"{len(films)} films of {name}, cross-validated", **asdict(adapted.report)},
            "adaptation": adapted.adaptation.model_dump(mode="json", by_alias=True),
        }
    )
    document = written.model_dump(mode="json", by_alias=True)
    (out / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return written


def _prior(film: LabelledFilm) -> float:
    return prior_of(parse_dive(film.dive) if film.dive else None).middle


def _baseline(name: str, other: Values, estimates: Values, marks: Values, rng: np.random.Generator) -> Baseline:
    errors = np.abs(other - marks)
    gains = errors - np.abs(estimates - marks)
    # Signs flipped at random: what the mean gain would be if neither were better (Fisher's test of paired differences).
    flipped = (rng.choice((-1.0, 1.0), (4999, len(gains))) * gains).mean(axis=1)
    chance = (1 + int((flipped >= gains.mean()).sum())) / 5000
    return Baseline(name, round(float(errors.mean()), 4), round(rank_correlation(other, marks), 4), round(chance, 4))


def _calibrated(errors: Values, folds: NDArray[np.int64]) -> tuple[float, float, float]:
    """The spread, the share of films inside intervals that other folds' errors give, and the interval's factor."""
    inside = [bool(error <= _bound(errors[folds != fold])) for error, fold in zip(errors, folds, strict=True)]
    spread = max(float(errors.mean()), 1e-3)
    return round(spread, 4), float(np.mean(inside)), round(_bound(errors) / spread, 4)


def _bound(errors: Values) -> float:
    return float(np.quantile(errors, min(INTERVAL_LEVEL * (1 + 1 / len(errors)), 1.0)))
