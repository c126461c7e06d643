"""The manifest of a weights folder: what the model is, which files hold it, how its inputs and outputs are scaled."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from divescore.scoring.errors import WeightsInvalid

MANIFEST = "manifest.json"
_CHUNK = 1024 * 1024


class Part(BaseModel):
    """A part of a manifest: camel-case names in JSON, nothing unknown, unchangeable."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


P = TypeVar("P", bound=Part)


class WeightFile(Part):
    """One file of the folder with the sha256 it must have."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]


class IntervalScaling(Part):
    """Half width of the interval: `factor` x the predicted spread, and `difficulty_margin` where that is predicted."""

    level: Annotated[float, Field(gt=0, lt=1)]
    factor: Annotated[float, Field(gt=0)]
    difficulty_margin: Annotated[float, Field(ge=0)]


class Gate(Part):
    """Below this probability of being a dive a video is turned away."""

    threshold: Annotated[float, Field(ge=0, le=1)]


class Manifest(Part):
    """Everything about a model but its tensors."""

    id: str
    version: str
    architecture: str
    files: Annotated[tuple[WeightFile, ...], Field(min_length=1)]
    preprocessing: dict[str, Any]
    """How frames reach the network; its shape is the architecture's, see `preprocessing_as`."""
    execution_scale: float
    interval: IntervalScaling
    gate: Gate
    trained_on: str
    training: dict[str, Any]
    figures: dict[str, Any]

    @field_validator("preprocessing", mode="before")
    @classmethod
    def _as_mapping(cls, value: object) -> object:
        return value.model_dump(mode="json", by_alias=True) if isinstance(value, Part) else value

    def preprocessing_as(self, kind: type[P]) -> P:
        """The preprocessing as the architecture's own `kind`; raises WeightsInvalid."""
        try:
            return kind.model_validate_json(json.dumps(self.preprocessing))
        except ValidationError as error:
            raise WeightsInvalid(
                f"The preprocessing in {MANIFEST} does not fit {self.architecture}: {_first(error)}."
            ) from error

    @property
    def sha256(self) -> str:
        """Hash of the weights: that of the one file, or of the files' hashes in order."""
        if len(self.files) == 1:
            return self.files[0].sha256
        return hashlib.sha256("".join(file.sha256 for file in self.files).encode()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of `folder`, its files verified against their hashes; raises WeightsInvalid."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise WeightsInvalid(f"{folder} holds no readable {MANIFEST}: {error.strerror}.") from error
    except ValidationError as error:
        raise WeightsInvalid(f"{folder / MANIFEST} is not a manifest: {_first(error)}.") from error
    for file in manifest.files:
        _verify(folder / file.name, file)
    return manifest


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _verify(path: Path, file: WeightFile) -> None:
    try:
        actual = sha256_of(path)
    except OSError as error:
        raise WeightsInvalid(f"{path} cannot be read: {error.strerror}.") from error
    if actual != file.sha256:
        raise WeightsInvalid(f"{path} is not the file of its manifest: its sha256 is {actual[:12]}….")
