"""The parts of the shipped network that see pictures: ONNX Runtime against torch, taking turns on one core.

    python -m tests.bench.parts [--rounds 25]

Prints one JSON document: processor time, median and least of the rounds, for as many pictures as a dive has, at random.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from divescore.scoring.mini.compiled import CompiledPart, folded
from divescore.scoring.mini.localisation import Localisation
from divescore.scoring.mini.network import POSE_FRAMES, MiniNetwork
from divescore.scoring.mini.pose import CROP_SIZE, CropPose
from divescore.scoring.mini.skeleton import FRAMES

WEIGHTS = Path(__file__).parents[2] / "model_weights" / "model.safetensors"
SIZES: dict[str, tuple[int, int, int]] = {
    "localiser": (48, 48, 64),
    "estimator": (POSE_FRAMES, CROP_SIZE, CROP_SIZE),
    "skeleton": (FRAMES, CROP_SIZE, CROP_SIZE),
}
"""By part: pictures of a dive, their height and width."""
CORES = 2
"""torch is given as many pictures at once as a worker of two cores would give it."""


def measured(rounds: int) -> dict[str, Any]:
    """Milliseconds by part and runtime."""
    torch.set_num_threads(1)
    network = MiniNetwork(skeletons=True)
    network.load_state_dict(load_file(WEIGHTS))
    network.eval()
    report: dict[str, Any] = {}
    for name, (count, *size) in SIZES.items():
        part: nn.Module = getattr(network.pose, name)
        shown = torch.rand(count, 3, *size).contiguous(memory_format=torch.channels_last)
        compiled = CompiledPart(name, part, Localisation if name == "localiser" else CropPose)
        report[name] = _in_turns({"torch": _by_halves(folded(part)), "onnxruntime": compiled}, shown, rounds)
    return report


def _by_halves(part: nn.Module) -> Callable[[Tensor], Any]:
    return lambda shown: [part(some) for some in shown.chunk(CORES)]


def _in_turns(runtimes: dict[str, Callable[[Tensor], Any]], shown: Tensor, rounds: int) -> dict[str, Any]:
    taken: dict[str, list[float]] = {name: [] for name in runtimes}
    with torch.inference_mode():
        for number in range(rounds + 1):
            for name, run in runtimes.items():
                began = time.process_time()
                run(shown)
                if number:  # the first is for warming up
                    taken[name].append(1000 * (time.process_time() - began))
    told: dict[str, Any] = {
        name: {"median_ms": round(statistics.median(times), 1), "least_ms": round(min(times), 1)}
        for name, times in taken.items()
    }
    told["ratio"] = round(statistics.median(taken["onnxruntime"]) / statistics.median(taken["torch"]), 2)
    return told


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    sys.stdout.write(json.dumps(measured(parser.parse_args().rounds), indent=2) + "\n")


if __name__ == "__main__":
    main()
