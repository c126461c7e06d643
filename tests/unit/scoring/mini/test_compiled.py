"""The parts that ONNX Runtime runs: what torch says of the same pictures, on any thread, and nobody is told of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from divescore.scoring.mini.compiled import GRAPHS, PICTURES_AT_A_TIME, CompiledPart, compile_parts
from divescore.scoring.mini.localisation import Localisation, Localiser
from divescore.scoring.mini.network import PoseModel
from divescore.scoring.mini.pose import CROP_SIZE, CropPose, PoseEstimator
from divescore.scoring.mini.skeleton import SkeletonEstimator

PARTS = {
    "localiser": (Localiser, Localisation, (48, 64)),
    "estimator": (PoseEstimator, CropPose, (CROP_SIZE, CROP_SIZE)),
    "skeleton": (SkeletonEstimator, CropPose, (CROP_SIZE, CROP_SIZE)),
}


def trained(kind: type[nn.Module]) -> nn.Module:
    """A part at random, whose norms have seen something."""
    torch.manual_seed(3)
    part = kind().train()
    with torch.no_grad():
        for module in part.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0.0, 0.2)
        for _ in range(3):
            size = PARTS[next(name for name, entry in PARTS.items() if entry[0] is kind)][2]
            part(torch.randn(8, 3, *size))
    return part.eval()


def pictures(count: int, size: tuple[int, int], last: bool = False) -> Tensor:
    drawn = torch.randn(count, 3, *size, generator=torch.Generator().manual_seed(count))
    return drawn.contiguous(memory_format=torch.channels_last) if last else drawn


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("count", [1, PICTURES_AT_A_TIME, 2 * PICTURES_AT_A_TIME + 3])
@pytest.mark.parametrize("last", [False, True])
def test_a_compiled_part_says_what_the_part_says(name: str, count: int, last: bool) -> None:
    kind, answer, size = PARTS[name]
    part = trained(kind)
    shown = pictures(count, size, last)

    with torch.inference_mode():
        expected, found = part(shown), CompiledPart(name, part, answer)(shown)

    for field in fields(answer):
        ours, theirs = getattr(found, field.name), getattr(expected, field.name)
        assert ours.shape == theirs.shape
        assert ours.dtype == torch.float32
        assert torch.allclose(ours, theirs, atol=2e-4, rtol=2e-4), field.name


@pytest.mark.parametrize("size", [(8, 8), (12, 20), (24, 40), (96, 128)])
def test_the_localiser_takes_other_sizes(size: tuple[int, int]) -> None:
    part = trained(Localiser)
    shown = pictures(3, size)

    with torch.inference_mode():
        expected, found = part(shown), CompiledPart("localiser", part, Localisation)(shown)

    for field in fields(Localisation):
        assert torch.allclose(getattr(found, field.name), getattr(expected, field.name), atol=2e-4), field.name


def test_the_part_itself_stays_as_it_is() -> None:
    part = trained(PoseEstimator)
    before = {name: tensor.clone() for name, tensor in part.state_dict().items()}

    CompiledPart("estimator", part, CropPose)

    assert part.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in part.state_dict().items())


def test_threads_share_a_part() -> None:
    part = CompiledPart("skeleton", trained(SkeletonEstimator), CropPose)
    shown = [pictures(count, (CROP_SIZE, CROP_SIZE)) for count in range(1, 9)]
    expected = [part(some).values for some in shown]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda some: part(some).values, shown * 5))

    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, expected * 5, strict=True))


def test_weights_of_another_shape_are_refused() -> None:
    part = PoseEstimator().eval()
    part.values = nn.Linear(PoseEstimator.FEATURES + 1, PoseEstimator.VALUES)

    with pytest.raises(Exception, match="dimensions do not match"):
        CompiledPart("estimator", part, CropPose)


@pytest.mark.parametrize("skeletons", [False, True])
def test_every_part_of_a_network_is_compiled(skeletons: bool) -> None:
    pose = PoseModel(skeletons).eval()

    compile_parts(pose)

    assert isinstance(pose.localiser, CompiledPart)
    assert isinstance(pose.estimator, CompiledPart)
    assert isinstance(pose.skeleton, CompiledPart) is skeletons


def test_the_graphs_hold_no_weights() -> None:
    found = {path.stem: path.stat().st_size for path in GRAPHS.iterdir()}

    assert found.keys() == PARTS.keys()
    assert max(found.values()) < 30_000


def test_the_runtime_reports_to_nobody() -> None:
    """Its builds since 1.29 for Linux send what is run to their maker, unless an environment variable forbids it."""
    libraries = list((Path(onnxruntime.__file__).parent / "capi").glob("onnxruntime_pybind11_state*"))

    assert libraries
    for library in libraries:
        content = library.read_bytes()
        assert b"OneCollector" not in content
        assert b"ORT_DISABLE_TELEMETRY" not in content
