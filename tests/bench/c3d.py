"""The published network here and as it is published: time, memory and exactness, in one run.

    python -m tests.bench.c3d --checkpoints DIR [--weights DIR] --video FILE [--rounds 4] [--part warm] > c3d.json

Every way of scoring lives in a process of its own; rounds take them in turn, so that whatever else the machine does
hits all alike. Parts: warm (with the classifier), isa (the same under narrower instructions, as other processors have),
cold (a fresh process to its first score), length (memory by the length of the video). Ratios are to the published way
in the same round; `plain` is PyTorch's own fp32 without anything of ours but the streaming.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

WAYS = ("published", "plain", "fp32", "winograd", "bf16", "int8", "int8+bf16", "chosen")
NARROWER = ("AVX512_CORE_VNNI", "AVX2")
REFERENCE = Path(__file__).parents[3] / "shared" / "parity" / "reference.json"
COLD_WAYS = ("published", "fp32", "chosen")
LENGTHS = (100, 1800)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="The folder imported from them; imported anew if not given.")
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--part", action="append", choices=["warm", "isa", "cold", "length"])
    parser.add_argument("--way", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        serve(given.way, given.checkpoints, given.weights)
        return
    with tempfile.TemporaryDirectory(prefix="c3d-bench-") as scratch:
        weights = given.weights or imported(given.checkpoints, Path(scratch) / "weights")
        parts: dict[str, Callable[[], Any]] = {
            "warm": lambda: warm(WAYS, given.checkpoints, weights, given.video, given.rounds),
            "isa": lambda: {
                isa: warm(
                    ("plain", "fp32", "winograd", "int8", "chosen"),
                    given.checkpoints,
                    weights,
                    given.video,
                    given.rounds,
                    isa=isa,
                )
                for isa in NARROWER
            },
            "cold": lambda: cold(given.checkpoints, weights, given.video, given.rounds),
            "length": lambda: length(given.checkpoints, weights, given.video, Path(scratch)),
        }
        report: dict[str, Any] = {"machine": machine(), "load": [os.getloadavg()]}
        for name in given.part or parts:
            report[name] = parts[name]()
            report["load"].append(os.getloadavg())
        json.dump(report, sys.stdout, indent=2)
        print()  # noqa: T201 - the report is the output


def machine() -> dict[str, Any]:
    """What matters of the processor."""
    import torch

    flags = torch.cpu.get_capabilities()
    names = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
    return {
        "cpu": flags.get("cpu_name"),
        "cores": len(os.sched_getaffinity(0)),
        "flags": [name for name in names if flags.get(name)],
        "torch": torch.__version__,
    }


def imported(checkpoints: Path, out: Path) -> Path:
    """A weights folder of them."""
    from divescore.scoring.weights.importing import import_weights

    import_weights(checkpoints, out)
    return out


class Process:
    """A way of scoring in a process of its own."""

    def __init__(self, way: str, checkpoints: Path, weights: Path, isa: str | None = None) -> None:
        command = [sys.executable, "-m", "tests.bench.c3d", "--way", way, "--checkpoints", str(checkpoints)]
        environment = dict(os.environ) | ({"ONEDNN_MAX_CPU_ISA": isa} if isa else {})
        self._process = subprocess.Popen(
            [*command, "--weights", str(weights), "--video", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def score(self, video: Path) -> dict[str, Any]:
        """Score once; seconds, the answer, and the most memory so far."""
        self._in.write(f"{video}\n")
        self._in.flush()
        line = self._out.readline()
        if not line:
            raise RuntimeError("a way of scoring ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        self._in.close()
        self._process.wait()

    @property
    def _in(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _out(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout


def serve(way: str, checkpoints: Path, weights: Path) -> None:
    """Score each video named on standard input."""
    from divescore.video.sandbox import sandbox

    run: Callable[[Path], dict[str, Any]] | None = None
    for line in sys.stdin:
        started, busy = time.perf_counter(), time.process_time()
        run = run or prepared(way, checkpoints, weights)
        answer = run(Path(line.strip()))
        answer["seconds"] = time.perf_counter() - started
        answer["processorSeconds"] = time.process_time() - busy  # without the decoder's
        answer["peakMb"] = most_resident_mb() + (0 if way == "published" else sandbox().peak_bytes() / 2**20)
        print(json.dumps(answer), flush=True)  # noqa: T201 - that is how it answers


def most_resident_mb() -> float:
    """Most memory that this process had resident; of its decoder's, which is a process of its own, nothing."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell how much memory was used")


def prepared(way: str, checkpoints: Path, weights: Path) -> Callable[[Path], dict[str, Any]]:
    """A function that scores by that way."""
    if way == "published":
        from tests.bench import published

        def as_published(video: Path) -> dict[str, Any]:
            answer = published.score(video, checkpoints)
            return {"regressor": answer.regressor, "sport": answer.sport}

        return as_published
    if way == "chosen":
        from divescore.worker.model import load_scorer

        scorer = load_scorer(weights)  # as the worker does it
    else:
        from divescore.scoring.c3d.engine import Precision
        from divescore.scoring.c3d.model import C3dModel
        from divescore.scoring.manifest import read_manifest
        from divescore.scoring.scorer import Scorer

        if way == "plain":
            unpacked()
        manifest = read_manifest(weights)
        scorer = Scorer(manifest, C3dModel(weights, manifest, Precision("fp32" if way == "plain" else way)))

    def ours(video: Path) -> dict[str, Any]:
        scored = scorer.score(video, gate=False)
        return {
            "regressor": scored.raw["score"],
            "sport": scored.raw["sport"],
            "precision": scored.result.runtime.precision,
            "difference": scored.result.runtime.difference,
            "timings": scored.result.timings,
            "warnings": [warning for warning in scored.result.warnings if "built-in" in warning],
        }

    return ours


