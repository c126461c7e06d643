"""Which films a common browser plays: today's Chrome, Edge, Firefox and Safari, all of them."""

from divescore.containers import Container

_PLAYED = {
    Container.MP4: frozenset({"h264", "vp9", "libdav1d"}),
    Container.MOV: frozenset({"h264"}),
    Container.WEBM: frozenset({"vp8", "vp9", "libdav1d"}),
}
"""Codecs, by FFmpeg's names of their decoders. Matroska and 3GP are played by some only, AVI and MPEG-TS by none."""

_EIGHT_BITS_420 = frozenset({"yuv420p", "yuvj420p"})


def plays_in_browsers(container: Container, codec: str, pixel_format: str) -> bool:
    """Whether they play a film of this kind. Sound is not looked at: a film without its sound still shows the dive."""
    return codec in _PLAYED.get(container, frozenset()) and pixel_format in _EIGHT_BITS_420
