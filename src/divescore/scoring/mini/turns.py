"""Somersaults counted over the whole flight: which turn that a body can make explains best how it was seen to lie.

Between take-off and entry the angular momentum is constant, so that the body turns as fast as its shape lets it: slowly
while it is stretched, faster while it is folded. It begins upright or on the hands and ends, but for a miss, head first
or feet first. Each number of half somersaults thus predicts the lean in every frame. A frame's lean may be wrong, above
all by half a turn, since head and feet are easily confused; and when the flight begins and ends is not taken for
granted, but tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from divescore.scoring.mini.flight import Flight, Values

MOST = 9
"""Half somersaults."""
_CONTRASTS = (0.7, 1.2, 2.0, 3.5)
"""Powers of the inertia that is seen: folds are seen too small, and no two bodies are alike."""
_FOLDS, _OPENS, _FASTER = (0.1, 0.22), (0.7, 0.82), (1.6, 2.6, 4.0)
"""Where folds are not seen: shares of the flight between which the body is folded, and how much faster it turns."""
_GRADUAL = 0.06
_GRID = 60
_STARTS = (-0.2, 0.2)
"""Radians of the lean at the take-off, towards the turn, and their deviation."""
_MISSES = (-0.65, -0.25, 0.1)
"""Radians beyond the upright at the entry, and their deviation."""
_START_DEVIATION, _MISS_DEVIATION = 0.3, 0.4
_CONCENTRATION = 6.0
_FLIPPED, _WRONG = 0.05, 0.1
"""Shares of the frames whose lean is wrong by half a turn, or by anything."""
_CIRCLE = 128
"""Directions of a lean that are told apart; a power of two."""
_SHORTEST = 0.5
"""Seconds of a flight."""
_AS_SEEN = 0.5
"""Weight of the phases beside the turn where they disagree about take-off and entry."""
_TRIED = 12
"""Moments that are tried as take-off, and as entry."""
_KEPT = 3
"""The best of these flights are looked at more closely."""


@dataclass(frozen=True)
class Turns:
    """How likely each turn is; probabilities add up to 1."""

    likelihood: Values
    """[2, 2, MOST + 1]: standing or armstand, anticlockwise or clockwise on the picture, half somersaults."""
    rate: float
    """Turns a second of the best turn where it is fastest."""
    forwards: float
    """-1..1: whether the body turns to where its knees are (1: forward and inward dives) or away from there."""
    take_off: float
    entry: float
    """Seconds, of the best turn."""


def inertia(hip: Values, knee: Values) -> Values:
    """Moment of inertia about the somersault's axis at such angles, radians; 1 for a straight body. A fit."""
    fold = np.sin(np.clip(hip, 0.0, np.pi) / 2.0) ** 2
    tuck = np.sin(np.clip(knee, 0.0, np.pi) / 2.0) ** 2
    return np.asarray(1.0 - 0.55 * fold - 0.22 * tuck * fold)


def count_turns(flight: Flight) -> Turns:
    """The turns of a flight, all about as likely where nothing of it was seen."""
    seen = flight.trust > 0.02
    times, lean, trust = flight.times[seen], flight.lean[seen], flight.trust[seen]
    if len(times) < 4:
        even = np.full((2, 2, MOST + 1), 1.0 / (4 * (MOST + 1)))
        return Turns(even, 0.0, 0.0, flight.take_off, flight.entry)
    leans = _Leans(times, lean, trust)
    tried = _tried(flight)
    few = _Fits(np.tile(_generic()[::5], (len(tried), 1, 1)), tried, leans, starts=(0.0,), misses=(-0.3, 0.0))
    kept = [tried[place] for place in np.argsort(-few.highest, kind="stable")[:_KEPT]]
    profiles = np.stack([np.concatenate((_generic(), _as_folded(flight, ends))) for ends in kept])
    fits = _Fits(profiles, kept, leans, _STARTS, _MISSES)
    best = int(fits.highest.argmax())
    likelihood = np.exp(fits.logs - fits.highest[best]).sum(axis=2)
    likelihood = likelihood / likelihood.sum()
    sign = -1.0 if likelihood[:, 0].sum() > likelihood[:, 1].sum() else 1.0
    return Turns(
        likelihood=likelihood,
        rate=fits.fastest(),
        forwards=_forwards(flight, sign),
        take_off=kept[best].take_off,
        entry=kept[best].entry,
    )


@dataclass(frozen=True)
class _Ends:
    take_off: float
    entry: float
    worth: float
    """Logarithm of how likely the phases are then."""


def _tried(flight: Flight) -> list[_Ends]:
    """Flights that may be, those that the phases show among them."""
    count = len(flight.times)
    places = np.unique(np.linspace(0, count, _TRIED).round().astype(int))
    pairs = [(first, last) for first, last in product(places, places) if last > first]
    edges = np.concatenate((flight.times[:1], 0.5 * (flight.times[1:] + flight.times[:-1]), flight.times[-1:]))
    highest = float(flight.worth.max())
    found = [
        _Ends(float(edges[first]), float(edges[last]), _AS_SEEN * (float(flight.worth[first, last]) - highest))
        for first, last in pairs
        if edges[last] - edges[first] >= _SHORTEST
    ]
    found.sort(key=lambda ends: ends.worth, reverse=True)
    return [_Ends(flight.take_off, flight.entry, 0.0), *found[:_TRIED]]


