"""The shipped network's parts."""

import math
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch.nn import functional

from divescore.lab.training.inputs import half_size, square_crop
from divescore.scoring.mini.features import OVERALL, assemble_features
from divescore.scoring.mini.localisation import FLIGHT, PHASES, WATER, Localisation, Localiser, halve
from divescore.scoring.mini.network import POSE_FRAMES, MiniNetwork, first_pose_frame
from divescore.scoring.mini.pose import ANGLES, GAPS, JOINTS, FramePose, PoseEstimator, crop
from divescore.scoring.mini.preprocessing import Preprocessing, normalise
from divescore.scoring.mini.temporal import CLASS_HEADS, FLAWS, FROM_FLAWS, TemporalModel


@pytest.fixture(scope="module")
def network() -> MiniNetwork:
    torch.manual_seed(0)
    return MiniNetwork().eval()


WEIGHTS = Path(__file__).parents[4] / "model_weights"
PREPROCESSING = Preprocessing(frames=16, width=128, height=96, mean=(0.45, 0.45, 0.45), std=(0.25, 0.25, 0.25))


def clips(count: int, length: int = 16) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    frames = torch.randint(0, 256, (count, length, 96, 128, 3), dtype=torch.uint8, generator=generator)
    return frames, torch.tensor([4 / 3, 16 / 9])[:count], torch.tensor([4.0, 2.5])[:count]


def test_every_head_answers_in_its_range(network: MiniNetwork) -> None:
    with torch.inference_mode():
        outputs = network(*clips(2), PREPROCESSING)

    assert outputs.gate.shape == outputs.log_spread.shape == outputs.difficulty.shape == (2,)
    assert outputs.shares.shape == (2, 8)
    assert torch.allclose(outputs.execution, outputs.shares.sum(dim=1))
    assert ((outputs.execution >= 0) & (outputs.execution <= 1)).all()
    assert outputs.flaws.shape == (2, len(FLAWS))
    assert {name: logits.shape[1] for name, logits in outputs.classes.items()} == CLASS_HEADS


def test_a_clip_is_read_alike_alone_and_in_company(network: MiniNetwork) -> None:
    frames, aspects, seconds = clips(2)

    with torch.inference_mode():
        together = network(frames, aspects, seconds, PREPROCESSING)
        alone = network(frames[1:], aspects[1:], seconds[1:], PREPROCESSING)

    assert torch.allclose(together.execution[1:], alone.execution, atol=1e-5)


def test_what_was_seen_fills_the_temporal_models_input(network: MiniNetwork) -> None:
    frames, aspects, seconds = clips(1)

    with torch.inference_mode():
        features = assemble_features(network.pose(frames, aspects, PREPROCESSING), aspects, seconds)

    assert features.shape == (1, 16, TemporalModel.INPUTS)
    assert features.isfinite().all()


SIZE = 0.25
CERTAIN = 20.0


def flight(away: torch.Tensor, lean: torch.Tensor, edge_seen: torch.Tensor) -> FramePose:
    """A flight in which the diver is `away` [T] sizes from the platform's edge, and leans so [T] in radians."""
    count = len(away)
    phase = CERTAIN * functional.one_hot(torch.full((count,), FLIGHT), PHASES).float()
    located = Localisation(
        present=torch.full((count,), CERTAIN),
        position=torch.full((count, 2), 0.5),
        reach=torch.full((count,), math.log(SIZE)),
        water=torch.full((count,), 0.9),
        water_seen=torch.full((count,), -CERTAIN),
        edge=torch.stack((0.5 - away * SIZE, torch.full((count,), 0.3)), dim=1),
        edge_spread=torch.full((count,), 0.02),
        edge_seen=CERTAIN * (2.0 * edge_seen - 1.0),
        phase=phase,
        features=torch.zeros(count, Localiser.FEATURES),
    )
    return FramePose(
        localisation=located,
        estimated=torch.ones(count),
        centre=torch.zeros(count, 2),
        grown=torch.zeros(count),
        line=torch.stack(((2 * lean).sin(), (2 * lean).cos()), dim=1),
        lean=torch.stack((lean.sin(), lean.cos()), dim=1),
        joints=torch.zeros(count, JOINTS, 2),
        gaps=torch.zeros(count, GAPS),
        angles=torch.zeros(count, ANGLES),
        splash=torch.zeros(count),
        features=torch.zeros(count, PoseEstimator.FEATURES),
    )


