"""A model that knows nothing, and a film to match: the system then shows what it costs itself.

    python -m tests.bench.stub DIR
    divescore up --detach --weights DIR/weights
    divescore load --via queue --jobs 5000 DIR/film.webm

The model is the smallest shape of the shipped architecture with random weights: its folder is an ordinary one, so the
worker runs the same code from the message to the score, in a few milliseconds. Its name and what it was "trained on"
are in every result, and no code of the product knows of it.
"""

import hashlib
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from divescore.scoring.manifest import MANIFEST, DiveGate, IntervalScaling, Manifest, WeightFile
from divescore.scoring.mini.network import MiniNetwork
from tests.corpus.writing import write_film

ID = "stub-knows-nothing"
TRAINED_ON = "nothing"
FRAMES, SIDE = 8, 16
FEWEST_FRAMES = 16  # that the limits of the service let through
WEIGHTS = "random.safetensors"


def write_weights(folder: Path) -> Path:
    """A folder for `divescore up --weights`."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    save_file(MiniNetwork().state_dict(), folder / WEIGHTS)
    content = (folder / WEIGHTS).read_bytes()
    manifest = Manifest(
        id=ID,
        version="0",
        architecture="mini-focus",
        files=(WeightFile(name=WEIGHTS, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content)),),
        preprocessing={"frames": FRAMES, "width": SIDE, "height": SIDE, "mean": [0.5] * 3, "std": [0.25] * 3},
        execution_scale=30.0,
        interval=IntervalScaling(level=0.9, factor=1.0, difficulty_margin=1.0),
        gate=DiveGate(threshold=0.0),  # whatever it is shown is a dive to it
        trained_on=TRAINED_ON,
        training={},
        figures={},
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(by_alias=True, indent=2) + "\n")
    return folder


def write_video(path: Path) -> Path:
    """A short film of small frames that browsers play, so that the worker makes no rendition of it."""
    write_film(path, "libvpx", frames=FEWEST_FRAMES)
    return path


def main() -> None:
    """Write both below the folder that is named."""
    folder = Path(sys.argv[1])
    sys.stdout.write(f"{write_weights(folder / 'weights')}\n{write_video(folder / 'film.webm')}\n")


if __name__ == "__main__":
    main()
