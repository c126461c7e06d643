"""docs/security.md says which test shows that a threat is met: each of them exists, and the page is complete."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.compile(r"`((?:unit|integration|e2e|chaos)/[\w/]+\.py)::(\w+)`")
# What the page must not lose: words of the threats that were thought of.
THREATS = (
    "forged",
    "guessing job ids",
    "in addresses",
    "in our logs",
    "form used twice",
    "attacks its decoder",
    "decompression bombs",
    "SSRF",
    "WebSocket hijack",
    "foreign page",
    "DNS rebinding",
    "denial of wallet",
    "poisoned messages",
    "amplification",
    "subscription floods",
    "XSS",
    "weights from strangers",
    "packages from strangers",
    "operator",
)


@cache
def functions_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def rows() -> list[list[str]]:
    """The rows of all tables of threats."""
    threats = PAGE.split("## Threats")[1].split("\n## ")[0]
    lines = [line for line in threats.splitlines() if line.startswith("| ") and not line.startswith("| threat ")]
    return [line.strip("| ").split(" | ") for line in lines]


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 50
    missing = [f"{path}::{name}" for path, name in named if name not in functions_in(ROOT / "tests" / path)]
    assert missing == []


def test_every_threat_names_what_meets_it_and_a_test() -> None:
    assert len(rows()) > 25
    for threat, met_by, shown_by in rows():
        assert len(met_by) > 10 or met_by == "see below", threat
        assert NAMED.search(shown_by), f"no test shows that this is met: {threat}"
        assert not NAMED.sub("", shown_by).strip(" ,"), f"not the name of a test: {shown_by}"


def test_no_threat_was_forgotten() -> None:
    assert [word for word in THREATS if word not in PAGE] == []
