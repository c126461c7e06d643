"""The page's figures are those of the code and the shipped measurement."""

import re
from pathlib import Path

import pytest

from divescore.lab.capacity.workload import Inputs
from tests.bench.capacity_page import burst_figures, figures, filled

PAGE = Path(__file__).resolve().parents[4] / "docs" / "capacity.md"


def test_the_page_is_in_step() -> None:
    """If this fails: python -m tests.bench.capacity_page."""
    page = PAGE.read_text("utf-8")
    assert filled(page, figures(Inputs())) == page
    assert re.search(r"<!-- burst -->\n\| design", page)


@pytest.mark.soak
def test_the_burst_on_the_page_and_its_picture_are_in_step() -> None:
    """If this fails: python -m tests.bench.capacity_page."""
    page = PAGE.read_text("utf-8")
    table, drawing = burst_figures(Inputs())
    assert filled(page, {"burst": table}) == page
    assert (PAGE.parent / "images" / "burst.svg").read_text("utf-8") == drawing


def test_tables_are_tables(inputs: Inputs) -> None:
    for name, text in figures(inputs).items():
        lines = [line for line in text.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1, name


def test_what_is_between_the_marks_is_replaced_and_nothing_else() -> None:
    page = "before\n<!-- a -->\nold\n<!-- end -->\nbetween\n<!-- b -->\n<!-- end -->\nafter"
    done = "before\n<!-- a -->\nnew \\1\n<!-- end -->\nbetween\n<!-- b -->\n<!-- end -->\nafter"
    assert filled(page, {"a": "new \\1"}) == done
    with pytest.raises(ValueError, match="no place for c"):
        filled(page, {"c": ""})
