"""A large upload arrives over a line that breaks, and what was confirmed is not sent again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.run import clips
from tests.chaos.upload import MB, holds, rough
from tests.films import padded

pytestmark = pytest.mark.stack

SHORT_WITHIN = 120.0
LONG_WITHIN = 1800.0


def over_a_bad_line(stack: dict[str, Any], folder: Path, size: int, moments: int, within: float) -> None:
    film = padded(clips(folder)[0], folder / "film.webm", size)
    report = asyncio.run(rough(stack["api"], film, moments, seed=moments, folder=folder, timeout=within))
    assert holds(report), report


def test_a_short_rough_upload(stack: dict[str, Any], tmp_path: Path) -> None:
    over_a_bad_line(stack, tmp_path, 20 * MB, 10, SHORT_WITHIN)


@pytest.mark.soak
@pytest.mark.timeout(LONG_WITHIN)
def test_a_long_rough_upload(stack: dict[str, Any], tmp_path: Path) -> None:
    over_a_bad_line(stack, tmp_path, 60 * MB, 50, LONG_WITHIN)
