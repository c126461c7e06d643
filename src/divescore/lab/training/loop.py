"""The training loop of every network here: a step depends on the settings and its own number, never on the clock.

Batches and what is random inside a step (dropout, augmentation) come from (seed, step) alone, so a training that was
interrupted and goes on from its checkpoint gives bit for bit what it would have given without, on one machine and
number of threads. On a GPU that holds as far as its kernels allow.
"""

import math
import os
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from divescore.lab.errors import LossNotFinite
from divescore.lab.evaluation.networks import device_of
from divescore.lab.progress import OnProgress
from divescore.lab.training.checkpoints import Checkpoint, digest_of, newest_checkpoint, write_checkpoint

T = TypeVar("T")
Batch = tuple[Tensor, Tensor]
"""Inputs and labels, on the CPU."""
STAGE = "training"
FLOOR = 0.01
"""Share of the learning rate that is left at the end."""
_PREFETCHED = 2


@dataclass(frozen=True)
class LoopSettings:
    """What determines a training, beside its batches and its loss."""

    steps: int
    seed: int = 0
    rate: float = 1e-3
    """Highest learning rate; AdamW."""
    decay: float = 0.02
    """Weight decay, on matrices and kernels only."""
    warmup: float = 0.05
    """Share of the steps in which the rate climbs; then it falls as half a cosine to `FLOOR`."""
    clip: float = 2.0
    """Largest norm of the gradient."""
    bfloat16: bool = False
    """Run the network under autocast; the loss stays in single precision."""
    average: float | None = None
    """Decay of a moving average of the weights, which is then the result; such as 0.999."""


@dataclass(frozen=True)
class RunOptions:
    """How to run it, which changes no result: the device and threads (but for rounding), checkpoints."""

    device: str = "auto"
    """`auto` (a GPU when there is one), `cpu` or `cuda`."""
    threads: int = 2
    checkpoints: Path | None = None
    """Folder to write checkpoints to and to go on from; None: none."""
    every_steps: int = 500
    every_seconds: float = 60.0
    """Whichever of the two comes first."""


def fit(
    network: nn.Module,
    batch: Callable[[int], Batch],
    loss_of: Callable[[Any, Tensor], Tensor],
    settings: LoopSettings,
    options: RunOptions,
    on_progress: OnProgress,
    prepare: Callable[[Tensor], Tensor] | None = None,
    identity: Mapping[str, Any] | None = None,
) -> None:
    """Train `network` in place; afterwards it is on the CPU, in evaluation mode, with the averaged weights if any.

    `batch(step)` gives inputs and labels. It must draw from (seed, step) alone and without torch's global generator,
    for it is called ahead in another thread. `prepare` turns inputs on the device into what the network takes.
    `loss_of` gets the network's outputs (in bfloat16 where the settings say so) and the labels. `identity` holds plain
    values that determine the result besides the settings, such as those of the data; a checkpoint made under others is
    refused. Raises CheckpointMismatch, LossNotFinite, DeviceMissing.
    """
    device = device_of(options.device)
    fingerprint = {
        "settings": asdict(settings),
        "identity": dict(identity or {}),
        "network": digest_of({name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}),
    }
    network.to(device).train()
    optimiser = _optimiser(network, settings)
    average = {name: tensor.clone() for name, tensor in network.state_dict().items()} if settings.average else {}
    done = 0
    found = newest_checkpoint(options.checkpoints, fingerprint) if options.checkpoints else None
    if found is not None:
        done = found.step
        network.load_state_dict(found.network)
        optimiser.load_state_dict(found.optimiser)
        average = {name: tensor.to(device) for name, tensor in found.average.items()}

    def keep(step: int) -> None:
        if options.checkpoints is not None:
            parts = (network.state_dict(), optimiser.state_dict(), average)
            write_checkpoint(options.checkpoints, Checkpoint(step, *parts, fingerprint))

    note = _Note(done, settings.steps, on_progress)
    kept_at = time.monotonic()
    with _conditions(device, options.threads), made_ahead(batch, done, settings.steps) as batches:
        for step, (inputs, labels) in enumerate(batches, start=done):
            torch.manual_seed(_seed_of(settings.seed, step))
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * schedule(step / settings.steps, settings.warmup)
            inputs, labels = inputs.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=settings.bfloat16):
                outputs = network(prepare(inputs) if prepare else inputs)
            loss = loss_of(outputs, labels)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise LossNotFinite(f"The loss of step {step + 1} is {value}; a lower rate may help.")
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
            nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimiser.step()
            if settings.average:
                _follow(average, network.state_dict(), _momentum(settings.average, step))
            due = (step + 1) % options.every_steps == 0 or time.monotonic() - kept_at >= options.every_seconds
            if due or step + 1 == settings.steps:
                keep(step + 1)
                kept_at = time.monotonic()
            note(step + 1, value)
    if average:
        network.load_state_dict(average)
    network.to("cpu").eval()


