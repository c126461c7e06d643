"""Walking the packets of an open file without decoding: which track is the film, and where its pictures lie.

Neither the header's frame count nor its rate nor its duration is believed. Runs in the decoder process.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from divescore.containers import Container
from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.limits import VideoLimits
from divescore.video.opening import DECODERS, open_video, unsupported
from divescore.video.parts import Bytes, Structure, too_many_tracks
from divescore.video.selection import (
    DecodingPlan,
    check_length,
    check_size,
    exhausted,
    nearest_stamps,
    seconds_of,
    stamp_of,
)
from divescore.video.structure import read_structure, unread_share
from divescore.video.tracks import PictureTrack, film_among

_ONE_PACKET_A_FRAME = frozenset({"h264", "hevc"})
"""Codecs of which a packet is a frame, and whose unwanted frames need not be decoded where no other refers to them."""
_SELF_CONTAINED = frozenset({"mjpeg", "prores", "dnxhd", "dvvideo", "rawvideo", "png", "huffyuv", "ffvhuff", "utvideo"})
"""Codecs of which no frame refers to another, so that a packet is a frame that can be left out."""
_FALLBACK_RATE = 25.0
_SANE_RATE = (1.0, 240.0)
_UNPROBED = {"analyzeduration": "0", "fpsprobesize": "0", "codec_whitelist": "none"}
"""With every decoder shut, FFmpeg's probing decodes nothing, which it otherwise does, and takes its time."""
_REACHES_SECONDS = 0.5
"""A track that ends this much before the promised end, or later, has reached it."""


@dataclass
class _Walked:
    """The packets of one picture track: their stamps, and whether all had one."""

    stream: VideoStream
    stamps: list[int] = field(default_factory=list)
    clocked: bool = True

    @property
    def scale(self) -> Fraction:
        return self.stream.time_base or Fraction(1, 1000)

    @property
    def codec(self) -> str:
        return self.stream.codec_context.name if self.stream.codec_context is not None else ""

    @property
    def span(self) -> tuple[float, float]:
        """Seconds of the first and the last picture."""
        stamps, scale = self.stamps, self.scale
        return (seconds_of(min(stamps), scale), seconds_of(max(stamps), scale)) if stamps else (0, 0)

    def add(self, packet: "Packet[Any]") -> None:
        stamp = stamp_of(packet)
        self.clocked = self.clocked and stamp is not None
        self.stamps.append(stamp or 0)

    def described(self) -> PictureTrack:
        stream, codec = self.stream, self.stream.codec_context
        first, last = self.span
        return PictureTrack(
            index=stream.index,
            frames=len(self.stamps),
            seconds=last - first,
            pixels=codec.width * codec.height if codec is not None else 0,
            is_default=bool(stream.disposition & av.stream.Disposition.default),
            decodable=codec is not None and codec.name in DECODERS,
        )


@dataclass
class _Ends:
    """How far the file was read: the last byte of any track's packets, and the last stamp of each track."""

    byte: int = 0
    stamps: dict[int, int] = field(default_factory=dict)

    def add(self, packet: "Packet[Any]") -> None:
        if packet.pos is not None and packet.size:
            self.byte = max(self.byte, packet.pos + packet.size)
        if packet.pts is not None:
            index = packet.stream_index
            self.stamps[index] = max(self.stamps.get(index, 0), packet.pts + (packet.duration or 0))

    def second(self, opened: InputContainer) -> float:
        """The last second of any track."""
        scales = ((stamp, opened.streams[index].time_base) for index, stamp in self.stamps.items())
        return max((seconds_of(stamp, scale) for stamp, scale in scales if scale is not None), default=0.0)


def make_plan(descriptor: int, data: Bytes, container: str, count: int, limits: VideoLimits) -> DecodingPlan:
    """Where `count` frames lie that are spread evenly; nothing is decoded for it. Raises VideoRejected."""
    structure = read_structure(data, container)
    if structure.sizes == []:
        raise VideoRejected(RejectionCode.NO_VIDEO_STREAM, "The file holds no picture, only sound.")
    if structure.sizes:
        # A still beside the film may be larger than any film.
        check_size(*min(structure.sizes, key=lambda size: size[0] * size[1]), limits)
    try:
        return _walk(descriptor, data, container, structure, count, limits)
    except MemoryError as error:
        # No picture has been decoded yet, so it is the file's tables that take it.
        raise too_many_tracks() from error


