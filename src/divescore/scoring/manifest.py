"""The manifest of a weights folder: what the model is, which files hold it, how its inputs and outputs are scaled."""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from divescore.scoring.errors import WeightsInvalid

MANIFEST = "manifest.json"
_CHUNK = 1024 * 1024


class ManifestPart(BaseModel):
    """A part of a manifest: camel-case names in JSON, nothing unknown, unchangeable."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


P = TypeVar("P", bound=ManifestPart)


class WeightFile(ManifestPart):
    """One file of the folder with the sha256 it must have."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]


class IntervalScaling(ManifestPart):
    """Half width of the interval: `factor` x the predicted spread, and `difficulty_margin` where that is predicted."""

    level: Annotated[float, Field(gt=0, lt=1)]
    factor: Annotated[float, Field(gt=0)]
    difficulty_margin: Annotated[float, Field(ge=0)]


class DiveGate(ManifestPart):
    """Below this probability of being a dive a video is turned away."""

    threshold: Annotated[float, Field(ge=0, le=1)]


class Manifest(ManifestPart):
    """Everything about a model but its tensors."""

    id: str
    version: str
    architecture: str
    files: Annotated[tuple[WeightFile, ...], Field(min_length=1)]
    preprocessing: dict[str, Any]
    """How frames reach the network; its shape is the architecture's, see `preprocessing_as`."""
    network: dict[str, Any] = Field(default_factory=dict)
    """What else the architecture has to know; its shape is the architecture's, see `network_as`."""
    calibration: dict[str, Any] | None = None
    """How evidence and aspects follow from what was seen, see `calibration_as`; None: the network stands alone."""
    adaptation: dict[str, Any] | None = None
    """A last layer of a club's own; its shape is the architecture's."""
    execution_scale: float
    """Points that one unit of the network's output is worth."""
    interval: IntervalScaling
    gate: DiveGate
    trained_on: str
    training: dict[str, Any]
    figures: dict[str, Any]

    @field_validator("preprocessing", "network", "calibration", mode="before")
    @classmethod
    def _as_mapping(cls, value: object) -> object:
        return value.model_dump(mode="json", by_alias=True) if isinstance(value, ManifestPart) else value

    def preprocessing_as(self, kind: type[P]) -> P:
        """The preprocessing as the architecture's own `kind`; raises WeightsInvalid."""
        return self._as(kind, "preprocessing", self.preprocessing)

    def calibration_as(self, kind: type[P]) -> P | None:
        """The calibration as the architecture's own `kind`, None without one; raises WeightsInvalid."""
        return self._as(kind, "calibration", self.calibration) if self.calibration is not None else None

    def network_as(self, kind: type[P]) -> P:
        """What the architecture has to know besides, as its own `kind`; raises WeightsInvalid."""
        return self._as(kind, "network", self.network)

    def adaptation_as(self, kind: type[P]) -> P | None:
        """The adaptation, where there is one, as the architecture's own `kind`; raises WeightsInvalid."""
        return None if self.adaptation is None else self._as(kind, "adaptation", self.adaptation)

    def _as(self, kind: type[P], name: str, value: dict[str, Any]) -> P:
        try:
            return kind.model_validate_json(json.dumps(value))
        except ValidationError as error:
            raise WeightsInvalid(
                f"The {name} in {MANIFEST} does not fit {self.architecture}: {_first(error)}."
            ) from error

    @property
    def sha256(self) -> str:
        """Hash of the weights: that of the one file, or of the files' hashes in order."""
        if len(self.files) == 1:
            return self.files[0].sha256
        return hashlib.sha256("".join(file.sha256 for file in self.files).encode()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of `folder`, its files verified against their hashes; raises WeightsInvalid."""
    manifest = parse_manifest(folder)
    verify_files(folder, manifest)
    return manifest


def parse_manifest(folder: Path) -> Manifest:
    """The manifest of `folder`, its files not looked at; raises WeightsInvalid."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise WeightsInvalid(f"{folder} holds no readable {MANIFEST}: {error.strerror}.") from error
    except ValidationError as error:
        raise WeightsInvalid(f"{folder / MANIFEST} is not a manifest: {_first(error)}.") from error


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Compare the folder's files with their hashes; raises WeightsInvalid, naming the first that differs."""
    for name, fault in check_files(folder, manifest).items():
        raise WeightsInvalid(f"{folder / name} {fault}.")


class Verification:
    """Compares a folder's files with their hashes in the background: hashing needs a core that imports leave idle."""

    def __init__(self, folder: Path) -> None:
        """Raises WeightsInvalid for a folder without a manifest."""
        self.manifest = parse_manifest(folder)
        pool = ThreadPoolExecutor(1, thread_name_prefix="verify")
        self._done = pool.submit(verify_files, folder, self.manifest)
        pool.shutdown(wait=False)

    def result(self) -> None:
        """Wait for the end of it; raises WeightsInvalid when a file differs."""
        self._done.result()


def check_files(folder: Path, manifest: Manifest) -> dict[str, str]:
    """What is wrong with the folder's files, by name; empty when all are what the manifest says."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = pool.map(lambda file: _fault(folder / file.name, file), manifest.files)
        return {file.name: fault for file, fault in zip(manifest.files, faults, strict=True) if fault}


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


def _fault(path: Path, file: WeightFile) -> str | None:
    try:
        actual = sha256_of(path)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if actual == file.sha256 else f"is not the file of its manifest: its sha256 is {actual[:12]}…"
