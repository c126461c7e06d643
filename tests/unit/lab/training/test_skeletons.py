"""Training of the estimator for skeletons, in small."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from divescore.lab.datasets.dataset import ClipShape, Dataset
from divescore.lab.datasets.frame_labels import FRAME_LABEL, JOINTS, REACH
from divescore.lab.datasets.rendered import rendered_dataset
from divescore.lab.evaluation.networks import load_mini
from divescore.lab.training import body_frames
from divescore.lab.training.body_frames import BodyFrames
from divescore.lab.training.body_library import BodyLibrary
from divescore.lab.training.body_pictures import PER_METRE, SIDE
from divescore.lab.training.hall_pictures import hall_picture
from divescore.lab.training.losses import pose_loss
from divescore.lab.training.skeletons import CropBatches, SkeletonSettings, SkeletonTraining, add_skeletons
from divescore.scoring.manifest import read_manifest
from divescore.scoring.mini.pose import CROP_SIZE
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.skeleton import SkeletonEstimator
from tests.unit.lab.progress import silent

SETTINGS = SkeletonSettings(seed=0, shown_clips=2, shown_bodies=5)
PREPROCESSING = Preprocessing(frames=48, width=128, height=96, mean=(0.45, 0.45, 0.45), std=(0.25, 0.25, 0.25))


@pytest.fixture(scope="module")
def dives(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return rendered_dataset(range(4), ClipShape(), tmp_path_factory.mktemp("clips"), 0, silent)


@pytest.fixture(autouse=True)
def grey_photographs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_frames, "photographs", lambda: (np.full((60, 80, 3), 90, dtype=np.uint8),))


def bodies() -> BodyLibrary:
    """One body: a line of joints from the head at the top to the hands at the bottom, ten pixels apart, all covered."""
    joints = np.zeros((1, len(JOINTS), 2, 2), dtype=np.float32)
    joints[..., 0], joints[..., 1] = 0.5 * SIDE, (27.0 + 10.0 * np.arange(len(JOINTS)))[None, :, None]
    picture = np.full((1, SIDE, SIDE, 4), 255, dtype=np.uint8)
    return BodyLibrary("line", picture, joints, np.array([0.5], np.float32), np.array([0.25], np.float32))


def test_crops_are_of_dives_and_of_bodies(dives: Dataset) -> None:
    batches = CropBatches(dives, BodyFrames(bodies(), dives), SETTINGS)

    squares, labels = batches(3)
    again = batches(3)

    assert squares.shape == (2 * 4 + 5, CROP_SIZE, CROP_SIZE, 3)
    assert all(torch.equal(one, other) for one, other in zip((squares, labels), again, strict=True))
    told = labels[8:]
    assert told[:, FRAME_LABEL["lean_cos"]].tolist() == pytest.approx([1.0] * 5)
    heads, hips = told[:, FRAME_LABEL["head_y"]], told[:, FRAME_LABEL["hip_y"]]
    # Twenty pixels of forty a metre, in half sides of the square about a body.
    expected = 20 / PER_METRE / REACH * torch.exp(told[:, FRAME_LABEL["grown"]])
    assert torch.allclose(hips - heads, expected, atol=1e-4)


def test_a_body_is_drawn_where_its_labels_say(dives: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    library = bodies()
    library.pictures[..., :3], library.pictures[..., 3] = (250, 0, 0), 0
    library.pictures[0, 70:, :, 3] = 255
    frames = BodyFrames(library, dives)
    monkeypatch.setattr(frames, "_background", lambda _rng: np.zeros((96, 128, 3), dtype=np.uint8))
    monkeypatch.setattr(body_frames, "augmented", lambda pictures, _rng: pictures)
    monkeypatch.setattr(body_frames, "_developed", lambda picture, _rng: picture)

    for seed in range(6):
        picture, labels = frames.draw(np.random.default_rng(seed), 4 / 3)
        below = labels[FRAME_LABEL["y"]] + labels[FRAME_LABEL["hand_y"]] * labels[FRAME_LABEL["reach"]]
        above = labels[FRAME_LABEL["y"]] + labels[FRAME_LABEL["head_y"]] * labels[FRAME_LABEL["reach"]]
        column = round(float(labels[FRAME_LABEL["x"]]) * 128 - 0.5)
        row = round(float(above) * 96 - 0.5)
        if 0 <= row < 96:
            assert picture[row, column, 0] < 60
        row = round(float(below) * 96 - 0.5) + 1
        if row < 96:
            assert picture[row, column, 0] > 100


def test_halls_differ_and_depend_on_the_seed_alone() -> None:
    halls = [hall_picture(np.random.default_rng(seed), 128, 96) for seed in range(12)]
    again = [hall_picture(np.random.default_rng(seed), 128, 96) for seed in range(12)]

    assert all(hall.shape == (96, 128, 3) for hall in halls)
    assert all(np.array_equal(one, other) for one, other in zip(halls, again, strict=True))
    assert len({hall.tobytes() for hall in halls}) == 12


def test_a_step_teaches_all_but_what_photographs_taught(dives: Dataset) -> None:
    torch.manual_seed(0)
    estimator = SkeletonEstimator()
    before = {name: tensor.clone() for name, tensor in estimator.state_dict().items()}
    network = SkeletonTraining(estimator, PREPROCESSING).train()
    squares, labels = CropBatches(dives, BodyFrames(bodies(), dives), SETTINGS)(0)

    loss = pose_loss(network(squares), labels)
    loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
    taught = [name for name, parameter in estimator.named_parameters() if parameter.grad is not None]

    assert float(loss.detach()) > 0.0
    assert {name.split(".")[0] for name in taught} == {"near", "far", "joined", "summary", "heat", "values"}
    kept = [name for name in before if name.startswith("first.")]
    assert all(torch.equal(estimator.state_dict()[name], before[name]) for name in kept)


def test_an_estimator_is_written_beside_what_is_there(shipped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(shipped, folder)
    torch.manual_seed(3)
    first, second = SkeletonEstimator(), SkeletonEstimator()
    plain = load_mini(folder, read_manifest(folder))

    add_skeletons(folder, first, {"steps": 1})
    manifest = add_skeletons(folder, second, {"steps": 2})
    network = load_mini(folder, read_manifest(folder))

    assert manifest == read_manifest(folder)
    assert manifest.training["skeletons"] == {"steps": 2}
    assert plain.pose.skeleton is None
    assert network.pose.skeleton is not None
    for name, tensor in second.state_dict().items():
        assert torch.equal(network.pose.skeleton.state_dict()[name], tensor)
    for name, tensor in plain.state_dict().items():
        assert torch.equal(network.state_dict()[name], tensor)


def test_settings_decide_the_crops(dives: Dataset) -> None:
    frames = BodyFrames(bodies(), dives)

    one, _ = CropBatches(dives, frames, SETTINGS)(0)
    other, _ = CropBatches(dives, frames, replace(SETTINGS, seed=1))(0)

    assert not torch.equal(one, other)
