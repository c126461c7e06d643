"""Progress that tests have no use for."""


def silent(_stage: str, _share: float, _note: str) -> None:
    """Say nothing of it."""