def unpacked() -> None:
    """Let convolutions be PyTorch's own."""
    import torch
    from torch import Tensor
    from torch.nn import functional

    from divescore.scoring.c3d import engine

    def layer(
        weight: Tensor, bias: Tensor, size: list[int], dtype: torch.dtype, padding: Sequence[int] = (1, 1, 1)
    ) -> Callable[[Tensor], Tensor]:
        own = weight.to(dtype).contiguous(memory_format=torch.channels_last_3d)
        return lambda x: functional.relu(functional.conv3d(x, own, bias.to(dtype), padding=tuple(padding)))

    engine.packed_layer = layer


def warm(
    ways: tuple[str, ...], checkpoints: Path, weights: Path, video: Path, rounds: int, isa: str | None = None
) -> dict[str, Any]:
    """Each way in turn, its first score left out."""
    int8 = (weights / "score-trunk-int8.safetensors").exists()
    processes = {
        way: Process(way, checkpoints, weights, isa)
        for way in ways
        if (int8 or not way.startswith("int8")) and (bf16() or not way.endswith("bf16"))
    }
    answers: dict[str, list[dict[str, Any]]] = {way: [] for way in processes}
    try:
        for process in processes.values():
            process.score(video)
        for _ in range(rounds):
            for way, process in processes.items():
                answers[way].append(process.score(video))
    finally:
        for process in processes.values():
            process.close()
    return summary(answers, "published" if "published" in answers else "plain")


def bf16() -> bool:
    """Whether the processor's kernels know bf16."""
    from divescore.scoring.c3d.engine import Precision, supported

    return Precision.BF16 in supported()


def cold(checkpoints: Path, weights: Path, video: Path, rounds: int) -> dict[str, Any]:
    """From a fresh process to its first score."""
    answers: dict[str, list[dict[str, Any]]] = {way: [] for way in COLD_WAYS}
    for _ in range(rounds):
        for way in COLD_WAYS:
            started = time.perf_counter()
            process = Process(way, checkpoints, weights)
            answer = process.score(video)
            answers[way].append({**answer, "seconds": time.perf_counter() - started})
            process.close()
    return summary(answers, "published")


def summary(answers: dict[str, list[dict[str, Any]]], yardstick: str) -> dict[str, Any]:
    """Medians, ratios round by round, and how far each answer is from the reference."""
    exact = json.loads(REFERENCE.read_text(encoding="utf-8")) if REFERENCE.exists() else {}
    report: dict[str, Any] = {}
    for way, rounds in answers.items():
        seconds = [answer["seconds"] for answer in rounds]
        ratios = [base["seconds"] / own for base, own in zip(answers[yardstick], seconds, strict=True)]
        last = rounds[-1]
        report[way] = {
            "seconds": round(statistics.median(seconds), 3),
            f"timesAsFastAs_{yardstick}": round(statistics.median(ratios), 2),
            "processorSeconds": round(statistics.median(answer["processorSeconds"] for answer in rounds), 3),
            "from": round(min(ratios), 2),
            "to": round(max(ratios), 2),
            "peakMb": round(last["peakMb"]),
            "peakShare": round(last["peakMb"] / answers[yardstick][-1]["peakMb"], 2),
            **{key: last[key] for key in ("precision", "difference", "timings", "warnings") if key in last},
        }
        if exact:
            wanted = exact["regressor_output"]
            report[way]["relativeError"] = float(f"{abs(last['regressor'] - wanted) / abs(wanted):.2e}")
            report[way]["sameSport"] = last["sport"] == exact["gate_class_sports1m"]
    return report


def length(checkpoints: Path, weights: Path, video: Path, scratch: Path) -> dict[str, Any]:
    """Most memory for a short and a long video, each in a process of its own."""
    report: dict[str, Any] = {}
    for frames in LENGTHS:
        process = Process("chosen", checkpoints, weights)
        answer = process.score(repeated(video, frames, scratch / f"{frames}.avi"))
        process.close()
        report[str(frames)] = {"peakMb": round(answer["peakMb"]), "seconds": round(answer["seconds"], 2)}
    report["growthMb"] = report[str(LENGTHS[1])]["peakMb"] - report[str(LENGTHS[0])]["peakMb"]
    return report


def repeated(video: Path, frames: int, out: Path) -> Path:
    """`video` again and again until it has so many frames."""
    import cv2

    capture = cv2.VideoCapture(str(video))
    pictures = []
    while (read := capture.read())[0]:
        pictures.append(read[1])
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(out), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 30.0, (width, height))
    for index in range(frames):
        writer.write(pictures[index % len(pictures)])
    writer.release()
    return out


if __name__ == "__main__":
    main()
