"""What a model says of labelled real films, beside the judges, a constant and the prior."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from divescore.dives import parse_dive
from divescore.estimate import prior_of
from divescore.lab.datasets.films import LabelledFilm
from divescore.lab.evaluation.figures import rank_correlation
from divescore.lab.evaluation.guise_measurements import UNHURRIED
from divescore.lab.evaluation.networks import MINI, load_mini
from divescore.lab.evaluation.pose_labels import marked_pictures, measure_skeletons, read_marked_clip
from divescore.lab.progress import OnProgress
from divescore.scoring.manifest import read_manifest
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.scorer import Scorer
from divescore.video.errors import VideoRejected


@dataclass(frozen=True)
class FilmFigures:
    """One film: the judges' execution and the model's, points of 30; whether its interval holds it; gate and name."""

    file: str
    judges: float
    model: float
    prior: float
    inside: bool
    passed: bool
    dive: str | None
    named: str | None
    joints: float | None = None
    """Share of the marked joints found."""
    lean_error: float | None = None
    """Median, degrees."""


@dataclass(frozen=True)
class RealFigures:
    """Over all films; `better_than_*` are mean paired gains in points."""

    films: int
    rank_correlation: float
    mean_error: float
    constant_error: float
    prior_error: float
    better_than_constant: float
    better_than_prior: float
    coverage: float
    passed: float
    named: float | None
    half_somersaults: float | None
    position: float | None
    """Shares of the names that have these right."""
    joints: float | None
    """Mean over the films with marked joints; likewise of the median errors of the lean, degrees."""
    lean_error: float | None
    each: tuple[FilmFigures, ...]


def measure_real(films: list[LabelledFilm], weights: Path, threshold: float, on_progress: OnProgress) -> RealFigures:
    """Score the films with their dives declared; what the network would have named counts as the name.

    Raises WeightsInvalid; a film that cannot be decoded counts as not passed, with the prior for its estimate.
    """
    scorer = Scorer.load(weights, limits=UNHURRIED)
    each = []
    for number, film in enumerate(films, start=1):
        each.append(_with_joints(_figures(film, scorer, threshold), film, weights))
        on_progress("scoring", number / len(films), f"{number} of {len(films)} films")
    judges, model, prior = (np.array([getattr(one, name) for one in each]) for name in ("judges", "model", "prior"))
    constant = np.full(len(judges), prior_of().middle)
    off = np.abs(model - judges)
    known = [one for one in each if one.dive]
    return RealFigures(
        films=len(each),
        rank_correlation=round(rank_correlation(model, judges), 4),
        mean_error=round(float(off.mean()), 4),
        constant_error=round(float(np.abs(constant - judges).mean()), 4),
        prior_error=round(float(np.abs(prior - judges).mean()), 4),
        better_than_constant=round(float((np.abs(constant - judges) - off).mean()), 4),
        better_than_prior=round(float((np.abs(prior - judges) - off).mean()), 4),
        coverage=round(float(np.mean([one.inside for one in each])), 4),
        passed=round(float(np.mean([one.passed for one in each])), 4),
        named=_share([one.named == one.dive for one in known]),
        half_somersaults=_share([_alike(one, "half_somersaults") for one in known]),
        position=_share([_alike(one, "position") for one in known]),
        joints=_share([one.joints for one in each if one.joints is not None]),
        lean_error=_share([one.lean_error for one in each if one.lean_error is not None]),
        each=tuple(each),
    )


def real_table(figures: RealFigures) -> str:
    """Lines of text: one for each film, then the figures."""
    lines = [f"  {'film':<28}{'judges':>8}{'model':>8}{'prior':>8}  {'inside':<8}{'gate':<6}{'dive':<7}named"]
    lines += [
        f"  {one.file[:27]:<28}{one.judges:>8.2f}{one.model:>8.2f}{one.prior:>8.2f}  {_word(one.inside):<8}"
        f"{_word(one.passed):<6}{one.dive or '-':<7}{one.named or '-'}"
        for one in figures.each
    ]
    lines += [f"  {name.replace('_', ' ')}: {value}" for name, value in asdict(figures).items() if name != "each"]
    return "\n".join(lines)


def _share(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _alike(one: FilmFigures, part: str) -> bool:
    if one.dive is None or one.named is None:
        return False
    return bool(getattr(parse_dive(one.dive), part) == getattr(parse_dive(one.named), part))


def _with_joints(found: FilmFigures, film: LabelledFilm, weights: Path) -> FilmFigures:
    """The same with how well joints are seen, where these are marked and the model estimates skeletons."""
    manifest = read_manifest(weights)
    if film.joints is None or manifest.architecture != MINI:
        return found
    network, wanted = load_mini(weights, manifest), manifest.preprocessing_as(Preprocessing)
    if network.pose.skeleton is None:
        return found
    clip = read_marked_clip(film.joints)
    seen = measure_skeletons(network, wanted, clip, marked_pictures(clip, film.path, wanted))
    return replace(found, joints=seen["joints"], lean_error=seen["lean_error"])


def _word(value: bool) -> str:
    return "yes" if value else "no"


def _figures(film: LabelledFilm, scorer: Scorer, threshold: float) -> FilmFigures:
    prior = prior_of(parse_dive(film.dive) if film.dive else None).middle
    try:
        scored = scorer.score(film.path, dive=film.dive, height=film.height, gate=False)
    except VideoRejected:
        return FilmFigures(film.path.name, film.execution, prior, prior, False, False, film.dive, None)
    result = scored.result
    low, high = (bound / result.difficulty for bound in (result.interval.low, result.interval.high))
    logit = scored.raw.get("gate", 0.0)
    passed = 1.0 / (1.0 + float(np.exp(-(logit if isinstance(logit, float) else 0.0)))) >= threshold
    predicted = result.predicted.dive.number if result.predicted and result.predicted.dive else None
    inside = low <= film.execution <= high
    return FilmFigures(film.path.name, film.execution, result.execution, prior, inside, passed, film.dive, predicted)
