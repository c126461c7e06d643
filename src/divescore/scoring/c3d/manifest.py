"""What a manifest says of C3D-AVG beside its files: how frames reach it, how large it is, what it answers to a test."""

from typing import Annotated, Literal

from pydantic import Field

from divescore.scoring.c3d.network import HIDDEN, SPORTS, WIDTH, C3dShape
from divescore.scoring.manifest import ManifestPart

SCORE_TRUNK, SCORE_HEAD = "score-trunk.safetensors", "score-head.safetensors"
GATE_TRUNK, GATE_HEAD = "gate-trunk.safetensors", "gate-head.safetensors"
SCORE_ROUNDED, GATE_ROUNDED = "score-trunk-int8.safetensors", "gate-trunk-int8.safetensors"

SCALE = 17.0
"""Points that one unit of the regressor's output is worth: published, the spread of the scores it was trained on."""


class C3dPreprocessing(ManifestPart):
    """Frames scaled to `width` x `height`, a square of 112 cut from the middle, (x / 255 - mean) / std."""

    width: Annotated[int, Field(ge=112)] = 171
    height: Annotated[int, Field(ge=112)] = 128
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    padding: Literal["published", "corrected"] = "published"
    """What fills the last clip.

    published: grey (zeros after normalisation), and a video of a multiple of 16 frames gets a whole clip of it, which
    counts in the average like any other. corrected: the last frame is repeated, and no clip is added.
    """
    max_frames: Annotated[int, Field(ge=16)] = 3000
    """Longer videos are turned away: every frame is looked at, and an attempt's time is limited."""


class C3dCheck(ManifestPart):
    """What exact arithmetic answers to the built-in clip."""

    score: float
    sport: int | None = None


class C3dNetwork(ManifestPart):
    """Size of the network and which of its parts are there."""

    width: Annotated[int, Field(ge=1)] = WIDTH
    hidden: Annotated[int, Field(ge=1)] = HIDDEN
    sports: Annotated[int, Field(ge=1)] = SPORTS
    classes: bool = False
    """Whether it names the dive."""
    gate: bool = False
    """Whether the Sports-1M classifier is there, which turns away what is no dive."""
    diving: Annotated[int, Field(ge=0)] = 463
    """The classifier's class of diving."""
    spread: Annotated[float, Field(gt=0)] = SCALE
    """Points by which scores spread; the interval's factor applies to it."""
    check: C3dCheck | None = None
    unfit: tuple[str, ...] = ()
    """Precisions that were further from it than is allowed when these weights were written, and need not be tried."""

    @property
    def shape(self) -> C3dShape:
        """Its size as the modules take it."""
        return C3dShape(self.width, self.hidden, self.sports)
