"""The shipped network on real dives, in small."""

from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from divescore.lab.datasets.mtlaqa import RealDives
from divescore.lab.evaluation.measurements import measure_folder, measure_mini
from divescore.lab.evaluation.networks import MINI_WEIGHTS
from divescore.lab.training.fine_tuning import FineTuningSettings, fine_tune, fine_tune_folder
from divescore.lab.training.loop import RunOptions
from divescore.scoring.manifest import read_manifest
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import FLAWS
from tests.unit.lab.progress import silent

PREPROCESSING = Preprocessing(frames=16, width=128, height=96, mean=(0.45,) * 3, std=(0.25,) * 3)
OPTIONS = RunOptions(device="cpu", threads=1)
TINY = FineTuningSettings(epochs=2, batch=2, bfloat16=False)


def build() -> MiniNetwork:
    torch.manual_seed(0)
    return MiniNetwork()


def test_moves_what_is_known_and_leaves_the_gate(data: RealDives, tmp_path: Path) -> None:
    network, before = build(), build()
    options = replace(OPTIONS, checkpoints=tmp_path)
    interval = fine_tune(network, PREPROCESSING, data, TINY, options, silent, "random")

    # The execution is made of what the segments are worth and of what the flaws leave.
    for name in ("quality", "flaws"):
        mine, theirs = (getattr(one.temporal, name).weight for one in (network, before))
        assert not torch.allclose(mine, theirs, rtol=1e-2)
    # Weight decay alone moves the gate, by less than a hundredth.
    assert torch.allclose(network.temporal.gate.weight, before.temporal.gate.weight, rtol=1e-2)
    assert interval.factor > 0
    figures = measure_mini(network, PREPROCESSING, data, interval, silent)
    assert {"rank_correlation", "relative_error", "mean_error", "execution_mean_error"} <= set(figures)
    assert not {f"{name}_mean_error" for name in FLAWS} & set(figures)

    again = build()
    assert fine_tune(again, PREPROCESSING, data, TINY, replace(options, every_steps=1), silent, "random") == interval
    assert measure_mini(again, PREPROCESSING, data, interval, silent) == figures


def test_the_shipped_model_becomes_a_folder_that_is_measured(data: RealDives, shipped: Path, tmp_path: Path) -> None:
    settings = FineTuningSettings(epochs=1, batch=2, bfloat16=False)
    manifest = fine_tune_folder(tmp_path, data, shipped, settings, {"command": "train"}, OPTIONS, silent)

    assert manifest == read_manifest(tmp_path)
    assert manifest.trained_on == "synthetic, then MTL-AQA"
    before = load_file(shipped / MINI_WEIGHTS)
    after = load_file(tmp_path / MINI_WEIGHTS)
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    found = measure_folder(tmp_path, manifest, data, "cpu", silent)
    assert found == {name: value for name, value in manifest.figures.items() if name != "on"}
