"""The result of scoring one video: what is stored, answered, pushed and printed, as one shape for all of them.

A stored result is served as it is (`views.JobView`), whatever its age. A reader of results keeps the members that this
version does not know, and `document` gives back what was read; a member that is added here gets a default, so that
results from before it are still read.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


def _without_additional(schema: dict[str, Any]) -> None:
    """Objects of a schema are open without a word about it; with one, generated types take any name for a member."""
    schema.pop("additionalProperties", None)


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="allow",
        json_schema_extra=_without_additional,
    )


class Interval(_Part):
    """Where the score lies with probability `level`."""

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
    sureness: float | None = Field(None, description="how surely the network names it, 0..1; absent when declared")


class Seen(_Part):
    """The network's own estimate of the execution, before real dives are heard: points of 30, and their deviation."""

    mean: float
    sd: float


class Predicted(_Part):
    """What the network says of a dive by itself, whatever was declared: what an amendment starts from."""

    of: Literal["execution", "score"]
    """What the network predicts; the other follows from it."""
    difficulty: float
    difficulty_margin: float = Field(0.0, description="half width of the difficulty's interval")
    dive: DiveSeen | None = None
    height: float | None = Field(None, description="metres above the water, where the flight tells them")


class Flaw(_Part):
    """What lost points; `unseen` is what dives like this one lose where the network could not see."""

    name: str
    points: float
    at: float | None = Field(None, description="seconds from the start of the video at which it shows")
    sureness: float = Field(description="how surely it is seen, 0..1")


class Phase(_Part):
    """A part of the dive, in seconds from the start of the video."""

    name: Literal["approach", "take-off", "flight", "entry"]
    start: float
    end: float


class Measure(_Part):
    """Something measured in the video; `error` is the expected deviation from the truth, in the same unit."""

    name: str
    value: float
    unit: str
    error: float


class Aspects(_Part):
    """Why: the flaws' points and the execution make 30; when what happened; what was measured."""

    flaws: list[Flaw]
    phases: list[Phase]
    measures: list[Measure]


class Segment(_Part):
    """A stretch of the video, in seconds from its start, and the points it brought in; all of them make the score."""

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
    cpu: str | None = Field(None, description="the widest instructions in use, where they were chosen by trial")
    difference: float | None = Field(
        None, description="relative difference to exact arithmetic on the built-in clip, where that was measured"
    )


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
    strip: Strip | None = Field(None, description="left out of a push that would be too large with it")
    model: ModelInfo
    runtime: Runtime
    timings: dict[str, float]
    video: Video
    warnings: list[str]
    seen: Seen | None = Field(None, description="null where the network does not estimate the execution itself")
    evidence: float | None = Field(
        None, description="weight of what the network saw beside what real dives say, 0..1; null where it stands alone"
    )
    aspects: Aspects | None = Field(None, description="null where the network has none; segments say where points came")
    height: float | None = Field(None, description="metres above the water, declared or seen")
    height_source: Literal["given", "predicted"] | None = None
    predicted: Predicted | None = Field(None, description="what the network said whatever was declared")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values under camel-case names."""
        return self.model_dump(mode="json", by_alias=True)

    def document(self) -> dict[str, Any]:
        """The JSON object that was read: the same members, known here or not."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
