"""A strip of sampled frames as one small JPEG, which travels inside the result."""

import base64

import cv2
import numpy as np

from divescore.scoring.result import Strip
from divescore.video.sampling import SampledVideo

FRAMES = 6
WIDTH = 96
MAX_CHARACTERS = 16_000
_HEIGHTS = (54, 128)
_QUALITIES = (80, 70, 60, 50, 40, 30, 20, 10, 5)


def make_strip(video: SampledVideo) -> Strip:
    """`FRAMES` frames spread over the video, side by side, at the best quality within `MAX_CHARACTERS` of base64."""
    height = min(max(round(WIDTH * video.source.height / video.source.width), _HEIGHTS[0]), _HEIGHTS[1])
    chosen = np.linspace(0, len(video.frames) - 1, FRAMES).round().astype(int)
    row = np.hstack([cv2.resize(video.frames[i], (WIDTH, height), interpolation=cv2.INTER_AREA) for i in chosen])
    data = ""
    for quality in _QUALITIES:
        encoded, jpeg = cv2.imencode(".jpg", row[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not encoded:
            raise RuntimeError("OpenCV did not encode the strip of frames")
        data = base64.b64encode(jpeg.tobytes()).decode("ascii")
        if len(data) <= MAX_CHARACTERS:
            break
    return Strip(
        frames=FRAMES, width=WIDTH, height=height, times=[round(float(video.times[i]), 2) for i in chosen], data=data
    )
