"""The result of scoring one video, as it is stored, pushed and printed."""

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Interval(_Part):
    """Where the score lies with probability `level`, on videos like those of the training."""

    low: float
    high: float
    level: float


class DiveSeen(_Part):
    """The dive, declared or as the network sees it."""

    number: str | None
    source: Literal["given", "predicted"]
    position: str
    armstand: bool
    rotation: str
    half_somersaults: int
    half_twists: int


class Segment(_Part):
    """A stretch of the video, in seconds, and the points it brought in."""

    start: float
    end: float
    contribution: float


class Strip(_Part):
    """Sampled frames side by side in one JPEG, base64; `times` in seconds."""

    content_type: Literal["image/jpeg"] = "image/jpeg"
    frames: int
    width: int
    height: int
    times: list[float]
    data: str


class ModelInfo(_Part):
    """Which model scored."""

    id: str
    version: str
    sha256: str
    architecture: str
    trained_on: str


class Runtime(_Part):
    """What it ran on and in."""

    precision: str
    threads: int
    torch: str
    cpu: str | None = None
    """The widest instructions in use, where they were chosen by trial."""
    difference: float | None = None
    """Relative difference to exact arithmetic on the built-in clip, where that was measured."""


class Video(_Part):
    """The video as it was found."""

    width: int
    height: int
    frames: int
    seconds: float
    format: str


class Result(_Part):
    """Score of one video and what it rests on; `timings` in seconds by stage."""

    score: float
    execution: float
    difficulty: float
    difficulty_source: Literal["given", "dive", "predicted"]
    interval: Interval
    dive: DiveSeen
    segments: list[Segment]
    strip: Strip
    model: ModelInfo
    runtime: Runtime
    timings: dict[str, float]
    video: Video
    warnings: list[str]

    def to_json(self) -> dict[str, object]:
        """Plain JSON values under camel-case names."""
        return self.model_dump(mode="json", by_alias=True)
