"""What the built page may weigh, and what a strict security policy forbids in it. Needs `npm run build`, no browser."""

import gzip
import re
from pathlib import Path

import pytest

DIST = Path(__file__).resolve().parents[2] / "web" / "dist"
SCRIPT_BYTES = 120_000
STYLE_BYTES = 15_000
FONT_BYTES = 80_000
# What a browser needs before it paints anything: with 400 kbit/s these are 0.4 s.
BEFORE_PAINT_BYTES = 20_000
LANGUAGES = ("en", "zh-Hans")


@pytest.fixture(scope="module")
def page() -> str:
    index = DIST / "index.html"
    assert index.is_file(), "web/dist is missing; build the page first (make web)"
    return index.read_text()


def compressed(*paths: Path) -> int:
    """Bytes over the line of some files."""
    return sum(len(gzip.compress(path.read_bytes())) for path in paths)


def first_scripts(page: str) -> set[Path]:
    """The scripts of the page and those that they need at once; what is imported later is not among them."""
    waiting = [DIST / name.lstrip("/") for name in re.findall(r'<script\b[^>]*\bsrc="([^"]+)"', page)]
    waiting += [DIST / name.lstrip("/") for name in re.findall(r'rel="modulepreload"[^>]*href="([^"]+)"', page)]
    found: set[Path] = set()
    while waiting:
        script = waiting.pop()
        if script in found:
            continue
        found.add(script)
        for name in re.findall(r'(?:\bfrom|\bimport)\s*"(\./[^"]+\.js)"', script.read_text()):
            waiting.append(script.parent / name)
    return found


def test_scripts_of_the_first_load_stay_within_their_budget(page: str) -> None:
    scripts = first_scripts(page)
    assert len(scripts) < len(list(DIST.rglob("*.js"))), "nothing is left for later"
    assert 0 < compressed(*scripts) <= SCRIPT_BYTES


@pytest.mark.parametrize(("pattern", "limit"), [("*.css", STYLE_BYTES), ("*.woff2", FONT_BYTES)])
def test_first_load_stays_within_its_budget(page: str, pattern: str, limit: int) -> None:
    assert 0 < compressed(*DIST.rglob(pattern)) <= limit


def test_the_first_paint_needs_little(page: str) -> None:
    assert compressed(DIST / "index.html", DIST / "first.js", *DIST.rglob("*.css")) <= BEFORE_PAINT_BYTES


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_head_of_the_page_needs_no_script(page: str, tag: str) -> None:
    drawn = re.findall(rf'<div class="still" lang="{tag}"[^>]*>(.*?)</main></div>', page, re.DOTALL)
    assert len(drawn) == 1
    assert "<h1>" in drawn[0]
    assert 'class="flight"' in drawn[0]
    assert 'class="drop' in drawn[0]


def test_the_configuration_is_asked_for_beside_the_script(page: str) -> None:
    assert re.search(r'<link rel="preload" href="/config.json" as="fetch"', page)


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
