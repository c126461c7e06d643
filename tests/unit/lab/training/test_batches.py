"""Batches of what the shipped network learns from."""

import numpy as np
import pytest
import torch

from divescore.lab.datasets.dataset import ClipShape, Dataset
from divescore.lab.datasets.frame_labels import FRAME_LABEL, PHASES
from divescore.lab.datasets.labels import LABELS
from divescore.lab.datasets.rendered import rendered_dataset
from divescore.lab.training.batches import FeatureBatches, FrameBatches
from tests.unit.lab.progress import silent

WAYS, CLIPS, FRAMES, INPUTS = 3, 5, 48, 2


@pytest.fixture(scope="module")
def dives(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return rendered_dataset(range(4), ClipShape(), tmp_path_factory.mktemp("clips"), 0, silent)


def test_the_temporal_model_is_shown_each_clip_in_all_ways() -> None:
    looks = 0

    def extract() -> np.ndarray:
        nonlocal looks
        looks += 1
        way, clip = np.meshgrid(np.arange(WAYS), np.arange(CLIPS), indexing="ij")
        return np.stack((way, clip), axis=2)[:, :, None].repeat(FRAMES, axis=2).astype(np.float16)

    labels = np.zeros((CLIPS, len(LABELS)), dtype=np.float32)
    labels[:, 0] = np.arange(CLIPS)
    batches = FeatureBatches(extract, labels, 8, seed=1)

    drawn = [batches(step) for step in range(12)]

    assert looks == 1
    seen = torch.cat([inputs for inputs, _ in drawn])
    assert seen.shape == (96, FRAMES, INPUTS)
    assert {(int(way), int(clip)) for way, clip in seen[:, 0]} == {(v, n) for v in range(WAYS) for n in range(CLIPS)}
    for inputs, told in drawn:
        assert torch.equal(inputs[:, 0, 1].float(), told[:, 0])
    assert all(torch.equal(one, other) for one, other in zip(batches(3), drawn[3], strict=True))


def test_frames_of_flight_and_entry_are_shown_more_often(dives: Dataset) -> None:
    batches = FrameBatches(dives, clips=4, seed=0)

    labels = torch.cat([batches(step)[1] for step in range(25)])

    of_dives = dives.labels[:, 0] > 0.5
    flight = PHASES.index("flight")
    there = float((dives.frame_labels[of_dives][:, :, FRAME_LABEL["phase"]] == flight).mean())
    is_dive = (labels[:, FRAME_LABEL["phase"]] > 0).float()
    shown = float((labels[:, FRAME_LABEL["phase"]] == flight).float().sum() / is_dive.sum())
    assert shown > 1.2 * there
