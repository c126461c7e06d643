"""The shipped model: frames spread evenly over the video, then one forward pass."""

import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from divescore.dives import name_dive
from divescore.result import Runtime
from divescore.scoring.architectures import CheckGate, Inference, Prediction
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import Manifest
from divescore.scoring.mini.adaptation import Adaptation
from divescore.scoring.mini.aspects import aspects_of, seen_height
from divescore.scoring.mini.calibration import Calibration
from divescore.scoring.mini.compiled import compile_parts
from divescore.scoring.mini.evidence import SIGNS
from divescore.scoring.mini.localisation import Localisation
from divescore.scoring.mini.naming import name_of
from divescore.scoring.mini.network import MiniNetwork, choose_crops, has_skeletons
from divescore.scoring.mini.pose import CropPose, FramePose, combine, concatenate
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.sight import Sight, see
from divescore.scoring.mini.skeleton import skeleton_frames, tight_boxes
from divescore.scoring.mini.temporal import FLAWS, POSITIONS, ROTATIONS
from divescore.scoring.mini.thread_pool import PinnedThreadPool
from divescore.video.limits import VideoLimits
from divescore.video.progress import OnProgress
from divescore.video.sampling import Framing, SampledVideo, sample_frames


class MiniModel:
    """`mini-focus`, loaded: a fixed number of frames of a video, in one go."""

    warnings: tuple[str, ...] = ()

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._preprocessing = manifest.preprocessing_as(Preprocessing)
        self._scale = manifest.execution_scale
        self._calibration = manifest.calibration_as(Calibration)
        if self._calibration is not None and not self._calibration.fits():
            raise WeightsInvalid(f"{folder} was calibrated for other signs; calibrate it again.")
        self._adaptation = manifest.adaptation_as(Adaptation)
        tensors = {name: tensor for file in manifest.files for name, tensor in load_file(folder / file.name).items()}
        self._network = MiniNetwork(skeletons=has_skeletons(tensors))
        # Assigned tensors stay views of the mapped files: nothing is copied until a page is touched.
        self._network.load_state_dict(tensors, assign=True)
        compile_parts(self._network.eval().pose)
        # Each of the cores has frames of its own; torch's threads would only wait for one another.
        threads = torch.get_num_threads()
        self._threads = PinnedThreadPool(threads)
        torch.set_num_threads(1)
        # In single precision on every processor: half of it is faster where there are instructions for it, but moves
        # scores by most of a point.
        self.runtime = Runtime(precision="fp32", threads=threads, torch=torch.__version__)

    def infer(self, path: Path, limits: VideoLimits, on_progress: OnProgress, check_gate: CheckGate) -> Inference:
        """Sample the video evenly and predict."""
        wanted = self._preprocessing
        started = time.perf_counter()
        video = sample_frames(path, wanted.frames, (wanted.width, wanted.height), limits, on_progress, framed=True)
        decoded = time.perf_counter()
        on_progress("scoring", 0.0)
        prediction = self.predict(video)
        if self._adaptation is not None:
            prediction = self._adaptation.adapted(prediction)
        on_progress("scoring", 1.0)
        inferred = time.perf_counter()
        check_gate(prediction.gate)
        return Inference(video, prediction, {"decode": decoded - started, "infer": inferred - decoded})

    def predict(self, video: SampledVideo) -> Prediction:
        """One forward pass."""
        framing = video.framing
        with torch.inference_mode():
            pose, skeletons = self._estimate_pose(torch.from_numpy(video.frames), torch.tensor([framing.aspect]))
        sight = see(pose, skeletons, self._network.temporal, framing.aspect, framing.end - framing.start, video.times)
        return _read(sight, self._scale, self._calibration, framing)

    def _estimate_pose(self, frames: Tensor, aspects: Tensor) -> tuple[FramePose, FramePose | None]:
        """Pose and skeletons as the network's pose model sees them, each core with frames of its own."""
        model, wanted, threads = self._network.pose, self._preprocessing, self._threads

        # Each thread has modes of its own.
        def localise(part: Tensor) -> Localisation:
            with torch.inference_mode():
                return model.localise(part, wanted)

        def estimate(part: tuple[Tensor, Tensor]) -> CropPose:
            with torch.inference_mode():
                return model.estimate(*part, wanted)

        def estimate_skeletons(part: tuple[Tensor, Tensor]) -> CropPose | None:
            with torch.inference_mode():
                return model.estimate_skeletons(*part, wanted)

        def parts(chosen: Tensor, boxes: Tensor) -> list[tuple[Tensor, Tensor]]:
            pictures = frames.index_select(0, chosen)
            return list(zip(pictures.chunk(threads.count), boxes.chunk(threads.count), strict=True))

        localisation = concatenate(threads.map(localise, frames.chunk(threads.count)))
        chosen, boxes = choose_crops(localisation, aspects)
        pose = combine(localisation, concatenate(threads.map(estimate, parts(chosen, boxes))), chosen)
        flying = skeleton_frames(localisation, len(aspects))
        seen = threads.map(estimate_skeletons, parts(flying, tight_boxes(localisation, flying, aspects)))
        skeletons = [part for part in seen if part is not None]
        return pose, combine(localisation, concatenate(skeletons), flying) if skeletons else None


def _read(sight: Sight, scale: float, calibration: Calibration | None, framing: Framing) -> Prediction:
    outputs = sight.outputs
    execution = scale * sight.execution
    evidence = aspects = height = sureness = None
    spread = float(torch.exp(outputs.log_spread[0]))
    if calibration is None:
        chosen = {name: int(logits[0].argmax()) for name, logits in outputs.classes.items()}
        dive = name_dive(
            POSITIONS[chosen["position"]],
            bool(chosen["armstand"]),
            ROTATIONS[chosen["rotation"]],
            chosen["half_somersaults"],
            chosen["half_twists"],
        )
    else:
        named = name_of(sight, calibration)
        dive, sureness = named.dive, round(named.sureness, 4)
        evidence, spread = round(calibration.weight(sight), 4), calibration.spread(sight)
        aspects = aspects_of(sight, evidence, execution, calibration, framing.start, framing.end)
        height = seen_height(sight, calibration, evidence)
    return Prediction(
        gate=float(torch.sigmoid(outputs.gate[0])),
        shares=tuple(scale * float(share) for share in outputs.shares[0]),
        spread=scale * spread,
        difficulty=float(outputs.difficulty[0]),
        dive=dive,
        sureness=sureness,
        evidence=evidence,
        height=height,
        aspects=aspects,
        raw={
            "gate": float(outputs.gate[0]),
            "execution": float(outputs.execution[0]),
            "shares": [float(share) for share in outputs.shares[0]],
            "logSpread": float(outputs.log_spread[0]),
            "difficulty": float(outputs.difficulty[0]),
            "flaws": {flaw: round(float(amount), 4) for flaw, amount in zip(FLAWS, sight.flaws, strict=True)},
            "classes": {head: [round(float(p), 4) for p in chances] for head, chances in sight.classes.items()},
            "signs": {sign: round(float(value), 4) for sign, value in zip(SIGNS, sight.signs, strict=True)},
            "positions": [round(float(chance), 4) for chance in sight.positions],
            "turns": [[round(float(p), 4) for p in row] for row in sight.turns.likelihood.sum(axis=1)],
        },
    )
