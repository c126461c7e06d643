"""The worker's scorer as the two things it needs of it: `score` and what to tell about the model."""

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from divescore.scoring.scorer import Scorer

# How operators would behave on tensors without data. Only torch's compiler and exporter ask for it, which the worker
# does not have; torch imports it all the same, at a quarter of the time that importing torch takes.
UNUSED_OF_TORCH = "torch._meta_registrations"


@dataclass(frozen=True)
class LoadedModel:
    """A network in memory. `info`: id, version, sha256, architecture, trainedOn."""

    scorer: "Scorer"
    info: dict[str, str]

    def score(
        self, path: Path, dive: str | None, difficulty: float | None, on_progress: Callable[[str, float], None]
    ) -> dict[str, Any]:
        """The result of one video as JSON. Raises VideoRejected, and whatever `on_progress` raises."""
        result = self.scorer.score(path, dive=dive, difficulty=difficulty, on_progress=on_progress)
        return result.model_dump(mode="json", by_alias=True)


def load_model(folder: Path) -> LoadedModel:
    """Load the weights that the manifest in `folder` names; raises what `Scorer.load` raises."""
    scorer = import_scorer().load(folder)
    model = scorer.model
    info = {
        "id": model.id,
        "version": model.version,
        "sha256": model.sha256,
        "architecture": model.architecture,
        "trainedOn": model.trained_on,
    }
    return LoadedModel(scorer, info)


def import_scorer() -> "type[Scorer]":
    """The scorer's class, imported with torch in as little time as it can be had."""
    trimmed = "torch" not in sys.modules and UNUSED_OF_TORCH not in sys.modules
    if trimmed:
        sys.modules[UNUSED_OF_TORCH] = ModuleType(UNUSED_OF_TORCH)
    # Nothing of what an import makes is garbage, so looking for it there is time lost, now and at every later look.
    collecting = gc.isenabled()
    gc.disable()
    try:
        from divescore.scoring.scorer import Scorer
    finally:
        if collecting:
            gc.enable()
        if trimmed:  # whoever asks for it by name gets the real one
            del sys.modules[UNUSED_OF_TORCH]
    gc.freeze()
    return Scorer