class _Leans:
    """How likely each lean is in each frame, on a circle of `_CIRCLE` directions: thousands of turns look it up."""

    def __init__(self, times: Values, lean: Values, trust: Values) -> None:
        self.times = times
        directions = 2.0 * np.pi * np.arange(_CIRCLE) / _CIRCLE
        off = np.cos(directions - lean[:, None])
        norm = np.sqrt(2.0 * np.pi / _CONCENTRATION) / (2.0 * np.pi)
        near, far = (np.exp(_CONCENTRATION * (sign * off - 1.0)) / norm for sign in (1.0, -1.0))
        seen = (1.0 - _FLIPPED - _WRONG) * near + _FLIPPED * far + _WRONG
        forwards = trust[:, None] * np.log(seen)
        backwards = np.roll(forwards[:, ::-1], 1, axis=1)
        # Side by side, since a turn that is looked up once is to be known standing and in armstand, either way.
        both = [np.roll(way, -begins, axis=1) for begins in (0, _CIRCLE // 2) for way in (backwards, forwards)]
        self._table = torch.from_numpy(np.stack(both, axis=2).astype(np.float32).reshape(-1, 4))
        self._rows = _CIRCLE * np.arange(len(times), dtype=np.int32)

    def likelihoods(self, turned: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logarithms [2, 2, ...] of turns [..., T]: standing or armstand, anticlockwise or clockwise."""
        places = np.rint(turned * np.float32(_CIRCLE / (2.0 * np.pi))).astype(np.int32)
        places &= _CIRCLE - 1
        places += self._rows
        looked_up = torch.from_numpy(places.reshape(-1, places.shape[-1]))
        sums = functional.embedding_bag(looked_up, self._table, mode="sum").numpy()
        return np.ascontiguousarray(sums.T).reshape(2, 2, *turned.shape[:-1])


class _Fits:
    """All turns of a flight, between each of given ends; of these each has `profiles` [ends, P, _GRID] of its own."""

    def __init__(
        self,
        profiles: Values,
        ends: Sequence[_Ends],
        leans: _Leans,
        starts: tuple[float, ...],
        misses: tuple[float, ...],
    ) -> None:
        take_off, entry, worth = np.array([(one.take_off, one.entry, one.worth) for one in ends]).T
        inside = (leans.times - take_off[:, None]) / np.maximum(entry - take_off, 1e-3)[:, None]
        places = np.clip(inside, 0.0, 1.0)[:, None] * (_GRID - 1)
        before = np.minimum(places.astype(int), _GRID - 2)
        after = places - before
        near, far = (np.take_along_axis(profiles, index, axis=2) for index in (before, before + 1))
        shares = (near * (1.0 - after) + far * after).astype(np.float32)
        begin, miss = np.array(starts, np.float32), np.array(misses, np.float32)
        usual = -0.5 * (begin / _START_DEVIATION)[:, None] ** 2 - 0.5 * (miss / _MISS_DEVIATION)[None] ** 2
        usual = usual - np.log(np.exp(usual).sum())
        whole = np.pi * np.arange(MOST + 1, dtype=np.float32)[:, None] + miss
        # [ends, half somersaults, profile, start, miss, frame]
        begin = begin[:, None, None]
        turned = begin + shares[:, None, :, None, None] * (whole[:, None, None, :, None] - begin)
        every = leans.likelihoods(turned) + usual + worth[:, None, None, None, None]
        flat = every.reshape(*every.shape[:4], -1)
        top = flat.max(axis=4)
        self.highest: Values = top.max(axis=(0, 1, 3))
        """[ends] logarithm of the best turn."""
        self.logs: Values = top + np.log(np.exp(flat - top[..., None]).mean(axis=4))
        """[2, 2, ends, half somersaults] the same of all turns on average."""
        self._best = turned[np.unravel_index(int(every.argmax()), every.shape)[2:]]
        self._times = leans.times

    def fastest(self) -> float:
        """Turns a second of the best turn where it is fastest."""
        rates = np.abs(np.diff(self._best)) / np.maximum(np.diff(self._times), 1e-3)
        return float(np.quantile(rates, 0.9) / (2.0 * np.pi))


@cache
def _generic() -> Values:
    """Share of the turn that is done at shares of the flight, [N, _GRID], by when a body is folded."""
    grid = np.linspace(0.0, 1.0, _GRID)
    rates = []
    for fold, opening, faster in product(_FOLDS, _OPENS, _FASTER):
        folded = np.clip((grid - fold + _GRADUAL) / (2 * _GRADUAL), 0.0, 1.0)
        still = np.clip((opening + _GRADUAL - grid) / (2 * _GRADUAL), 0.0, 1.0)
        rates.append(1.0 + (faster - 1.0) * np.minimum(folded, still))
    return _progress(np.stack(rates))


def _as_folded(flight: Flight, ends: _Ends) -> Values:
    """The same by the folds that were seen."""
    seen = flight.trust > 0.02
    moments = np.linspace(ends.take_off, ends.entry, _GRID)
    slowness = inertia(
        np.interp(moments, flight.times[seen], _steadied(flight.hip[seen])),
        np.interp(moments, flight.times[seen], _steadied(flight.knee[seen])),
    )
    return _progress(np.stack([slowness**-contrast for contrast in _CONTRASTS]))


def _progress(rates: Values) -> Values:
    turned = np.concatenate((np.zeros((len(rates), 1)), np.cumsum(rates, axis=1)[:, :-1]), axis=1)
    return np.asarray(turned / turned[:, -1:])


def _steadied(values: Values) -> Values:
    """Median of each three: a body does not fold for a single frame."""
    padded = np.concatenate((values[:1], values, values[-1:]))
    return np.asarray(np.median(np.stack((padded[:-2], padded[1:-1], padded[2:])), axis=0))


def _forwards(flight: Flight, sign: float) -> float:
    weight = flight.trust * np.sin(flight.hip / 2.0) ** 2
    return float(np.clip(sign * (weight * flight.front).sum() / max(float(weight.sum()), 0.5), -1.0, 1.0))