DRIFT, PACED, FALL, TOP, TOP_SEEN, ENTRY_SINE, ENTRY_COSINE, KNOWN_FOR, TURN = 18, 19, 20, 21, 22, 23, 24, 26, 27
"""Columns of the temporal model's input."""


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_a_feature_tells_how_fast_a_dive_leaves_the_platform(way: float) -> None:
    # Twenty frames in two seconds; the edge is lost after twelve, and what is then said of it means nothing.
    times = torch.linspace(0.0, 1.9, 20)
    seen = (times < 1.15).float()
    away = torch.where(seen > 0, 0.3 + 0.8 * times, 5.0) * way

    features = assemble_features(flight(away, torch.zeros(20), seen), torch.tensor([1.0]), torch.tensor([2.0]))

    assert features[0, :, DRIFT] == pytest.approx(0.8, abs=0.02)


def test_a_platform_seen_where_there_is_none_does_not_turn_the_line() -> None:
    times = torch.linspace(0.0, 1.9, 20)
    away = torch.where(times < 1.15, 0.3 + 0.8 * times, 0.1)
    seen = ((times < 1.15) | (times > 1.85)).float()

    features = assemble_features(flight(away, torch.zeros(20), seen), torch.tensor([1.0]), torch.tensor([2.0]))

    assert features[0, :, DRIFT] == pytest.approx(0.8, abs=0.1)


def test_a_drift_is_corrected_where_a_body_seems_to_fall_too_slowly() -> None:
    times = torch.linspace(0.0, 1.9, 20)
    drifts, falls = [], []
    for large in (1.0, 1.6):
        # Who is thought to be larger than true moves and falls by fewer sizes.
        height = (0.6 - 0.5 * 9.81 / 1.25 * (times - 0.4).square()) / large
        seen = flight((0.3 + 0.8 * times) / large, torch.zeros(20), (height > -2.0).float())
        edge = torch.stack((seen.localisation.edge[:, 0], 0.5 + height * SIZE), dim=1)
        located = replace(seen.localisation, edge=edge)
        features = assemble_features(replace(seen, localisation=located), torch.ones(1), torch.full((1,), 2.0))
        drifts.append(float(features[0, 0, PACED]))
        falls.append(float(features[0, 0, FALL]))

    # Where little of the fall is seen, it is expected to be as that of all bodies.
    assert falls == pytest.approx([9.81 / 1.25, 9.81 / 1.25 / 1.6], rel=0.1)
    # Uncorrected the second would be 0.5.
    assert drifts == pytest.approx([0.8, 0.5 * 1.6**0.75], rel=0.06)


def test_half_precision_elsewhere_leaves_the_fits_as_they_are() -> None:
    times = torch.linspace(0.0, 1.9, 20)
    seen = flight(0.3 + 0.8 * times, torch.zeros(20), (times < 1.15).float())

    plain = assemble_features(seen, torch.ones(1), torch.full((1,), 2.0))
    with torch.autocast("cpu", torch.bfloat16):
        within = assemble_features(seen, torch.ones(1), torch.full((1,), 2.0))

    assert torch.allclose(plain, within.float(), atol=1e-4)


def test_nothing_is_said_of_a_drift_that_cannot_be_seen() -> None:
    features = assemble_features(
        flight(torch.rand(20), torch.zeros(20), torch.zeros(20)), torch.ones(1), torch.full((1,), 2.0)
    )

    assert features[0, :, DRIFT] == pytest.approx(0.0, abs=1e-3)
    assert features[0, :, KNOWN_FOR] == pytest.approx(0.0, abs=1e-3)


