"""The flight as it was seen: when it begins and ends, and how the body lies and folds in it, frame by frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from divescore.scoring.mini.localisation import FLIGHT, WATER
from divescore.scoring.mini.pose import FramePose

Values = NDArray[np.float64]
_APPROACH, _OTHER = 1, 0
_HEAD, _CHEST, _HIP, _KNEES = range(4)
"""Numbers of joints."""
_LEAST = 1e-4


@dataclass(frozen=True)
class Flight:
    """What is seen of a flight in T frames; angles in radians, clockwise from upright as on the picture."""

    times: Values
    """[T] seconds, in order."""
    take_off: float
    entry: float
    worth: Values
    """[T + 1, T + 1] logarithm of the probability of the phases by the first frame of the flight and that after it."""
    lean: Values
    """[T] of the trunk."""
    trust: Values
    """[T] 0..1: how well the lean is seen."""
    hip: Values
    """[T] 0 is straight."""
    knee: Values
    front: Values
    """[T] -1..1: on which side of the trunk the knees are, 1 where a clockwise turn leads to."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.entry - self.take_off

    @property
    def certainty(self) -> float:
        """Mean logarithm of the probability of the phases, as they lie about take-off and entry."""
        return float(self.worth.max() / len(self.times))


def see_flight(pose: FramePose, times: Values, others_may_fly: bool = False) -> Flight:
    """The flight in the frames of one clip, of which `times` [T] are the seconds.

    Where the localiser sees something else nobody flies, unless `others_may_fly`: before crowds and boards it sees that
    in the middle of real flights.
    """
    phases = _values(pose.localisation.phase.softmax(dim=1))
    worth = _segmentations(phases, others_may_fly)
    first, last = np.unravel_index(int(worth.argmax()), worth.shape)
    take_off, entry = _between(times, int(first)), _between(times, int(last))
    lean, joints, angles = _values(pose.lean), _values(pose.joints), _values(pose.angles)
    length = np.linalg.norm(lean, axis=1)
    trunk, thigh = joints[:, _CHEST] - joints[:, _HIP], joints[:, _KNEES] - joints[:, _HIP]
    across = trunk[:, 0] * thigh[:, 1] - trunk[:, 1] * thigh[:, 0]
    size = np.linalg.norm(trunk, axis=1) * np.linalg.norm(thigh, axis=1) + 1e-3
    return Flight(
        times=times,
        take_off=take_off,
        entry=entry,
        worth=worth,
        lean=np.arctan2(lean[:, 0], lean[:, 1]),
        trust=np.clip(length, 0.0, 1.0) ** 2 * _values(pose.estimated),
        hip=np.clip(angles[:, 0], 0.0, 1.0) * np.pi,
        knee=np.clip(angles[:, 1], 0.0, 1.0) * np.pi,
        front=np.clip(across / size, -1.0, 1.0),
    )


def _values(tensor: Tensor) -> Values:
    return np.asarray(tensor.detach().float().cpu().numpy(), dtype=np.float64)


def _segmentations(phases: Values, others_may_fly: bool) -> Values:
    """Logarithm of the probability of `phases` [T, 4] by the first frame of the flight and that after it."""
    if others_may_fly:
        logs = np.log(phases + phases[:, _OTHER : _OTHER + 1] / (phases.shape[1] - 1) + _LEAST)
        before, after = logs[:, _APPROACH], logs[:, WATER]
    else:
        logs = np.log(phases + _LEAST)
        before = np.logaddexp(logs[:, _APPROACH], logs[:, _OTHER])
        after = np.logaddexp(logs[:, WATER], logs[:, _OTHER])

    def until(values: Values) -> Values:
        return np.concatenate(([0.0], np.cumsum(values)))

    approach, flight, water = until(before), until(logs[:, FLIGHT]), until(after)
    worth = approach[:, None] - flight[:, None] + flight[None, :] + water[-1] - water[None, :]
    worth[np.tril_indices(len(phases) + 1)] = -np.inf
    return np.asarray(worth)


def _between(times: Values, index: int) -> float:
    """The moment between a frame and the one before it."""
    if index <= 0:
        return float(times[0])
    if index >= len(times):
        return float(times[-1])
    return float(0.5 * (times[index - 1] + times[index]))
