"""The worker's scorer as the two things it needs of it: `score` and what to tell about the model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from divescore.scoring.scorer import Scorer


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
    from divescore.scoring.scorer import Scorer  # torch comes with it, which nothing else here needs

    scorer = Scorer.load(folder)
    model = scorer.model
    info = {
        "id": model.id,
        "version": model.version,
        "sha256": model.sha256,
        "architecture": model.architecture,
        "trainedOn": model.trained_on,
    }
    return LoadedModel(scorer, info)
