"""What the model that is to be adapted says of the club's films."""

from pathlib import Path

import numpy as np

from divescore.lab.adapting.adapting import Judged
from divescore.lab.datasets.films import LabelledFilm
from divescore.lab.errors import DataInvalid
from divescore.lab.progress import OnProgress
from divescore.scoring.mini.adaptation import outputs_of
from divescore.scoring.scorer import Scorer
from divescore.video.errors import VideoRejected


def judge(films: list[LabelledFilm], weights: Path, on_progress: OnProgress) -> Judged:
    """Score the films, whatever the gate says. Raises DataInvalid for a film that cannot be decoded, WeightsInvalid."""
    scorer = Scorer.load(weights)
    outputs, unadapted = [], []
    for number, film in enumerate(films, start=1):
        try:
            scored = scorer.score(film.path, dive=film.dive, gate=False)
        except VideoRejected as error:
            raise DataInvalid(f"{film.path}: {error.message}") from error
        try:
            outputs.append(outputs_of(scored.raw))
        except (KeyError, TypeError) as error:
            raise DataInvalid(f"The model of {weights} names no flaws; only the shipped one can be adapted.") from error
        unadapted.append(scored.result.execution)
        on_progress("scoring", number / len(films), f"{number} of {len(films)} films")
    return Judged(films, np.stack(outputs), np.array(unadapted))