def test_a_feature_tells_how_long_the_edge_was_seen() -> None:
    seen = flight(torch.ones(20), torch.zeros(20), (torch.arange(20) < 12).float())

    features = assemble_features(seen, torch.ones(1), torch.full((1,), 2.0))

    # Each frame counts a little less than one, since the edge is never known to the pixel.
    assert features[0, :, KNOWN_FOR] == pytest.approx(12 / (1 + (0.02 / 0.12) ** 2), abs=0.05)


def test_what_a_flaw_takes_moves_the_execution(network: MiniNetwork) -> None:
    temporal = deepcopy(network.temporal)
    torch.nn.init.zeros_(temporal.flaws.weight)
    temporal.deductions.data.fill_(0.1)
    seen = torch.randn(1, 16, TemporalModel.INPUTS, generator=torch.Generator().manual_seed(2))

    executions = []
    with torch.inference_mode():
        for amount in (0.0, 0.25, 0.5, 0.75, 1.0):
            temporal.flaws.bias.fill_(-CERTAIN)[FLAWS.index("axis")] = math.log((amount + 1e-9) / (1.0 - amount + 1e-9))
            outputs = temporal(seen)
            executions.append(float(outputs.execution[0]))
            assert torch.allclose(outputs.execution, outputs.shares.sum(dim=1))

    steps = [before - after for before, after in pairwise(executions)]
    assert steps == pytest.approx([0.25 * 0.1 * FROM_FLAWS] * 4, abs=1e-4)


def test_features_tell_how_high_a_dive_rises() -> None:
    # A parabola of a free fall with its top 0.6 sizes above the edge, of which only every third frame is known.
    times = torch.linspace(0.0, 1.9, 20)
    height = 0.6 - 0.5 * 9.81 / 1.25 * (times - 0.4).square()
    seen = flight(torch.ones(20), torch.zeros(20), (torch.arange(20) % 3 == 0).float())
    edge = torch.stack((seen.localisation.edge[:, 0], 0.5 + height * SIZE), dim=1)
    lower = (height > -2.0).float()
    located = replace(
        seen.localisation, edge=edge, edge_seen=seen.localisation.edge_seen * lower - CERTAIN * (1.0 - lower)
    )

    features = assemble_features(replace(seen, localisation=located), torch.ones(1), torch.full((1,), 2.0))

    assert features[0, :, FALL] == pytest.approx(9.81 / 1.25, abs=0.1)
    assert features[0, :, TOP] == pytest.approx(0.6, abs=0.05)
    assert features[0, :, TOP_SEEN] == pytest.approx(0.6, abs=0.1)


def test_features_tell_the_line_of_the_entry() -> None:
    lean = torch.cat((torch.linspace(0.0, 2.0, 10), torch.full((10,), 0.3)))
    seen = flight(torch.ones(20), lean, torch.ones(20))
    water = CERTAIN * functional.one_hot(torch.full((10,), WATER), PHASES).float()
    seen = replace(
        seen, localisation=replace(seen.localisation, phase=torch.cat((seen.localisation.phase[:10], water)))
    )

    features = assemble_features(seen, torch.ones(1), torch.full((1,), 2.0))

    assert features[0, :, ENTRY_SINE] == pytest.approx(math.sin(0.6), abs=0.03)
    assert features[0, :, ENTRY_COSINE] == pytest.approx(math.cos(0.6), abs=0.05)


def test_what_the_pose_says_of_position_and_size_corrects_the_localisation() -> None:
    seen = flight(torch.full((20,), 0.8), torch.zeros(20), torch.ones(20))
    # The diver is a quarter of the square to the left of its middle, and half as large again as was thought.
    moved = replace(seen, centre=torch.tensor([[-0.25, 0.0]]).expand(20, 2), grown=torch.full((20,), math.log(1.5)))

    plain, corrected = (assemble_features(each, torch.ones(1), torch.full((1,), 2.0)) for each in (seen, moved))

    away = 15
    assert plain[0, :, away] == pytest.approx(-0.8, abs=1e-4)
    assert corrected[0, :, away] == pytest.approx((-0.8 + 0.25) / 1.5, abs=1e-3)


def test_the_pose_is_estimated_in_flight_and_entry() -> None:
    phase = torch.tensor([1] * 10 + [FLIGHT] * 16 + [WATER] * 22)
    logits = CERTAIN * functional.one_hot(phase, PHASES).float()

    first = int(first_pose_frame(logits[None], POSE_FRAMES)[0])

    # All of the flight, and then rather the splash than the approach.
    assert first == 10


