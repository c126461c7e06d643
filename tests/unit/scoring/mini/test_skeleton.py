"""Skeletons: which frames and crops are looked at, and what an estimator says of them."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from divescore.dives import Position
from divescore.scoring.mini.flight import Flight
from divescore.scoring.mini.folds import positions_of
from divescore.scoring.mini.localisation import FLIGHT, PHASES, WATER, Localisation, Localiser
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.pose import CROP_SIZE, PoseValues
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.skeleton import FRAMES, TIGHT, SkeletonEstimator, skeleton_frames, tight_boxes
from divescore.scoring.mini.temporal import POSITIONS
from divescore.scoring.mini.turns import MOST, Turns

OTHER, APPROACH = 0, 1
SIZE = 0.25


def localised(phases: list[int], position: torch.Tensor | None = None) -> Localisation:
    count = len(phases)
    return Localisation(
        present=torch.full((count,), 4.0),
        position=torch.full((count, 2), 0.5) if position is None else position,
        reach=torch.full((count,), SIZE).log(),
        water=torch.full((count,), 0.9),
        water_seen=torch.ones(count),
        edge=torch.zeros(count, 2),
        edge_spread=torch.zeros(count),
        edge_seen=torch.zeros(count),
        phase=20.0 * functional.one_hot(torch.tensor(phases), PHASES).float(),
        features=torch.zeros(count, Localiser.FEATURES),
    )


@pytest.mark.parametrize("seen", [FLIGHT, OTHER])
def test_frames_are_looked_at_where_the_diver_may_fly(seen: int) -> None:
    # A localiser that takes a crowd for something else must not hide the flight.
    film = [APPROACH] * 10 + [seen] * (FRAMES - 4) + [WATER] * 10

    chosen = skeleton_frames(localised(film + film), 2)

    assert chosen.tolist() == [*range(10, 10 + FRAMES), *range(58, 58 + FRAMES)]


def test_a_short_clip_is_looked_at_whole() -> None:
    assert skeleton_frames(localised([FLIGHT] * 16), 1).tolist() == list(range(16))


def test_crops_are_tight_in_flight_and_wide_at_the_splash() -> None:
    boxes = tight_boxes(localised([FLIGHT] * 12 + [WATER] * 4), torch.arange(16), torch.tensor([16 / 9]))

    assert boxes[:12, 2].tolist() == pytest.approx([TIGHT * SIZE] * 12)
    assert boxes[12:, 2].tolist() == pytest.approx([SIZE] * 4)
    assert boxes[:, 3].tolist() == pytest.approx([16 / 9] * 16)


def test_somebody_else_in_a_single_frame_does_not_move_the_crop() -> None:
    position = torch.stack((torch.linspace(0.2, 0.5, 32), torch.full((32,), 0.4)), dim=1)
    fooled = position.clone()
    fooled[5] = torch.tensor([0.9, 0.9])
    # Two clips of 16 frames: the second's first frame is no neighbour of the first's last.
    boxes = tight_boxes(localised([FLIGHT] * 32, fooled), torch.arange(32), torch.tensor([1.0, 1.0]))

    assert boxes[5, :2].tolist() == pytest.approx(position[6].tolist())
    assert torch.allclose(boxes[[15, 16], :2], position[[15, 16]])


def test_joints_are_read_off_within_the_crop() -> None:
    torch.manual_seed(0)
    estimator = SkeletonEstimator().eval()

    with torch.inference_mode():
        seen = PoseValues.of(estimator(torch.randn(3, 3, CROP_SIZE, CROP_SIZE)).values)

    assert seen.joints.shape == (3, 6, 2)
    assert seen.lean.shape == seen.angles.shape == (3, 2)
    assert float(seen.joints.abs().max()) < 1.3


def test_a_network_without_an_estimator_sees_no_skeletons() -> None:
    wanted = Preprocessing(frames=16, width=128, height=96, mean=(0.45,) * 3, std=(0.25,) * 3)
    frames = torch.zeros(1, 16, 96, 128, 3, dtype=torch.uint8)
    aspects = torch.ones(1)

    with torch.inference_mode():
        without = MiniNetwork().eval().pose
        pose = without(frames, aspects, wanted)
        assert without.skeletons(frames, aspects, pose.localisation, wanted) is None
        seen = MiniNetwork(skeletons=True).eval().pose.skeletons(frames, aspects, pose.localisation, wanted)

    assert seen is not None
    assert seen.estimated.sum() == 16


def folded(hip: float, knee: float, seen: bool = True) -> tuple[Flight, Turns]:
    """A flight from 1 to 3 seconds, folded so (degrees) in the middle of it and straight at its ends."""
    times = np.linspace(0.0, 4.0, 41)
    middle = ((times > 1.3) & (times < 2.6)).astype(float)
    flight = Flight(
        times=times,
        take_off=1.0,
        entry=3.0,
        worth=np.zeros((42, 42)),
        lean=np.zeros(41),
        trust=np.full(41, 0.9 if seen else 0.0),
        hip=np.radians(hip) * middle,
        knee=np.radians(knee) * middle,
        front=np.zeros(41),
    )
    return flight, Turns(np.full((2, 2, MOST + 1), 1.0 / (4 * (MOST + 1))), 0.0, 0.0, 1.0, 3.0)


@pytest.mark.parametrize(
    ("hip", "knee", "position"),
    [(130, 115, Position.TUCK), (120, 15, Position.PIKE), (8, 5, Position.STRAIGHT)],
)
def test_hips_and_knees_tell_the_position(hip: float, knee: float, position: Position) -> None:
    chances = positions_of(*folded(hip, knee))

    assert chances.sum() == pytest.approx(1.0)
    assert POSITIONS[int(chances.argmax())] == position
    assert chances.max() > 0.6


def test_what_was_not_seen_tells_no_position() -> None:
    assert positions_of(*folded(120, 15, seen=False)).tolist() == [0.25] * 4
