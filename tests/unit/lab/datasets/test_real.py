"""Real dives as the shipped network takes them."""

from pathlib import Path

import pytest

from divescore.lab.datasets.dataset import ClipShape
from divescore.lab.datasets.labels import LABELS
from divescore.lab.datasets.mtlaqa import LabelledDive, read_dives
from divescore.lab.datasets.real import labels_of, real_dataset
from tests.unit.lab.datasets.mtlaqa_folder import write_data
from tests.unit.lab.progress import silent


def test_published_classes_become_the_networks() -> None:
    classes = {"position": 2, "armstand": 1, "rotation_type": 3, "ss_no": 7, "tw_no": 0}
    labels = dict(zip(LABELS, labels_of(LabelledDive(1, 1, 110, 81.6, 3.4, classes)).tolist(), strict=True))
    assert labels["execution"] == pytest.approx(24.0)
    assert labels["difficulty"] == pytest.approx(3.4)
    named = {name: labels[name] for name in ("is_dive", "position", "armstand", "rotation", "half_somersaults")}
    # Tuck is the network's first position, reverse its third rotation.
    assert named == {"is_dive": 1.0, "position": 0.0, "armstand": 1.0, "rotation": 2.0, "half_somersaults": 7.0}


def test_real_frames_have_the_shape_of_rendered_ones(tmp_path: Path) -> None:
    data = read_dives(write_data(tmp_path))
    dataset = real_dataset(data.train, data, ClipShape(16, 128, 96), silent)
    assert len(dataset) == 4
    assert dataset.clip(3).shape == (16, 96, 128, 3)
    assert dataset.aspects.tolist() == pytest.approx([4 / 3] * 4)
    assert dataset.identity != real_dataset(data.test, data, ClipShape(16, 128, 96), silent).identity
