"""How those who wait for a video hear how far the work on it has come."""

from collections.abc import Callable

OnProgress = Callable[[str, float], None]
"""Gets a stage, `decoding` or `scoring`, and the share of it that is done, 0..1; may raise to stop the work."""


def silent(_stage: str, _share: float) -> None:
    """Tell nobody."""
