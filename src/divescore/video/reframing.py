"""The passes that leave out of a film what is no picture: a look for its exact bounds, then sampling within them.

The first, ordinary pass has sampled the film as it is. Only where its samples show a border or an end in which nothing
moves, the film is decoded again, so that any other costs nothing and stays as it is to the bit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from divescore.video.frames import Frames
from divescore.video.framing import (
    SHORTEST,
    Activity,
    Borders,
    Greys,
    activity,
    begins,
    block_means,
    borders,
    ends,
    perhaps_bordered,
    span,
    uniform,
)
from divescore.video.limits import VideoLimits
from divescore.video.selection import DecodingPass, DecodingPlan, FrameSampler, FrameSink, nearest_stamps

RunPass = Callable[[FrameSink, DecodingPlan], DecodingPass]
"""Decodes the film once for a sink, by a plan."""
Window = tuple[float, float]
"""Positions between which the film begins, or ends."""

_LOOKED_AT = 16
"""Frames that borders are measured in."""
_LONGER_SIDE = 640
"""Pixels of these at most."""
_COARSE = 4
"""Every so many of these pixels are enough to see whether a picture has one colour."""


@dataclass(frozen=True)
class Reframed:
    """What was sampled instead: positions of the samples, bounds of the film that they are spread over, shape."""

    sampled: list[float]
    start: float
    end: float
    width: int
    height: int
    """Of the part of the picture that was sampled, pixels as shown."""


def reframe(
    into: Frames, plan: DecodingPlan, done: DecodingPass, limits: VideoLimits, run_pass: RunPass
) -> Reframed | None:
    """Sample anew `into` the array where what was sampled there shows borders or still ends; None where it does not."""
    if not plan.clocked or len(done.positions) < 2:
        return None
    greys = np.ascontiguousarray(into[..., 1])
    moving = activity(greys)
    if moving is None:
        return None
    front, back = _windows(moving, done.sampled)
    if front is None and back is None and not perhaps_bordered(greys):
        return None
    scan = _Scan(_looking(plan, front, back), limits, front, back)
    run_pass(scan, scan.plan)
    first, last = done.positions[0], done.positions[-1]
    start = first if front is None else scan.begin(moving.noise)
    end = last if back is None else scan.end(moving.noise)
    cut = span(first, last, start, end)
    outside = borders(scan.greys)
    if cut is None and not outside:
        return None
    start, end = cut or (first, last)
    wanted = np.linspace(start, end, len(plan.wanted)).tolist()
    needed = None if plan.stamps is None else nearest_stamps(plan.stamps, plan.scale, wanted)
    sampler = _CroppingSampler(into, replace(plan, wanted=wanted, needed=needed), limits, outside)
    again = run_pass(sampler, sampler.plan)
    return Reframed(again.sampled, start, end, *sampler.picture)


def _windows(moving: Activity, sampled: list[float]) -> tuple[Window | None, Window | None]:
    """Between which positions the film begins and ends, where these are not its own ends or as good as that."""
    front = back = None
    if moving.first > 0 and sampled[moving.first + 1] - sampled[0] >= SHORTEST:
        front = sampled[moving.first - 1], sampled[moving.first + 1]
    if moving.last < len(sampled) - 1 and sampled[-1] - sampled[moving.last - 1] >= SHORTEST:
        back = sampled[moving.last - 1], sampled[moving.last + 1]
    return front, back


def _looking(plan: DecodingPlan, *windows: Window | None) -> DecodingPlan:
    """A plan to see all frames in the windows, and some of the rest."""
    wanted = np.linspace(plan.wanted[0], plan.wanted[-1], _LOOKED_AT).tolist()
    if plan.stamps is None:
        return replace(plan, wanted=wanted, needed=None)
    times = plan.stamps * plan.scale
    near = [stamp for w in windows if w is not None for stamp in plan.stamps[(times >= w[0]) & (times <= w[1])]]
    return replace(plan, wanted=wanted, needed=nearest_stamps(plan.stamps, plan.scale, wanted) | {int(s) for s in near})


class _Window:
    """What the frames within a window look like, not the frames themselves."""

    def __init__(self, bounds: Window) -> None:
        self._bounds = bounds
        self.positions: list[float] = []
        self._means: list[NDArray[np.float32]] = []
        self._blank: list[bool] = []

    def holds(self, position: float) -> bool:
        return self._bounds[0] <= position <= self._bounds[1]

    def add(self, grey: Greys, position: float) -> None:
        self.positions.append(position)
        self._means.append(block_means(grey)[0])
        self._blank.append(bool(uniform(grey[:, ::_COARSE, ::_COARSE])[0]))

    @property
    def looks(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        return np.stack(self._means), np.array(self._blank)


class _Scan(FrameSink):
    """Looks at the frames in two windows, and at a few spread over the film, in grey."""

    def __init__(self, plan: DecodingPlan, limits: VideoLimits, front: Window | None, back: Window | None) -> None:
        super().__init__(plan, limits)
        self.plan = plan
        self._front, self._back = _Window(front) if front else None, _Window(back) if back else None
        self._kept: list[Greys] = []

    @property
    def greys(self) -> Greys:
        """The few, as they lie in the file."""
        return np.stack(self._kept)

    def begin(self, noise: float) -> float:
        """Position of the frame at which the film begins; `noise` is that of its stills."""
        window = cast("_Window", self._front)
        return window.positions[begins(*window.looks, noise)]

    def end(self, noise: float) -> float:
        """Position of the frame at which the film ends."""
        window = cast("_Window", self._back)
        return window.positions[ends(*window.looks, noise)]

    def finish(self) -> None:
        """Nothing is left to do."""

    def _keep(self, frame: VideoFrame, position: float) -> None:
        windows = [window for window in (self._front, self._back) if window is not None and window.holds(position)]
        spread = len(self._kept) < len(self.plan.wanted) and position >= self.plan.wanted[len(self._kept)]
        if not windows and not spread:
            return
        smaller = min(1.0, _LONGER_SIDE / max(frame.width, frame.height))
        size = max(round(smaller * frame.width), 1), max(round(smaller * frame.height), 1)
        # Single pixels, since a mean would blur the edge of a border.
        grey = self._reformatted(frame, *size, Interpolation.POINT, "gray")
        for window in windows:
            window.add(grey[None], position)
        if spread:
            self._kept.append(grey)


class _CroppingSampler(FrameSampler):
    """Samples what lies within the borders."""

    def __init__(self, into: Frames, plan: DecodingPlan, limits: VideoLimits, outside: Borders) -> None:
        super().__init__(into, plan, limits)
        self.plan = plan
        self.picture = (1, 1)
        """Width and height of what is left, as shown."""
        self._outside = outside
        self._crop: Graph | None = None

    def _shrink(self, frame: VideoFrame, height: int, width: int) -> Frames:
        left = self._within(frame) if self._outside else frame
        small = super()._shrink(left, height, width)
        self.picture = self.done.width, self.done.height
        return small

    def _within(self, frame: VideoFrame) -> VideoFrame:
        if self._crop is None:
            self._crop = _crop(frame, self._outside)
        self._crop.push(frame)
        return cast("VideoFrame", self._crop.pull())


def _crop(frame: VideoFrame, outside: Borders) -> Graph:
    """A filter that cuts the borders off frames like this one, by whole pairs of pixels: colours may lie in pairs."""
    left, top = (
        2 * -int(-share * size // 2) for share, size in ((outside.left, frame.width), (outside.top, frame.height))
    )
    right = 2 * int((1.0 - outside.right) * frame.width // 2)
    bottom = 2 * int((1.0 - outside.bottom) * frame.height // 2)
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    crop = graph.add("crop", f"w={right - left}:h={bottom - top}:x={left}:y={top}")
    sink = graph.add("buffersink")
    source.link_to(crop)
    crop.link_to(sink)
    graph.configure()
    return graph
