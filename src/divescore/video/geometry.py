"""How a picture is shown: its pixels may lie turned or mirrored in the file, and a display matrix puts them right.

The matrix, of ISO/IEC 14496-12 `tkhd` (and what FFmpeg makes of Matroska's projection and of JPEG's Exif orientation),
sends the stored point (x, y) to (a*x + c*y, b*x + d*y); x grows to the right and y downwards.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame
from numpy.typing import NDArray

_FIRST_TWO_ROWS = struct.Struct("=5i")


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways in which a picture may lie: axes swapped first, then each mirrored or not."""

    swapped: bool = False
    left_right: bool = False
    upside_down: bool = False

    def shown(self, width: int, height: int) -> tuple[int, int]:
        """Width and height as shown, of pixels stored as `width` x `height`; the same the other way round."""
        return (height, width) if self.swapped else (width, height)

    def upright(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """[H, W, C] as it lies in the file to [H, W, C] as it is shown; a view."""
        if self.swapped:
            pixels = pixels.transpose(1, 0, 2)
        return pixels[:: -1 if self.upside_down else 1, :: -1 if self.left_right else 1]


AS_STORED = Orientation()


def _unnamed(kind: type[Type], value: object) -> Type:
    """A member for a kind of side data that PyAV has no name for, such as Exif or the eye of spatial video.

    Without one, PyAV raises for every frame that carries such a thing, whatever is asked of it.
    """
    member: Any = object.__new__(kind)
    member._name_, member._value_ = f"UNNAMED_{value}", value
    return cast(Type, member)


Type._missing_ = classmethod(_unnamed)  # type: ignore[assignment]


def orientation_of(frame: VideoFrame) -> Orientation:
    """How `frame` is shown, to the nearest quarter turn."""
    matrix = cast("Mapping[Type, SideData]", frame.side_data).get(Type.DISPLAYMATRIX)
    if matrix is None:
        return AS_STORED
    a, b, _, c, d = _FIRST_TWO_ROWS.unpack_from(bytes(matrix))
    return orientation_by(a, b, c, d)


def orientation_by(a: int, b: int, c: int, d: int) -> Orientation:
    """The way that is nearest to a matrix of any scale and angle."""
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, left_right=c < 0, upside_down=b < 0)
    return Orientation(False, left_right=a < 0, upside_down=d < 0)
