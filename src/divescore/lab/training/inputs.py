"""What the shipped network sees of a picture: the whole at half the size, and the square about the diver.

On 8-bit pictures by OpenCV, for training; the worker, which does without OpenCV, makes the same of tensors.
"""

import cv2
import numpy as np

from divescore.lab.rendering.camera import Picture
from divescore.scoring.mini.pose import CROP_SIZE

GREY = 115
"""What lies outside of the picture: about nothing, once it is normalised."""


def half_size(picture: Picture) -> Picture:
    """A picture [H, W, 3] at half the size, each pixel the mean of four."""
    height, width = picture.shape[:2]
    return np.asarray(cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def square_crop(picture: Picture, x: float, y: float, reach: float, aspect: float) -> Picture:
    """The square [CROP_SIZE, CROP_SIZE, 3] about (x, y), shares of the picture, that reaches `reach` of its height.

    `aspect` is that of the film, which the picture may have squeezed. What lies outside is grey.
    """
    height, width = picture.shape[:2]
    across, down = CROP_SIZE / (2.0 * reach / aspect * width), CROP_SIZE / (2.0 * reach * height)
    # Pixel centres lie half a pixel in.
    matrix = np.array(
        [
            [across, 0.0, 0.5 * CROP_SIZE - across * (x * width - 0.5) - 0.5],
            [0.0, down, 0.5 * CROP_SIZE - down * (y * height - 0.5) - 0.5],
        ]
    )
    square = cv2.warpAffine(
        picture,
        matrix,
        (CROP_SIZE, CROP_SIZE),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(GREY, GREY, GREY),
    )
    return np.asarray(square, dtype=np.uint8)