def schedule(share: float, warmup: float) -> float:
    """Share of the highest rate after a share of the steps: a straight climb, then half a cosine down to `FLOOR`."""
    if share < warmup:
        return max(share / warmup, FLOOR)
    return FLOOR + (1.0 - FLOOR) * 0.5 * (1.0 + math.cos(math.pi * (share - warmup) / (1.0 - warmup)))


def _optimiser(network: nn.Module, settings: LoopSettings) -> torch.optim.AdamW:
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in trained if parameter.ndim >= 2], "weight_decay": settings.decay},
        {"params": [parameter for parameter in trained if parameter.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=settings.rate)


def _seed_of(seed: int, step: int) -> int:
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _momentum(decay: float, step: int) -> float:
    # Short at first, or the average would remember the random weights of the beginning.
    return min(decay, (1.0 + step) / (10.0 + step))


@torch.no_grad()
def _follow(average: dict[str, Tensor], current: dict[str, Tensor], momentum: float) -> None:
    for name, tensor in current.items():
        if tensor.is_floating_point():
            average[name].lerp_(tensor, 1.0 - momentum)
        else:
            average[name].copy_(tensor)


@contextmanager
def _conditions(device: torch.device, threads: int) -> Iterator[None]:
    """Threads, and on a GPU deterministic kernels where there are any; all as before afterwards."""
    before, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    try:
        if device.type != "cuda":
            yield
            return
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        with warnings.catch_warnings(), torch.backends.cudnn.flags(benchmark=False, deterministic=True):
            # Some kernels, such as the gradient of 3-D pooling, have no deterministic form.
            warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation.*")
            torch.use_deterministic_algorithms(True, warn_only=True)
            yield
    finally:
        torch.use_deterministic_algorithms(strict)
        torch.set_num_threads(before)


@contextmanager
def made_ahead(make: Callable[[int], T], first: int, end: int) -> Iterator[Iterator[T]]:
    """What `make` makes of the numbers from `first` to before `end`, in another thread while the last is in use."""
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:
        waiting: deque[Future[T]] = deque()

        def made() -> Iterator[T]:
            for step in range(first, end + _PREFETCHED):
                if step < end:
                    waiting.append(pool.submit(make, step))
                if step >= first + _PREFETCHED:
                    yield waiting.popleft().result()

        try:
            yield made()
        finally:
            pool.shutdown(cancel_futures=True)


class _Note:
    """Reports progress with the smoothed loss and the time left, by the speed of this run."""

    def __init__(self, done: int, steps: int, on_progress: OnProgress) -> None:
        self._first, self._steps, self._on_progress = done, steps, on_progress
        self._began = time.monotonic()
        self._loss = math.nan

    def __call__(self, step: int, loss: float) -> None:
        self._loss = loss if math.isnan(self._loss) else 0.97 * self._loss + 0.03 * loss
        left = (time.monotonic() - self._began) / (step - self._first) * (self._steps - step)
        minutes, seconds = divmod(round(left), 60)
        note = f"step {step} of {self._steps}, loss {self._loss:.3f}, {minutes}:{seconds:02d} left"
        self._on_progress(STAGE, step / self._steps, note)
