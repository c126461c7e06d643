"""Fitting a calibration, on clips whose signs say how well they were seen."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from divescore.dives import parse_dive
from divescore.lab.datasets.labels import LABEL, dive_labels
from divescore.lab.evaluation.calibrating import CalibrationClips, Seen, fit_calibration, replace_growth
from divescore.lab.evaluation.figures import as_competed, rank_correlation
from divescore.lab.evaluation.predictions import estimate_of, predictions_of
from divescore.lab.rendering.flaws import REAL_EXECUTIONS
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.scoring.mini.calibration import Calibration
from divescore.scoring.mini.evidence import SIGNS
from divescore.scoring.mini.features import OVERALL
from divescore.scoring.mini.flight import Flight
from divescore.scoring.mini.sight import Sight
from divescore.scoring.mini.temporal import CLASS_HEADS, FLAWS, POSITIONS, Outputs
from divescore.scoring.mini.turns import MOST, Turns

DIVE = parse_dive("107B")
SCALE = 30.0
FLIGHT = Flight(*(np.zeros(4), 1.0, 2.5, np.zeros((5, 5)), *(np.zeros(4),) * 5))
TURNS = Turns(np.full((2, 2, MOST + 1), 1.0 / (4 * (MOST + 1))), 2.0, 0.0, 1.0, 2.5)


EVEN = np.full(len(POSITIONS), 1.0 / len(POSITIONS))


def clips(rng: np.random.Generator, count: int, error: float, away: float, is_dive: bool = True) -> Seen:
    """`count` clips whose signs lie `away` from usual, and whose execution the network misses by about `error`.

    Signs move with the execution too, as they do where bad dives are harder to see.
    """
    truth = rng.uniform(3.0, 29.0, count)
    labels = np.stack(
        [dive_labels(DIVE, execution, 3.0) if is_dive else 0 * dive_labels(DIVE, 0.0, 0.0) for execution in truth]
    )
    own = dict(zip(CLASS_HEADS, ("position", "armstand", "rotation", "half_somersaults", "half_twists"), strict=True))
    sights = []
    for execution, label in zip(truth, dive_labels_of(labels), strict=True):
        seen = float(np.clip(execution + rng.normal(0.0, error), 0.5, 29.5)) / SCALE
        classes = {
            head: torch.nn.functional.one_hot(torch.tensor([label[name]]), CLASS_HEADS[head]) * 6.0
            for head, name in own.items()
        }
        outputs = Outputs(
            gate=torch.tensor([4.0 if is_dive else -4.0]),
            shares=torch.tensor([[seen]]),
            log_spread=torch.tensor([np.log(1.0 / SCALE)], dtype=torch.float32),
            difficulty=torch.tensor([3.1]),
            flaws=torch.tensor(rng.random((1, len(FLAWS))), dtype=torch.float32),
            classes=classes,
        )
        signs = rng.normal(0.0, 1.0, len(SIGNS)) + 3.0 * seen + away * rng.uniform(0.7, 1.3)
        sights.append(
            Sight(outputs, FLIGHT, TURNS, EVEN, signs, rng.normal(size=len(OVERALL)), np.full(len(FLAWS), 0.15))
        )
    return Seen(sights, labels.astype(np.float32))


def dive_labels_of(labels: np.ndarray) -> list[dict[str, int]]:
    return [{name: int(row[LABEL[name]]) for name in CLASS_HEADS} for row in labels]


@pytest.fixture(scope="module")
def fitted() -> tuple[Calibration, CalibrationClips, object]:
    rng = np.random.default_rng(0)
    kinds = CalibrationClips(
        drawn=clips(rng, 90, 1.0, 0.0),
        guised=clips(rng, 60, 1.2, 0.2),
        second=clips(rng, 60, 2.5, 1.0),
        foreign=clips(rng, 20, 10.0, 12.0, is_dive=False),
    )
    films = [random_rendered_dive(seed) for seed in range(90)]
    calibration, interval = fit_calibration(kinds, films, SCALE)
    return calibration, kinds, interval


def test_what_is_near_counts_and_what_is_foreign_does_not(fitted: tuple) -> None:  # type: ignore[type-arg]
    calibration, kinds, _ = fitted
    near = np.array([calibration.weight(sight) for sight in kinds.drawn.sights])

    assert np.median(near) > 0.9
    assert abs(rank_correlation(near, kinds.drawn.truth)) < 0.25
    assert max(calibration.weight(sight) for sight in kinds.foreign.sights) < 0.01


def test_intervals_hold_what_they_promise(fitted: tuple) -> None:  # type: ignore[type-arg]
    calibration, kinds, interval = fitted
    estimates = [estimate_of(sight, SCALE, calibration, interval) for sight in kinds.drawn.sights]
    inside = [e.low <= truth <= e.high for e, truth in zip(estimates, kinds.drawn.truth, strict=True)]

    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)
    predictions = predictions_of(kinds.drawn.sights, kinds.drawn.labels, SCALE, calibration, interval)
    assert (predictions.execution_errors <= interval.factor * predictions.spread + 1e-9).mean() == np.mean(inside)


def test_a_film_farther_off_is_less_sure(fitted: tuple) -> None:  # type: ignore[type-arg]
    calibration, kinds, _ = fitted
    calibration = replace_growth(calibration, 0.5)
    sight = kinds.drawn.sights[0]
    farther = replace(sight, signs=sight.signs + 4.0)

    assert calibration.spread(farther) > calibration.spread(sight)
    assert calibration.weight(farther) < calibration.weight(sight)


def test_weights_make_executions_those_of_competitions() -> None:
    executions = np.random.default_rng(1).uniform(0.0, 30.0, 6000)
    weights = as_competed(executions)

    mean = float((weights * executions).sum() / weights.sum())
    assert mean == pytest.approx(float(np.mean(REAL_EXECUTIONS)), abs=0.6)
