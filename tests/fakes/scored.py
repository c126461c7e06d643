"""A scorer's answer without a scorer."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any


def scored(document: Mapping[str, Any], *, playable: bool = True) -> Any:
    """What `Scorer.score` gives, with the result that `document` is."""
    result = SimpleNamespace(timings=document["timings"], to_json=lambda: dict(document))
    return SimpleNamespace(result=result, playable=playable)
