"""What the built page may weigh, and what a strict security policy forbids in it. Needs `npm run build`, no browser."""

import gzip
import re
from pathlib import Path

import pytest

DIST = Path(__file__).resolve().parents[2] / "web" / "dist"
SCRIPT_BYTES = 120_000
STYLE_BYTES = 15_000
FONT_BYTES = 80_000


@pytest.fixture(scope="module")
def page() -> str:
    index = DIST / "index.html"
    assert index.is_file(), "web/dist is missing; build the page first (make web)"
    return index.read_text()


def compressed(pattern: str) -> int:
    """Bytes over the line of all files of a kind."""
    return sum(len(gzip.compress(path.read_bytes())) for path in DIST.rglob(pattern))


@pytest.mark.parametrize(
    ("pattern", "limit"), [("*.js", SCRIPT_BYTES), ("*.css", STYLE_BYTES), ("*.woff2", FONT_BYTES)]
)
def test_first_load_stays_within_its_budget(page: str, pattern: str, limit: int) -> None:
    assert 0 < compressed(pattern) <= limit


def test_nothing_is_inline(page: str) -> None:
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert scripts
    assert all("src=" in attributes and not body.strip() for attributes, body in scripts)
    assert "<style" not in page
    assert not re.search(r"\s(style|on\w+)=", page)


def test_nothing_comes_from_elsewhere(page: str) -> None:
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    for sheet in DIST.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//", sheet.read_text())
