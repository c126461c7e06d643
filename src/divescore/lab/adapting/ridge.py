"""A linear estimate from few films: ridge regression, its strength by leaving out one group after the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divescore.judging import MAX_EXECUTION

Values = NDArray[np.float64]

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 3000.0)
_LEAST_DEVIATION = 1e-6
_LEADING = 4.0
"""How much less the first output is held back than others: it is the network's own execution."""


@dataclass(frozen=True)
class Linear:
    """intercept + weights @ (outputs - middle) / deviation."""

    intercept: float
    weights: Values
    middle: Values
    deviation: Values


def folds_of(groups: list[str], most: int = 10) -> NDArray[np.int64]:
    """Number of the fold of each film [N]; a group lies in one fold, and folds are about as large as one another."""
    names, counts = np.unique(groups, return_counts=True)
    count = min(most, len(names))
    sizes = np.zeros(count)
    fold: dict[str, int] = {}
    for index in np.argsort(-counts, kind="stable"):
        smallest = int(sizes.argmin())
        fold[str(names[index])] = smallest
        sizes[smallest] += counts[index]
    return np.array([fold[group] for group in groups], dtype=np.int64)


def fit(outputs: Values, marks: Values, folds: NDArray[np.int64]) -> Linear:
    """The estimate of marks [N] whose strength errs least on folds that are left out."""
    errors = [
        np.abs(_left_out(outputs, marks[:, None], folds, strength) - marks[:, None]).mean() for strength in STRENGTHS
    ]
    middle, deviation = _scale(outputs)
    weights = _weights((outputs - middle) / deviation, marks[:, None], STRENGTHS[int(np.argmin(errors))])
    return Linear(float(marks.mean()), weights[:, 0], middle, deviation)


def cross_fitted(outputs: Values, marks: Values, folds: NDArray[np.int64]) -> Values:
    """Estimates [N, K] of each film by a fit to the other folds alone, for K columns of marks [N, K] of their own.

    The strength too is chosen within the other folds, for each column.
    """
    estimates = np.empty_like(marks)
    for fold in np.unique(folds):
        rest, held = folds != fold, folds == fold
        inner, known = folds[rest], marks[rest]
        errors = np.stack(
            [np.abs(_left_out(outputs[rest], known, inner, strength) - known).mean(axis=0) for strength in STRENGTHS]
        )
        models = np.stack([_estimates(outputs[rest], known, outputs[held], strength) for strength in STRENGTHS])
        best = errors.argmin(axis=0)
        estimates[held] = models[best, :, np.arange(marks.shape[1])].T
    return estimates


def _left_out(outputs: Values, marks: Values, folds: NDArray[np.int64], strength: float) -> Values:
    estimates = np.empty_like(marks)
    for fold in np.unique(folds):
        rest, held = folds != fold, folds == fold
        estimates[held] = _estimates(outputs[rest], marks[rest], outputs[held], strength)
    return estimates


def _estimates(outputs: Values, marks: Values, others: Values, strength: float) -> Values:
    """Of other films [M, K], by a fit to these."""
    middle, deviation = _scale(outputs)
    weights = _weights((outputs - middle) / deviation, marks, strength)
    return np.asarray(np.clip(marks.mean(axis=0) + (others - middle) / deviation @ weights, 0.0, MAX_EXECUTION))


def _scale(outputs: Values) -> tuple[Values, Values]:
    deviation = np.maximum(outputs.std(axis=0), _LEAST_DEVIATION)
    deviation[0] /= _LEADING
    return outputs.mean(axis=0), deviation


def _weights(scaled: Values, marks: Values, strength: float) -> Values:
    """Ridge regression of one strength, counted in films: [outputs, K]."""
    stiffness = strength * np.eye(scaled.shape[1])
    return np.asarray(np.linalg.solve(scaled.T @ scaled + stiffness, scaled.T @ (marks - marks.mean(axis=0))))
