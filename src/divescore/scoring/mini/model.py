"""The shipped model's architecture: frames spread over the whole video, one forward pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from divescore.dives import name_dive
from divescore.scoring.architectures import POSITIONS, ROTATIONS, Prediction, read_tensors
from divescore.scoring.manifest import Manifest
from divescore.scoring.mini.features import arrange
from divescore.scoring.mini.network import FLAWS, FocusNetwork, Outputs, choose
from divescore.scoring.mini.pose import Located, Looked, Seen, completed, joined
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.thread_pool import Cores
from divescore.video.limits import Limits
from divescore.video.sampling import SampledVideo, sample_frames


class MiniPredictor:
    """`mini-focus`: a fixed number of frames spread over the video, in one go."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._preprocessing = manifest.preprocessing_as(Preprocessing)
        self._scale = manifest.execution_scale
        self._network = FocusNetwork()
        # Assigned tensors stay views of the mapped file: nothing is copied until a page is touched.
        self._network.load_state_dict(read_tensors(folder, manifest), assign=True)
        _fold_norms(self._network.eval())
        halved = _has_bf16()
        if halved:
            self._network.eye.to(torch.bfloat16)
        self.precision = "bf16" if halved else "fp32"
        # Each of the cores has frames of its own; torch's threads would only wait for one another.
        self.threads = torch.get_num_threads()
        self._cores = Cores(self.threads)
        torch.set_num_threads(1)

    def sample(self, path: Path, limits: Limits, on_progress: Callable[[float], None]) -> SampledVideo:
        """Evenly spread frames of the network's size."""
        wanted = self._preprocessing
        return sample_frames(path, wanted.frames, (wanted.width, wanted.height), limits, on_progress)

    def predict(self, video: SampledVideo, on_progress: Callable[[float], None]) -> Prediction:
        """One forward pass."""
        on_progress(0.0)
        aspects = torch.tensor([video.source.width / video.source.height])
        with torch.inference_mode():
            seen = self._see(torch.from_numpy(video.frames), aspects)
            # The judge costs little, and half the precision would show in the points.
            outputs = self._network.judge(arrange(seen, aspects, torch.tensor([video.source.seconds])))
        on_progress(1.0)
        return _read(outputs, self._scale)

    def _see(self, frames: Tensor, aspects: Tensor) -> Seen:
        """As the network's eye has it, each core with frames of its own."""
        eye, wanted = self._network.eye, self._preprocessing

        def locate(part: Tensor) -> Located:
            with self._modes():
                return eye.locate(part, wanted)

        def look(part: tuple[Tensor, Tensor]) -> Looked:
            with self._modes():
                return eye.look(*part, wanted)

        located = joined(self._cores.map(locate, frames.chunk(self.threads)))
        chosen, windows = choose(located, aspects)
        squares = zip(frames.index_select(0, chosen).chunk(self.threads), windows.chunk(self.threads), strict=True)
        return completed(located, joined(self._cores.map(look, list(squares))), chosen)

    @contextmanager
    def _modes(self) -> Iterator[None]:
        # Each thread has modes of its own. In half the precision, as it was trained.
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self.precision == "bf16"):
            yield


def _has_bf16() -> bool:
    # Without instructions for it bfloat16 is emulated, far slower than single precision.
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def _fold_norms(network: FocusNetwork) -> None:
    """Fold each norm into the convolution before it, which spares a pass over every feature map."""
    for module in network.modules():
        if isinstance(module, nn.Sequential):
            for index, (first, second) in enumerate(pairwise(module)):
                if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                    module[index], module[index + 1] = fuse_conv_bn_eval(first, second), nn.Identity()


def _read(outputs: Outputs, scale: float) -> Prediction:
    chosen = {name: int(logits[0].argmax()) for name, logits in outputs.classes.items()}
    dive = name_dive(
        POSITIONS[chosen["position"]],
        bool(chosen["armstand"]),
        ROTATIONS[chosen["rotation"]],
        chosen["half_somersaults"],
        chosen["half_twists"],
    )
    probabilities = {
        name: [round(float(p), 4) for p in torch.softmax(logits[0], dim=0)] for name, logits in outputs.classes.items()
    }
    return Prediction(
        gate=float(torch.sigmoid(outputs.gate[0])),
        shares=tuple(scale * float(share) for share in outputs.shares[0]),
        spread=scale * float(torch.exp(outputs.log_spread[0])),
        difficulty=float(outputs.difficulty[0]),
        dive=dive,
        raw={
            "gate": float(outputs.gate[0]),
            "execution": float(outputs.execution[0]),
            "shares": [float(share) for share in outputs.shares[0]],
            "logSpread": float(outputs.log_spread[0]),
            "difficulty": float(outputs.difficulty[0]),
            "flaws": {name: round(float(amount), 4) for name, amount in zip(FLAWS, outputs.flaws[0], strict=True)},
            "classes": probabilities,
        },
    )
