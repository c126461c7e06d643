"""Which of several picture tracks is the film: not a still beside it, nor the small preview of a camera."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PictureTrack:
    """What is known of a picture track once its packets are counted; `seconds` from its first to its last picture."""

    index: int
    frames: int
    seconds: float
    pixels: int
    is_default: bool
    decodable: bool


def film_among(tracks: list[PictureTrack], min_frames: int) -> PictureTrack:
    """The track that a viewer takes for the film. `tracks`: at least one, none of them marked as an attached picture.

    One that can be decoded, is long enough and no preview of another; among these the one that is marked as default,
    then the one with clearly more frames, then the larger picture.
    """
    most = max(track.frames for track in tracks)
    films = [track for track in tracks if track.decodable and track.frames >= min_frames]
    longest = max((track.seconds for track in films), default=0.0)

    def worth(track: PictureTrack) -> tuple[bool, bool, bool, bool, int, int, int]:
        preview = any(2 * track.frames < other.frames and 2 * track.pixels < other.pixels for other in films)
        return (
            track in films,
            not preview and 2 * track.seconds >= longest,
            track.is_default,
            2 * track.frames > most,
            track.pixels,
            track.frames,
            -track.index,
        )

    return max(tracks, key=worth)