def test_of_a_long_flight_the_pose_is_estimated_at_its_end() -> None:
    phase = torch.tensor([FLIGHT] * 36 + [WATER] * 12)
    logits = CERTAIN * functional.one_hot(phase, PHASES).float()

    assert int(first_pose_frame(logits[None], POSE_FRAMES)[0]) == 36 + 6 - POSE_FRAMES


def test_frames_whose_pose_was_not_estimated_say_nothing(network: MiniNetwork) -> None:
    frames, aspects, _ = clips(2, 40)

    with torch.inference_mode():
        seen = network.pose(frames, aspects, PREPROCESSING)

    assert seen.estimated.view(2, 40).sum(dim=1).tolist() == [POSE_FRAMES, POSE_FRAMES]
    assert not seen.features[seen.estimated == 0].any()
    assert seen.features[seen.estimated == 1].any()


def test_a_feature_tells_how_fast_a_body_turns() -> None:
    lean = 3.0 * torch.linspace(0.0, 1.9, 20)
    features = assemble_features(flight(torch.ones(20), lean, torch.ones(20)), torch.ones(1), torch.full((1,), 2.0))

    assert features[0, 0, TURN] == 0.0
    assert features[0, 1:, TURN] == pytest.approx(math.sin(0.3) / 0.1, abs=0.01)


def test_what_holds_for_the_whole_dive_has_its_columns(network: MiniNetwork) -> None:
    frames, aspects, seconds = clips(2)

    with torch.inference_mode():
        features = assemble_features(network.pose(frames, aspects, PREPROCESSING), aspects, seconds)

    constant = (features == features[:, :1]).all(dim=1).all(dim=0)
    assert constant[OVERALL.start : OVERALL.stop].all()
    assert not constant[[OVERALL.start - 1, OVERALL.stop]].any()


def test_half_a_picture_is_what_training_halves() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 96, 128, 3), dtype=np.uint8)

    halves = halve(torch.from_numpy(pictures)).numpy()

    assert np.array_equal(halves, np.stack([half_size(picture) for picture in pictures]))


@pytest.mark.parametrize("window", [(0.4, 0.6, 0.2, 16 / 9), (0.02, 0.5, 0.3, 4 / 3)])
def test_a_crop_is_what_training_crops(window: tuple[float, float, float, float]) -> None:
    columns, rows = np.meshgrid((np.arange(128) + 0.5) / 128, (np.arange(96) + 0.5) / 96)
    picture = np.round(255 * np.stack((columns, rows, 1.0 - rows), axis=2)).astype(np.uint8)
    normalised = normalise(torch.from_numpy(picture)[None, None], PREPROCESSING)[0]

    of_tensors = crop(normalised, torch.tensor([window]))
    drawn = normalise(torch.from_numpy(square_crop(picture, *window))[None, None], PREPROCESSING)[0]

    # Two of 255 levels, but at the picture's border, where training fades to grey in coarser steps.
    inside = (drawn - of_tensors).abs() < 2.0 / 255.0 / 0.25
    assert inside.float().mean() > 0.97


def test_the_files_names_of_tensors_stay_as_they_were(network: MiniNetwork) -> None:
    with safe_open(WEIGHTS / "model.safetensors", framework="pt") as file:
        stored = set(file.keys())

    whole = MiniNetwork(skeletons=True)
    assert whole.state_dict().keys() == stored
    assert network.state_dict().keys() == {name for name in stored if not name.startswith("skeleton.")}
    copy = MiniNetwork()
    copy.load_state_dict(network.state_dict())
    assert torch.equal(copy.temporal.moments.weight, network.temporal.moments.weight)
    assert torch.equal(*(part.pose.estimator.state_dict()["values.weight"] for part in (copy, network)))


def test_it_is_small() -> None:
    size = sum(tensor.numel() * tensor.element_size() for tensor in MiniNetwork(skeletons=True).state_dict().values())

    assert size < 16e6
