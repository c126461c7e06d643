"""The shipped model: frames spread evenly over the video, then one forward pass."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from divescore.dives import name_dive
from divescore.result import Runtime
from divescore.scoring.architectures import CheckGate, Inference, Prediction
from divescore.scoring.manifest import Manifest
from divescore.scoring.mini.features import assemble_features
from divescore.scoring.mini.localisation import Localisation
from divescore.scoring.mini.network import MiniNetwork, choose_crops
from divescore.scoring.mini.pose import CropPose, FramePose, combine, concatenate
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import FLAWS, POSITIONS, ROTATIONS, Outputs
from divescore.scoring.mini.thread_pool import PinnedThreadPool
from divescore.video.limits import VideoLimits
from divescore.video.progress import OnProgress
from divescore.video.sampling import SampledVideo, sample_frames


class MiniModel:
    """`mini-focus`, loaded: a fixed number of frames of a video, in one go."""

    warnings: tuple[str, ...] = ()

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._preprocessing = manifest.preprocessing_as(Preprocessing)
        self._scale = manifest.execution_scale
        self._network = MiniNetwork()
        tensors = {name: tensor for file in manifest.files for name, tensor in load_file(folder / file.name).items()}
        # Assigned tensors stay views of the mapped files: nothing is copied until a page is touched.
        self._network.load_state_dict(tensors, assign=True)
        _fold_norms(self._network.eval())
        self._halved = _has_bf16()
        if self._halved:
            self._network.pose.to(torch.bfloat16)
        # Each of the cores has frames of its own; torch's threads would only wait for one another.
        threads = torch.get_num_threads()
        self._threads = PinnedThreadPool(threads)
        torch.set_num_threads(1)
        self.runtime = Runtime(precision="bf16" if self._halved else "fp32", threads=threads, torch=torch.__version__)

    def infer(self, path: Path, limits: VideoLimits, on_progress: OnProgress, check_gate: CheckGate) -> Inference:
        """Sample the video evenly and predict."""
        wanted = self._preprocessing
        started = time.perf_counter()
        video = sample_frames(path, wanted.frames, (wanted.width, wanted.height), limits, on_progress)
        decoded = time.perf_counter()
        on_progress("scoring", 0.0)
        prediction = self.predict(video)
        on_progress("scoring", 1.0)
        inferred = time.perf_counter()
        check_gate(prediction.gate)
        return Inference(video, prediction, {"decode": decoded - started, "infer": inferred - decoded})

    def predict(self, video: SampledVideo) -> Prediction:
        """One forward pass."""
        aspects = torch.tensor([video.source.width / video.source.height])
        with torch.inference_mode():
            pose = self._estimate_pose(torch.from_numpy(video.frames), aspects)
            # The temporal model costs little, and half the precision would show in the points.
            features = assemble_features(pose, aspects, torch.tensor([video.source.seconds]))
            outputs = self._network.temporal(features)
        return _read(outputs, self._scale)

    def _estimate_pose(self, frames: Tensor, aspects: Tensor) -> FramePose:
        """As the network's pose model does it, each core with frames of its own."""
        model, wanted, threads = self._network.pose, self._preprocessing, self._threads

        def localise(part: Tensor) -> Localisation:
            with self._modes():
                return model.localise(part, wanted)

        def estimate(part: tuple[Tensor, Tensor]) -> CropPose:
            with self._modes():
                return model.estimate(*part, wanted)

        localisation = concatenate(threads.map(localise, frames.chunk(threads.count)))
        chosen, boxes = choose_crops(localisation, aspects)
        crops = zip(frames.index_select(0, chosen).chunk(threads.count), boxes.chunk(threads.count), strict=True)
        return combine(localisation, concatenate(threads.map(estimate, list(crops))), chosen)

    @contextmanager
    def _modes(self) -> Iterator[None]:
        # Each thread has modes of its own. In half the precision, as it was trained.
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self._halved):
            yield


def _has_bf16() -> bool:
    # Without instructions for it bfloat16 is emulated, far slower than single precision.
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def _fold_norms(network: MiniNetwork) -> None:
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
