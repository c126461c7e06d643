"""Clips to calibrate on, none of which a training sees: the renderer's own, the same in guises, and a second style.

A guise is what uploading does to a film: another codec, rate or pace, no colours, another cut. Each kind of clip has
seeds of its own.
"""

import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.lab.datasets.dataset import ClipShape, encode_frame
from divescore.lab.datasets.frame_labels import FRAME_LABELS
from divescore.lab.datasets.labels import LABELS, dive_labels
from divescore.lab.datasets.rendered import NEGATIVE_SHARE, Clip
from divescore.lab.evaluation.second_style import SECOND_STYLE_NEGATIVES, SecondStyleDive
from divescore.lab.rendering.dive import RenderedDive
from divescore.lab.rendering.negatives import NEGATIVES, Film, build_negative
from divescore.lab.rendering.random_dives import random_rendered_dive

Pictures = NDArray[np.uint8]
_QUALITY = 95
_ENLARGED = 1.5
_STREAM = 13


@dataclass(frozen=True)
class ShownClip:
    """Pictures [T, H, W, 3] of a film and the seconds that they span."""

    pictures: Pictures
    seconds: float


def _recoded(lowest: int, highest: int) -> Callable[[ShownClip, np.random.Generator], ShownClip]:
    return lambda shown, rng: replace(shown, pictures=recoded(shown.pictures, int(rng.integers(lowest, highest))))


def _each(
    change: Callable[[Pictures], NDArray[np.floating[Any]]],
) -> Callable[[ShownClip, np.random.Generator], ShownClip]:
    return lambda shown, _: replace(shown, pictures=np.clip(change(shown.pictures), 0, 255).astype(np.uint8))


def _grey(pictures: Pictures) -> NDArray[np.floating[Any]]:
    return np.repeat((pictures @ np.array([0.299, 0.587, 0.114]))[..., None], 3, axis=3)


def _cut(shown: ShownClip, rng: np.random.Generator) -> ShownClip:
    height, width = shown.pictures.shape[1:3]
    top, left = (int(rng.uniform(0.0, 0.1) * size) for size in (height, width))
    part = shown.pictures[:, top : top + round(0.9 * height), left : left + round(0.9 * width)]
    return replace(shown, pictures=np.stack([cv2.resize(picture, (width, height)) for picture in part]))


def _jerky(shown: ShownClip, _: np.random.Generator) -> ShownClip:
    count = len(shown.pictures)
    frames = max(round(15.0 * shown.seconds), 2)
    kept = np.round(np.round(np.linspace(0, frames - 1, count)) * (count - 1) / (frames - 1)).astype(int)
    return replace(shown, pictures=shown.pictures[kept])


PICTURE_GUISES: dict[str, Callable[[ShownClip, np.random.Generator], ShownClip]] = {
    "codec": _recoded(18, 37),
    "mirrored": _each(lambda pictures: pictures[:, :, ::-1].astype(np.float64)),
    "grey": _each(_grey),
    "bright": _each(lambda pictures: 1.25 * (pictures.astype(np.float64) - 128.0) + 150.0),
    "limited range": _each(lambda pictures: 16.0 + pictures * (219.0 / 255.0)),
    "cut": _cut,
    "jerky": _jerky,
    "slow": lambda shown, _: replace(shown, seconds=2.0 * shown.seconds),
    "slower": lambda shown, _: replace(shown, seconds=4.0 * shown.seconds),
}
"""What may be done to a film without changing the dive."""


def recoded(pictures: Pictures, quality: int) -> Pictures:
    """Pictures uint8 RGB [T, H, W, 3] after H.264 of a constant rate factor `quality`, 18 good to 40 bad."""
    count, height, width = pictures.shape[:3]
    held = io.BytesIO()
    with av.open(held, "w", format="matroska") as output:
        stream = output.add_stream("libx264", rate=Fraction(25), options={"crf": str(quality), "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width // 2 * 2, height // 2 * 2, "yuv420p"
        for picture in pictures:
            shown = np.ascontiguousarray(picture[: stream.height, : stream.width])
            output.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        output.mux(stream.encode())
    held.seek(0)
    with av.open(held, "r") as source:
        decoded = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
    if len(decoded) != count:
        raise ValueError(f"{len(decoded)} of {count} pictures came back from the codec")
    return np.stack(decoded).astype(np.uint8)


def guised_clip(seed: int, shape: ClipShape) -> Clip:
    """The first style's dive of a seed in the guise of that seed."""
    rng = np.random.default_rng([seed, _STREAM])
    film = random_rendered_dive(seed)
    return _clip_of(film, sorted(PICTURE_GUISES)[seed % len(PICTURE_GUISES)], rng, shape)


def second_style_clip(seed: int, shape: ClipShape) -> Clip:
    """The clip of a seed in the second style, once through a codec; one in four is no dive."""
    rng = np.random.default_rng([seed, _STREAM, 1])
    film: Film
    if rng.random() < NEGATIVE_SHARE:
        film = SECOND_STYLE_NEGATIVES[int(rng.integers(len(SECOND_STYLE_NEGATIVES)))](seed)
    else:
        film = SecondStyleDive(seed)
    return _clip_of(film, "codec", rng, shape)


def foreign_clip(seed: int, shape: ClipShape) -> Clip:
    """A film of a seed that is no dive, of either style, noise among them."""
    rng = np.random.default_rng([seed, _STREAM, 2])
    kinds = [kind for kind in sorted(NEGATIVES) if kind != "cut-off"]
    choice = int(rng.integers(len(kinds) + len(SECOND_STYLE_NEGATIVES)))
    film: Film = (
        build_negative(kinds[choice], seed)
        if choice < len(kinds)
        else SECOND_STYLE_NEGATIVES[choice - len(kinds)](seed)
    )
    return _clip_of(film, "codec", rng, shape)


def _clip_of(film: Film, guise: str, rng: np.random.Generator, shape: ClipShape) -> Clip:
    start = float(rng.uniform(0.0, min(0.35, 0.1 * film.seconds)))
    end = film.seconds - float(rng.uniform(0.02, min(0.4, 0.15 * film.seconds)))
    aspect = float(rng.choice([4 / 3, 16 / 9]))
    height = round(_ENLARGED * shape.height)
    moments = [float(moment) for moment in np.linspace(start, end, shape.frames)]
    drawn = np.stack([film.frame(moment, round(height * aspect) // 2 * 2, height) for moment in moments])
    shown = PICTURE_GUISES[guise](ShownClip(drawn, end - start), rng)
    frames = [encode_frame(picture, shape, _QUALITY) for picture in shown.pictures]
    labels = np.zeros(len(LABELS), dtype=np.float32)
    if isinstance(film, RenderedDive | SecondStyleDive):
        truth = film.truth
        labels = dive_labels(truth.dive, truth.execution, truth.difficulty, asdict(truth.flaws))
    unlabelled = np.zeros((shape.frames, len(FRAME_LABELS)), dtype=np.float32)
    return Clip(frames, labels, unlabelled, aspect, shown.seconds)
