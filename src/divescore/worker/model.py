"""The scorer as a worker starts it: imported with torch, and its network loaded, in as little time as can be."""

import gc
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from divescore.scoring.scorer import Scorer

# How operators would behave on tensors without data. Only torch's compiler and exporter ask for it, which the worker
# does not have; torch imports it all the same, at a quarter of the time that importing torch takes.
UNUSED_OF_TORCH = "torch._meta_registrations"


def load_scorer(folder: Path, max_bytes: int | None = None) -> "Scorer":
    """The scorer with the weights that the manifest in `folder` names; raises what `Scorer.load` raises.

    `max_bytes`: of the largest video, where that is not the usual.
    """
    scorer = import_scorer()
    if max_bytes is None:
        return scorer.load(folder)
    from divescore.video.limits import VideoLimits

    return scorer.load(folder, limits=VideoLimits(max_bytes=max_bytes))


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
