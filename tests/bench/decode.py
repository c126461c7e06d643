"""Decoding side by side: this project (in and out of its sandbox), OpenCV, PyAV and torchcodec.

    python -m tests.bench.decode [FILE...] [--rounds 8]

Prints one JSON document. Every round runs each contender once, in a turning order; a ratio is the median over the
rounds of (contender / yardstick) within the same round, so that other work on the machine weighs on both alike.
Without FILE: the real clip where it lies beside the checkout, and ten seconds of 1080p H.264 and MPEG-4, made here.
"""

import argparse
import json
import mmap
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from divescore.containers import Container, sniff
from divescore.video.decoding import decode_samples
from divescore.video.limits import VideoLimits
from divescore.video.progress import silent
from divescore.video.sandbox import sandbox

COUNT, WIDTH, HEIGHT = 96, 171, 128
REAL = Path(__file__).parents[3] / "shared" / "clips" / "real-dive-84.15.avi"

Contender = Callable[[Path, list[int]], object]


def divescore(path: Path, _wanted: list[int]) -> object:
    """What a dive costs: decoding in the sandbox, frames handed over."""
    with path.open("rb") as file:
        container = sniff(file.read(64))
        assert isinstance(container, Container)
        return sandbox().sample(file.fileno(), container, COUNT, (WIDTH, HEIGHT), VideoLimits(), silent)


def divescore_uncontained(path: Path, _wanted: list[int]) -> object:
    """The same decoding in this process."""
    into = np.empty((COUNT, HEIGHT, WIDTH, 3), dtype=np.uint8)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        container = sniff(data[:64])
        assert isinstance(container, Container)
        return decode_samples(file.fileno(), data, container, into, VideoLimits(), lambda _share: None)


def opencv(path: Path, wanted: list[int]) -> object:
    """Bare OpenCV: grab every frame, retrieve and scale the wanted ones."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    places, index, pictures = set(wanted), 0, []
    while capture.grab():
        if index in places:
            _, picture = capture.retrieve()
            pictures.append(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
        index += 1
    return np.stack(pictures)


def pyav(path: Path, wanted: list[int]) -> object:
    """Bare PyAV: decode every frame, scale and convert the wanted ones in one step."""
    converter, places, pictures = VideoReformatter(), set(wanted), []
    with av.open(str(path)) as opened:
        stream = opened.streams.video[0]
        stream.thread_type = "AUTO"
        for index, frame in enumerate(opened.decode(stream)):
            if index in places:
                small = converter.reformat(frame, width=WIDTH, height=HEIGHT, format="rgb24", interpolation="AREA")
                pictures.append(small.to_ndarray())
    return np.stack(pictures)


def torchcodec(path: Path, wanted: list[int]) -> object:
    """Bare torchcodec: the wanted frames by number, scaled by its decoder."""
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize

    transforms = [Resize((HEIGHT, WIDTH))]
    opened = VideoDecoder(str(path), seek_mode="approximate", num_ffmpeg_threads=0, transforms=transforms)
    return opened.get_frames_at(wanted).data


CONTENDERS: dict[str, Contender] = {
    "divescore": divescore,
    "divescore_uncontained": divescore_uncontained,
    "opencv": opencv,
    "pyav": pyav,
    "torchcodec": torchcodec,
}


def film(path: Path, codec: str, seconds: int = 10) -> Path:
    """1080p at 30 frames a second: a moving gradient under grain, so that there is something to decode."""
    grain = np.random.default_rng(1).integers(0, 24, (1080 + 64, 1920 + 64), dtype=np.uint8)
    slope = np.add.outer(np.arange(1080), np.arange(1920)) // 16
    with av.open(str(path), "w") as opened:
        stream = opened.add_stream(codec, rate=30)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 1920, 1080, "yuv420p", 8_000_000
        if codec == "libx264":
            stream.options = {"preset": "veryfast"}
        for index in range(30 * seconds):
            shift = index % 64
            luma = ((slope + 3 * index) % 200 + grain[shift : shift + 1080, shift : shift + 1920]).astype(np.uint8)
            picture = np.concatenate([luma, np.full((540, 1920), 120 + index % 16, dtype=np.uint8)])
            opened.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        opened.mux(stream.encode())
    return path


def measure(path: Path, rounds: int) -> dict[str, Any]:
    """Milliseconds of every contender on one file, and the ratios that matter."""
    with av.open(str(path)) as opened:
        total = sum(1 for _ in opened.decode(video=0))
    wanted = np.linspace(0, total - 1, COUNT).round().astype(int).tolist()
    spent: dict[str, list[float]] = {}
    absent: dict[str, str] = {}
    for name, contender in CONTENDERS.items():
        try:
            contender(path, wanted)
            spent[name] = []
        except (ImportError, OSError, RuntimeError) as error:
            absent[name] = str(error).splitlines()[0][:200]
    names = list(spent)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            started = time.perf_counter()
            CONTENDERS[name](path, wanted)
            spent[name].append(time.perf_counter() - started)
    libraries = [name for name in names if not name.startswith("divescore")]
    best = min(libraries, key=lambda name: statistics.median(spent[name]))

    def ratio(name: str, yardstick: str) -> float:
        pairs = zip(spent[name], spent[yardstick], strict=True)
        return round(statistics.median(one / other for one, other in pairs), 3)

    extra = [one - other for one, other in zip(spent["divescore"], spent["divescore_uncontained"], strict=True)]
    return {
        "file": path.name,
        "frames": total,
        "ms": {name: round(1000 * statistics.median(times), 1) for name, times in spent.items()},
        "fastest_ms": {name: round(1000 * min(times), 1) for name, times in spent.items()},
        "best_library": best,
        "ratio_to_opencv": {name: ratio(name, "opencv") for name in names},
        "ratio_to_best_library": {name: ratio(name, best) for name in names},
        "containment_ms": {
            "median_of_rounds": round(1000 * statistics.median(extra), 1),
            "of_fastest": round(1000 * (min(spent["divescore"]) - min(spent["divescore_uncontained"])), 1),
        },
        "absent": absent,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = arguments.files or [
            *([REAL] if REAL.exists() else []),
            film(Path(folder) / "h264-1080p.mp4", "libx264"),
            film(Path(folder) / "mpeg4-1080p.mp4", "mpeg4"),
        ]
        results = [measure(path, max(arguments.rounds, 4)) for path in files]
    document = {
        "task": f"{COUNT} frames spread evenly, scaled to {WIDTH}x{HEIGHT}",
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "rounds": max(arguments.rounds, 4),
        "versions": {"av": av.__version__, "cv2": cv2.__version__, "python": sys.version.split()[0]},
        "results": results,
    }
    print(json.dumps(document, indent=2))  # noqa: T201 - the product


if __name__ == "__main__":
    main()