def _walk(
    descriptor: int, data: Bytes, container: str, structure: Structure, count: int, limits: VideoLimits
) -> DecodingPlan:
    """Walk the packets. Raises VideoRejected for a film that is too long, before anything of it is decoded."""
    in_index = Container(container).demuxer == "mov"
    # Transport streams have no header: the tracks are found in the first packets.
    probed = str(1 << 20) if container == Container.TS else "32"
    opened, streams = open_video(descriptor, container, limits, probesize=probed, **_UNPROBED)
    with opened:
        walked = {stream.index: _Walked(stream) for stream in streams}
        ends = _Ends()
        if in_index:
            for other in opened.streams:
                if other.index not in walked:
                    other.discard = av.stream.Discard.all
        _read_packets(opened, walked, ends, limits)
        track = film_among([each.described() for each in walked.values()], limits.min_frames)
        film = walked[track.index]
        if not film.stamps:
            if not track.decodable:
                raise unsupported(film.stream)
            raise VideoRejected(RejectionCode.DAMAGED, "No frame of the video can be read; export it again.")
        missing = (
            _unreadable_share(film.stream, len(data))
            if in_index and structure.promised > len(data)
            else 0.0
            if in_index
            else _cut_off_share(opened, film, data, container, structure, ends)
        )
        return _plan(film, count, container, missing, limits)


def _read_packets(opened: InputContainer, walked: dict[int, _Walked], ends: _Ends, limits: VideoLimits) -> None:
    # Some packets show no picture, so the exact count is left to decoding.
    most, taken = 2 * limits.max_frames * len(walked), 0
    try:
        for packet in opened.demux():
            if not packet.size or packet.is_discard:
                continue
            ends.add(packet)
            if packet.stream_index in walked:
                walked[packet.stream_index].add(packet)
                taken += 1
                if taken > most:
                    break
    except av.FFmpegError as error:
        if exhausted(error):
            raise MemoryError(str(error)) from error
        # A damaged end: what was walked so far is what there is.


def _plan(film: _Walked, count: int, container: str, missing: float, limits: VideoLimits) -> DecodingPlan:
    stream, stamps = film.stream, film.stamps
    first, last = film.span
    clocked = film.clocked and (last > first or len(stamps) == 1)
    check_length(last - first if clocked else 0.0, len(stamps) // 2, limits)
    if not clocked:
        first, last = 0.0, float(len(stamps) - 1)
    wanted = np.linspace(first, last, count)
    claimed = float(stream.average_rate or 0)
    # In a transport stream a packet may be half a frame of interlaced film, or several frames.
    skips = clocked and container != Container.TS
    ordered = _skippable(film) if skips else None
    self_contained = film.codec in _SELF_CONTAINED
    needed = None if ordered is None else nearest_stamps(ordered, float(film.scale), wanted.tolist())
    if needed is not None and not self_contained and 2 * len(needed) > len(stamps):
        needed = None
    return DecodingPlan(
        wanted=wanted.tolist(),
        clocked=clocked,
        track=stream.index,
        packets=len(stamps),
        needed=needed,
        rate=claimed if _SANE_RATE[0] <= claimed <= _SANE_RATE[1] else _FALLBACK_RATE,
        missing=missing,
        stamps=ordered if needed is not None else None,
        scale=float(film.scale),
        self_contained=self_contained,
    )


def _skippable(film: _Walked) -> NDArray[np.int64] | None:
    """The stamps in order, where packets of the film may be left undecoded."""
    ordered = np.asarray(sorted(set(film.stamps)), dtype=np.int64)
    unique = len(ordered) == len(film.stamps)
    return ordered if film.codec in _ONE_PACKET_A_FRAME | _SELF_CONTAINED and unique else None


def _unreadable_share(stream: VideoStream, length: int) -> float:
    """Share of the pictures in the index that do not lie wholly within a file of `length` bytes."""
    entries = stream.index_entries
    total = len(entries)
    return sum(entry.pos + entry.size > length for entry in entries) / total if total else 0.0


def _cut_off_share(
    opened: InputContainer, film: _Walked, data: Bytes, container: str, structure: Structure, ends: _Ends
) -> float:
    """Share of the film that is missing at the file's end.

    A promised time alone proves nothing; bytes beyond the end of the file, or unread at its end, do, where the picture
    ends before its own promised time too. Only the container's promise is known for some: it holds for its longest
    track, so none may have reached it.
    """
    missing = max(structure.missing_share(len(data)), unread_share(data, container, ends.byte))
    if not missing:
        return 0.0
    first, last = film.span
    seconds = (last - first) * (1 + 1 / max(len(film.stamps) - 1, 1))
    own = _promised_by_track(film.stream)
    if own is not None:
        return min(missing, max(0.0, 1.0 - seconds / own))
    whole = opened.duration / av.time_base if opened.duration else None
    if whole is None:
        return missing
    return 0.0 if ends.second(opened) + _REACHES_SECONDS >= whole else min(missing, max(0.0, 1.0 - seconds / whole))


def _promised_by_track(stream: VideoStream) -> float | None:
    """Seconds that the header claims of the picture itself, by its duration or its count of frames."""
    claims = [0.0]
    if stream.duration and stream.time_base:
        claims.append(float(stream.duration * stream.time_base))
    if stream.frames and stream.average_rate:
        claims.append(float(stream.frames / stream.average_rate))
    return max(claims) or None
