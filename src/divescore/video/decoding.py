"""Decoding one open file into evenly spaced, small pictures. Runs in the decoder process; see `sandbox`.

The packets are walked first, without decoding: their times say where the pictures lie, so neither the header's frame
count nor its rate nor its duration is believed. One decoding pass then converts only the frames nearest to the wanted
times; the others it does not even decode where nothing refers to them: never in some codecs, now and then in H.264 and
HEVC. When what decodes disagrees with the packets (damage), a further pass looks at every frame and takes its times
from what did decode.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
from av.video.frame import VideoFrame

from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.frames import DecodingReport, Frames
from divescore.video.limits import VideoLimits
from divescore.video.opening import open_video, set_up_decoder
from divescore.video.parts import Bytes
from divescore.video.reframing import Reframed, reframe
from divescore.video.selection import (
    DecodingPass,
    DecodingPlan,
    FrameSampler,
    FrameSink,
    check_length,
    exhausted,
    seconds_of,
    stamp_of,
)
from divescore.video.walking import make_plan

ReportShare = Callable[[float], None]

_FALLBACK_RATE = 25.0
_PROGRESS_EVERY = 8
_DAMAGED = 0.15
"""Share of the film that may be missing or broken before the video counts as damaged."""
_NOTED = 0.03


def decode_samples(
    descriptor: int,
    data: Bytes,
    container: str,
    into: Frames,
    limits: VideoLimits,
    report_share: ReportShare,
    framed: bool = False,
) -> DecodingReport:
    """Fill `into`, uint8 RGB [N, H, W, 3], from the file open at `descriptor`, whose bytes are `data`.

    `framed` leaves out borders that never change, and ends in which nothing moves. `report_share` gets the share
    decoded, 0..1. Raises VideoRejected, and MemoryError.
    """
    plan = make_plan(descriptor, data, container, len(into), limits)
    done = run_pass(descriptor, container, FrameSampler(into, plan, limits), plan, limits, report_share)
    for _ in range(3):
        better = _corrected(plan, done)
        if better is None:
            break
        plan = better
        done = run_pass(descriptor, container, FrameSampler(into, plan, limits), plan, limits, report_share)
    report = make_report(plan, done, limits)
    if not framed:
        return report
    again = reframe(
        into, plan, done, limits, lambda sink, by: run_pass(descriptor, container, sink, by, limits, report_share)
    )
    return report if again is None else _reframed(report, done, again)


def _reframed(report: DecodingReport, done: DecodingPass, again: Reframed) -> DecodingReport:
    """The report on a film of which only a part was sampled in the end."""
    first, last = done.positions[0], done.positions[-1]
    start, cut = round(again.start - first, 3), last - again.end
    return replace(
        report,
        times=(np.asarray(again.sampled) - first).tolist(),
        start=start,
        end=round(report.seconds - cut, 3),
        aspect=again.width / again.height,
    )


def run_pass(
    descriptor: int, container: str, sink: FrameSink, plan: DecodingPlan, limits: VideoLimits, report_share: ReportShare
) -> DecodingPass:
    """Decode the file once, each frame handed to `sink`."""
    opened, streams = open_video(descriptor, container, limits)
    with opened:
        stream = next((stream for stream in streams if stream.index == plan.track), streams[0])
        for other in opened.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        set_up_decoder(stream, limits)
        scale = stream.time_base or Fraction(1, 1000)
        done = sink.done
        failures = 0
        try:
            for packet in opened.demux(stream):
                if plan.needed is not None:
                    wanted = stamp_of(packet) in plan.needed
                    if plan.self_contained and packet.size and not wanted:
                        continue
                    stream.codec_context.skip_frame = "DEFAULT" if wanted else "NONREF"
                try:
                    frames = packet.decode()
                except av.FFmpegError as error:
                    if exhausted(error):
                        raise MemoryError(str(error)) from error
                    failures += 1
                    continue
                for frame in frames:
                    if isinstance(frame, VideoFrame):
                        sink.add(frame, seconds_of(frame.pts, scale) if frame.pts is not None else None)
                        if len(done.positions) % _PROGRESS_EVERY == 0:
                            report_share(sink.share)
        except av.FFmpegError as error:
            if exhausted(error):
                raise MemoryError(str(error)) from error
            failures += 1  # the demuxer gave up; what came before counts
        done.codec, done.pixel_format = stream.codec_context.name, stream.codec_context.pix_fmt or ""
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


def make_report(plan: DecodingPlan, done: DecodingPass, limits: VideoLimits) -> DecodingReport:
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
    warnings = _damage(plan, done, seconds)
    if frames < limits.min_frames:
        raise VideoRejected(
            RejectionCode.TOO_SHORT,
            f"The video has {frames} frames; at least {limits.min_frames} are needed to see a dive.",
        )
    return DecodingReport(
        width=done.width,
        height=done.height,
        frames=frames,
        seconds=round(seconds, 3),
        times=times.tolist(),
        warnings=warnings,
        codec=done.codec,
        pixel_format=done.pixel_format,
        start=0.0,
        end=round(seconds, 3),
        aspect=done.width / done.height,
    )


def _damage(plan: DecodingPlan, done: DecodingPass, seconds: float) -> list[str]:
    """What is missing or broken, in words. Raises VideoRejected when it is too much."""
    missing = plan.missing
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
