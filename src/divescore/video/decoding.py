"""Decoding one open file into evenly spaced, small pictures. Runs in the decoder process; see `sandbox`.

The packets are walked first, without decoding: their times say where the pictures lie, so neither the header's frame
count nor its rate nor its duration is believed. One decoding pass then converts only the frames nearest to the wanted
times; of H.264 and HEVC it does not even decode the others, where nothing refers to them. When what decodes disagrees
with the packets (damage), a further pass looks at every frame and takes its times from what did decode.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.frames import DecodingReport, Frames
from divescore.video.limits import VideoLimits
from divescore.video.opening import DECODERS, open_video, set_up_decoder, unsupported
from divescore.video.selection import (
    DecodingPass,
    DecodingPlan,
    FrameSampler,
    FrameSink,
    check_length,
    check_size,
    exhausted,
)
from divescore.video.structure import Bytes, missing_share, picture_sizes, unread_share

ReportShare = Callable[[float], None]

_ONE_PACKET_A_FRAME = frozenset({"h264", "hevc"})
"""Codecs of which a packet is a frame, and whose unwanted frames need not be decoded where no other refers to them."""
_FALLBACK_RATE = 25.0
_SANE_RATE = (1.0, 240.0)
_PROGRESS_EVERY = 8
_DAMAGED = 0.15
"""Share of the film that may be missing or broken before the video counts as damaged."""
_NOTED = 0.03


def decode_samples(
    descriptor: int, data: Bytes, container: str, into: Frames, limits: VideoLimits, report_share: ReportShare
) -> DecodingReport:
    """Fill `into`, uint8 RGB [N, H, W, 3], from the file open at `descriptor`, whose bytes are `data`.

    `report_share` gets the share decoded, 0..1. Raises VideoRejected, and MemoryError.
    """
    plan = make_plan(descriptor, data, container, len(into), limits)
    done = run_pass(descriptor, container, FrameSampler(into, plan, limits), plan, limits, report_share)
    for _ in range(3):
        better = _corrected(plan, done)
        if better is None:
            break
        plan = better
        done = run_pass(descriptor, container, FrameSampler(into, plan, limits), plan, limits, report_share)
    return make_report(data, container, plan, done, limits)


def make_plan(descriptor: int, data: Bytes, container: str, count: int, limits: VideoLimits) -> DecodingPlan:
    """Where `count` frames lie that are spread evenly; nothing is decoded for it. Raises VideoRejected."""
    sizes = picture_sizes(data, container)
    if sizes == []:
        raise VideoRejected(RejectionCode.NO_VIDEO_STREAM, "The file holds no picture, only sound.")
    for width, height in sizes or []:
        check_size(width, height, limits)
    return _walk(descriptor, container, count, limits)


def _walk(descriptor: int, container: str, count: int, limits: VideoLimits) -> DecodingPlan:
    """Walk the packets. Raises VideoRejected for a film that is too long, before anything of it is decoded."""
    # With every decoder shut, FFmpeg's probing decodes nothing here, which it otherwise does, and takes its time.
    opened, stream = open_video(
        descriptor, container, limits, probesize="32", analyzeduration="0", fpsprobesize="0", codec_whitelist="none"
    )
    with opened:
        for other in opened.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        scale = stream.time_base or Fraction(1, 1000)
        promised = _promised(opened, stream)
        clocked = True
        stamps: list[int] = []
        try:
            for packet in opened.demux(stream):
                if not packet.size or packet.is_discard:
                    continue
                stamp = packet.pts if packet.pts is not None else packet.dts
                if stamp is None:
                    clocked = False
                stamps.append(stamp or 0)
                # Some packets show no picture, so the exact count is left to decoding.
                if len(stamps) > 2 * limits.max_frames:
                    break
        except av.FFmpegError as error:
            if exhausted(error):
                raise MemoryError(str(error)) from error
            # A damaged end: what was walked so far is what there is.
    if not stamps:
        if stream.codec_context is None or stream.codec_context.name not in DECODERS:
            raise unsupported(stream)
        raise VideoRejected(RejectionCode.DAMAGED, "No frame of the video can be read; export it again.")
    first, last = float(min(stamps) * scale), float(max(stamps) * scale)
    clocked = clocked and (last > first or len(stamps) == 1)
    check_length(last - first if clocked else 0.0, len(stamps) // 2, limits)
    if not clocked:
        first, last = 0.0, float(len(stamps) - 1)
    wanted = np.linspace(first, last, count)
    claimed = float(stream.average_rate or 0)
    return DecodingPlan(
        wanted=wanted.tolist(),
        clocked=clocked,
        packets=len(stamps),
        needed=_needed(stream, wanted, stamps, scale) if clocked else None,
        rate=claimed if _SANE_RATE[0] <= claimed <= _SANE_RATE[1] else _FALLBACK_RATE,
        promised=promised,
    )


def _needed(
    stream: VideoStream, wanted: NDArray[np.float64], stamps: list[int], scale: Fraction
) -> frozenset[int] | None:
    codec = stream.codec_context
    ordered = np.asarray(sorted(set(stamps)))
    if codec is None or codec.name not in _ONE_PACKET_A_FRAME or len(ordered) != len(stamps):
        return None
    times = ordered * float(scale)
    nearest = {int(ordered[np.abs(times - position).argmin()]) for position in wanted}
    return frozenset(nearest) if 2 * len(nearest) <= len(stamps) else None


def _promised(opened: InputContainer, stream: VideoStream) -> float | None:
    """Seconds that the header claims, by its duration or its count of frames."""
    claims = [0.0]
    if stream.duration and stream.time_base:
        claims.append(float(stream.duration * stream.time_base))
    elif opened.duration:
        claims.append(opened.duration / av.time_base)
    if stream.frames and stream.average_rate:
        claims.append(float(stream.frames / stream.average_rate))
    return max(claims) or None


def run_pass(
    descriptor: int, container: str, sink: FrameSink, plan: DecodingPlan, limits: VideoLimits, report_share: ReportShare
) -> DecodingPass:
    """Decode the file once, each frame handed to `sink`."""
    opened, stream = open_video(descriptor, container, limits)
    with opened:
        set_up_decoder(stream, limits)
        scale = stream.time_base or Fraction(1, 1000)
        done = sink.done
        failures = 0
        try:
            for packet in opened.demux(stream):
                if packet.pos is not None and packet.size:
                    done.read = max(done.read, packet.pos + packet.size)
                if plan.needed is not None:
                    stream.codec_context.skip_frame = "DEFAULT" if packet.pts in plan.needed else "NONREF"
                try:
                    frames = packet.decode()
                except av.FFmpegError as error:
                    if exhausted(error):
                        raise MemoryError(str(error)) from error
                    failures += 1
                    continue
                for frame in frames:
                    if isinstance(frame, VideoFrame):
                        sink.add(frame, float(frame.pts * scale) if frame.pts is not None else None)
                        if len(done.positions) % _PROGRESS_EVERY == 0:
                            report_share(sink.share)
        except av.FFmpegError as error:
            if exhausted(error):
                raise MemoryError(str(error)) from error
            failures += 1  # the demuxer gave up; what came before counts
        sink.finish()
    done.broken += failures
    return done


def _corrected(plan: DecodingPlan, done: DecodingPass) -> DecodingPlan | None:
    """A plan by the frames that did decode; None when the one at hand met them."""
    if plan.needed is not None and (done.broken or len(set(done.sampled)) < len(plan.needed)):
        # Something is damaged: only a look at every frame tells how much.
        return replace(plan, needed=None)
    if not done.positions:
        return None
    count = len(plan.wanted)
    if done.backwards:
        return replace(
            plan, wanted=np.linspace(0.0, len(done.positions) - 1.0, count).tolist(), clocked=False, needed=None
        )
    first, last = done.positions[0], done.positions[-1]
    step = (last - first) / max(len(done.positions) - 1, 1)
    if abs(first - plan.wanted[0]) <= step and abs(last - plan.wanted[-1]) <= step:
        return None
    return replace(plan, wanted=np.linspace(first, last, count).tolist(), needed=None)


def make_report(
    data: Bytes, container: str, plan: DecodingPlan, done: DecodingPass, limits: VideoLimits
) -> DecodingReport:
    """What was found. Raises VideoRejected for a film that is damaged or too short."""
    if not done.positions:
        raise VideoRejected(RejectionCode.DAMAGED, "No frame of the video can be decoded; export it again.")
    axis = np.asarray(done.positions) - done.positions[0]
    times = np.asarray(done.sampled) - done.positions[0]
    if not plan.clocked:
        axis, times = axis / plan.rate, times / plan.rate
    frames = len(axis) if plan.needed is None else plan.packets
    if plan.needed is not None:
        step = float(axis[-1]) / max(frames - 1, 1)
    elif frames > 1:
        step = float(np.sort(np.diff(axis))[(frames - 1) // 2])
    else:
        step = 1.0 / _FALLBACK_RATE
    seconds = float(axis[-1]) + step
    check_length(seconds - step, frames, limits)
    warnings = _damage(data, container, plan, done, seconds)
    if frames < limits.min_frames:
        raise VideoRejected(
            RejectionCode.TOO_SHORT,
            f"The video has {frames} frames; at least {limits.min_frames} are needed to see a dive.",
        )
    return DecodingReport(done.width, done.height, frames, round(seconds, 3), times.tolist(), warnings)


def _damage(data: Bytes, container: str, plan: DecodingPlan, done: DecodingPass, seconds: float) -> list[str]:
    """What is missing or broken, in words. Raises VideoRejected when it is too much."""
    # A header's duration alone proves nothing; bytes beyond the end of the file, or unread at its end, do.
    missing = max(missing_share(data, container), unread_share(data, container, done.read))
    if plan.promised is not None:
        missing = min(missing, max(0.0, 1.0 - seconds / plan.promised))
    warnings: list[str] = []
    lost = missing / (1.0 - missing) * seconds if missing < 1 else math.inf
    if missing > _DAMAGED:
        raise VideoRejected(
            RejectionCode.DAMAGED,
            f"Only {seconds:.1f} of about {seconds + lost:.1f} seconds can be decoded; the video is cut off or "
            "damaged. Upload the whole file.",
        )
    if missing > _NOTED:
        warnings.append(f"The last {lost:.1f} seconds of the video could not be decoded.")
    total = max(plan.packets, len(done.positions))
    if done.broken > _DAMAGED * total:
        raise VideoRejected(
            RejectionCode.DAMAGED,
            f"Of {total} frames, {done.broken} are broken; the video is damaged. Export or upload it again.",
        )
    if done.broken > _NOTED * total:
        warnings.append(f"Of the {total} frames of the video, {done.broken} are broken.")
    return warnings
