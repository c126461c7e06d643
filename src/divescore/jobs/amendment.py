"""A correction of what was declared, and what it makes of a score that is there already. Pure."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from divescore.declaration import Declaration
from divescore.jobs.model import Job

MAX_AMENDMENTS = 20  # of one job: each is a write and a push


class Kept(Enum):
    """Stands in an amendment for what is left as it is; None there takes back what was declared."""

    KEPT = "kept"


KEPT = Kept.KEPT


@dataclass(frozen=True, slots=True)
class Amended:
    """The uploader corrects what was declared; a score is counted again from what the result keeps."""

    dive: str | Kept | None = KEPT
    height: float | Kept | None = KEPT
    difficulty: float | Kept | None = KEPT

    def over(self, job: Job) -> Declaration:
        """What is declared of `job` after this."""
        return Declaration(
            job.dive if isinstance(self.dive, Kept) else self.dive,
            job.height if isinstance(self.height, Kept) else self.height,
            job.difficulty if isinstance(self.difficulty, Kept) else self.difficulty,
        )


def counted_again(result: dict[str, Any], declared: Declaration) -> dict[str, Any] | None:
    """The result with the score that follows from another declaration; None when it is from before that was kept."""
    # Here, since no other transition needs them, and they would make each cold start longer.
    from pydantic import ValidationError

    from divescore.estimate import NothingKept, rescored
    from divescore.result import Result

    try:
        read = Result.model_validate(result)
        again = rescored(read, dive=declared.dive, height=declared.height, difficulty=declared.difficulty)
    except (NothingKept, ValidationError):
        return None
    return again.to_json()
