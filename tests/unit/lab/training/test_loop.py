"""The training loop: the same bits however often it is interrupted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from divescore.lab.errors import CheckpointMismatch, LossNotFinite
from divescore.lab.training.checkpoints import KEPT
from divescore.lab.training.loop import FLOOR, LoopSettings, RunOptions, fit, schedule
from tests.unit.lab.progress import silent

SETTINGS = LoopSettings(steps=12, seed=5, rate=1e-2, bfloat16=True, average=0.9)


class Interrupted(Exception):
    """What a test stops a training with."""


def build() -> nn.Module:
    """Dropout and a batch norm, so that randomness and buffers count."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 1))


def batch(step: int) -> tuple[Tensor, Tensor]:
    inputs = np.random.default_rng([5, step]).normal(size=(8, 6)).astype(np.float32)
    return torch.from_numpy(inputs), torch.from_numpy(inputs.sum(axis=1))


def loss_of(outputs: Tensor, labels: Tensor) -> Tensor:
    return functional.mse_loss(outputs.float().squeeze(1), labels)


def trained(
    settings: LoopSettings = SETTINGS,
    options: RunOptions | None = None,
    on_progress: Callable[[str, float, str], None] = silent,
) -> dict[str, Tensor]:
    network = build()
    fit(network, batch, loss_of, settings, options or RunOptions(threads=1), on_progress)
    assert not network.training
    return network.state_dict()


def until(stop: float) -> Callable[[str, float, str], None]:
    def interrupt(_stage: str, share: float, _note: str) -> None:
        if share >= stop:
            raise Interrupted

    return interrupt


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("average", [None, 0.9])
def test_interrupted_and_resumed_equals_uninterrupted(tmp_path: Path, average: float | None) -> None:
    settings = replace(SETTINGS, average=average)
    whole = trained(settings)
    options = RunOptions(threads=1, checkpoints=tmp_path, every_steps=3, every_seconds=1e9)
    starts = []

    def note(stop: float) -> Callable[[str, float, str], None]:
        first = True

        def interrupt(_stage: str, share: float, _note: str) -> None:
            nonlocal first
            if first:
                starts.append(round(share * settings.steps) - 1)
            first = False
            if share >= stop:
                raise Interrupted

        return interrupt

    for stop in (0.4, 0.75):
        with pytest.raises(Interrupted):
            trained(settings, options, note(stop))
    resumed = trained(settings, options, note(2.0))

    assert starts == [0, 3, 9]
    assert same(resumed, whole)
    assert not same(trained(replace(settings, seed=6)), whole)
    # One that has ended trains no more, and gives what it gave.
    assert same(trained(settings, options, until(0.0)), whole)


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    options = RunOptions(threads=1, checkpoints=tmp_path, every_steps=3, every_seconds=1e9)
    with pytest.raises(Interrupted):
        trained(options=options, on_progress=until(0.75))
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == KEPT
    content = bytearray(kept[-1].read_bytes())
    content[len(content) // 2] ^= 1
    kept[-1].write_bytes(content)
    (tmp_path / "draft-1.tmp").write_bytes(b"cut off")

    assert same(trained(options=options), trained())
    assert not (tmp_path / "draft-1.tmp").exists()


def test_writes_by_the_clock_too(tmp_path: Path) -> None:
    options = RunOptions(threads=1, checkpoints=tmp_path, every_steps=1000, every_seconds=0.0)
    with pytest.raises(Interrupted):
        trained(options=options, on_progress=until(0.25))
    assert sorted(path.name[:14] for path in tmp_path.iterdir()) == ["step-000000002", "step-000000003"]


def test_other_settings_refuse_a_checkpoint(tmp_path: Path) -> None:
    options = RunOptions(threads=1, checkpoints=tmp_path)
    trained(options=options)
    with pytest.raises(CheckpointMismatch, match=r"\(rate is 0\.01 there and 0\.02 here\)"):
        trained(replace(SETTINGS, rate=2e-2), options)
    with pytest.raises(CheckpointMismatch, match="clips is None there and 7 here"):
        fit(build(), batch, loss_of, SETTINGS, options, silent, identity={"clips": 7})


def test_learns_and_says_how_far_it_is() -> None:
    notes: list[tuple[str, float, str]] = []
    trained(LoopSettings(steps=150, rate=2e-2), on_progress=lambda *note: notes.append(note))
    stage, share, note = notes[-1]
    assert (stage, share) == ("training", 1.0)
    assert note.startswith("step 150 of 150, loss ")
    assert note.endswith(" 0:00 left")
    losses = [float(note.split("loss ")[1].split(",")[0]) for _, _, note in notes]
    assert losses[-1] < 0.5 * losses[0]


def test_the_rate_climbs_and_falls() -> None:
    rates = [schedule(share / 100, 0.1) for share in range(101)]
    assert rates[0] == FLOOR
    assert rates[10] == 1.0 == max(rates)
    assert rates[100] == pytest.approx(FLOOR)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_a_loss_that_is_no_number_ends_it() -> None:
    with pytest.raises(LossNotFinite, match="step 1 is nan"):
        fit(build(), batch, lambda outputs, _labels: outputs.mean() * torch.nan, SETTINGS, RunOptions(), silent)
