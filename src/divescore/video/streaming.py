"""Handing over every frame of a video in order, a chunk at a time. Runs in the decoder process; see `sandbox`.

Chunks lie in a few slots of shared memory, and decoding waits while none is free, so that memory does not grow with the
video. Frames are scaled exactly as OpenCV's bilinear `resize` does it when it makes a picture smaller, which is what
networks trained on such pictures have seen.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from divescore.video.colour import shown
from divescore.video.decoding import make_report, run_pass
from divescore.video.frames import DecodingReport, Frames
from divescore.video.limits import VideoLimits
from divescore.video.parts import Bytes
from divescore.video.selection import DecodingPlan, FrameSink
from divescore.video.walking import make_plan

HandOver = Callable[[int, int, float], None]
_ONE = 1 << 11
"""Weights of neighbouring pixels are integers that add up to this."""

Axis = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32], NDArray[np.int32]]


def decode_stream(
    descriptor: int,
    data: Bytes,
    container: str,
    slots: Frames,
    limits: VideoLimits,
    promise: Callable[[int], None],
    await_slot: Callable[[], None],
    hand_over: HandOver,
) -> DecodingReport:
    """Decode the file open at `descriptor`, whose bytes are `data`, into `slots`, uint8 RGB [S, N, H, W, 3] in turn.

    `promise` gets the number of frames that the file promises; `hand_over` a slot, how many of its frames are filled,
    and the share decoded, 0..1; `await_slot` returns when a further slot may be filled. Raises VideoRejected and
    MemoryError.
    """
    plan = replace(make_plan(descriptor, data, container, 2, limits), needed=None)
    promise(plan.packets)
    streamer = _FrameStreamer(slots, plan, limits, await_slot, hand_over)
    done = run_pass(descriptor, container, streamer, plan, limits, lambda _share: None)
    if done.backwards:
        plan, done.positions = (
            replace(plan, clocked=False),
            [float(number) for number in range(len(done.positions))],
        )
    return make_report(plan, done, limits)


class _FrameStreamer(FrameSink):
    """Fills slot after slot."""

    def __init__(
        self,
        slots: Frames,
        plan: DecodingPlan,
        limits: VideoLimits,
        await_slot: Callable[[], None],
        hand_over: HandOver,
    ) -> None:
        super().__init__(plan, limits)
        self._slots = slots
        self._await_slot = await_slot
        self._hand_over = hand_over
        self._slot = 0
        self._filled = 0

    def finish(self) -> None:
        """Hand over what is left."""
        if self._filled:
            self._hand_over(self._slot, self._filled, 1.0)

    def _keep(self, frame: VideoFrame, position: float) -> None:  # noqa: ARG002 - every frame is kept, wherever it lies
        if not self._filled:
            self._await_slot()
        height, width = self._slots.shape[2:4]
        whole = self._convert(frame, frame.width, frame.height, Interpolation.BILINEAR)
        upright = self._orientation(frame).upright(whole)
        self._slots[self._slot, self._filled] = shown(scaled(upright, width, height), frame)
        self._filled += 1
        if self._filled == self._slots.shape[1]:
            self._hand_over(self._slot, self._filled, self.share)
            self._slot, self._filled = (self._slot + 1) % len(self._slots), 0


def scaled(picture: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    """[H, W, 3] of uint8 or uint16 to [height, width, 3], bilinear between two pixels in fixed point, as OpenCV."""
    wide = np.int32 if picture.dtype == np.uint8 else np.int64
    left, right, from_left, from_right = _axis(picture.shape[1], width)
    above, below, from_above, from_below = _axis(picture.shape[0], height)

    def row(rows: NDArray[np.intp]) -> NDArray[np.signedinteger]:
        near: NDArray[np.signedinteger] = picture[rows[:, None], left].astype(wide)
        far: NDArray[np.signedinteger] = picture[rows[:, None], right].astype(wide)
        return np.right_shift(near * from_left[:, None] + far * from_right[:, None], 4)

    upper = np.right_shift(row(above) * from_above[:, None, None], 16)
    lower = np.right_shift(row(below) * from_below[:, None, None], 16)
    mixed: NDArray[Any] = np.right_shift(upper + lower + 2, 2).clip(0, np.iinfo(picture.dtype).max)
    return mixed.astype(picture.dtype)


@lru_cache(maxsize=8)
def _axis(before: int, after: int) -> Axis:
    """For each new pixel along an axis: its two old neighbours and their weights."""
    positions = ((np.arange(after) + 0.5) * (before / after) - 0.5).astype(np.float32)
    first = np.floor(positions).astype(np.intp)
    share = positions - first
    outside = (first < 0) | (first >= before - 1)
    first = np.clip(first, 0, before - 1)
    share[outside] = 0.0
    second = np.minimum(first + 1, before - 1)
    return first, second, np.rint((1 - share) * _ONE).astype(np.int32), np.rint(share * _ONE).astype(np.int32)
