"""Drawings are well-formed, stay inside their frame, and are the same every time."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.lab.capacity.svg import LEFT, RIGHT, WIDTH, Curve, Panel, drawing, steps, thinned

SPACE = "{http://www.w3.org/2000/svg}"


def test_a_drawing_is_well_formed_and_inside_its_frame() -> None:
    curves = [Curve("a < b & c", [0, 5, 10], [0, 3, 1000]), Curve("flat", [0, 10], [1, 1])]
    text = drawing("A title", [Panel("one", "minutes", "dives", curves), Panel("two", "minutes", "dives", curves[:1])])
    root = ElementTree.fromstring(text)
    height = float(root.attrib["viewBox"].split()[3])
    lines = root.findall(f"{SPACE}polyline")
    assert len(lines) == 3
    for line in lines:
        for pair in line.attrib["points"].split():
            x, y = (float(value) for value in pair.split(","))
            assert LEFT <= x <= WIDTH - RIGHT
            assert 0 < y < height
    texts = [element.text for element in root.findall(f"{SPACE}text")]
    assert texts.count("a < b & c") == 1  # one legend for all panels
    assert text == drawing(
        "A title", [Panel("one", "minutes", "dives", curves), Panel("two", "minutes", "dives", curves[:1])]
    )


def test_nothing_to_draw_is_an_empty_chart() -> None:
    assert ElementTree.fromstring(drawing("empty", [Panel("none", "x", "y", [])])) is not None


@given(st.floats(1e-3, 1e9))
def test_steps_are_few_round_and_reach(most: float) -> None:
    found = steps(most)
    assert found[0] == 0
    assert found[-1] >= most * 0.999
    assert found[-2] < most
    assert 3 <= len(found) <= 7


@pytest.mark.parametrize("count", [0, 1, 2, 399, 400, 401, 5000])
def test_thinning_keeps_both_ends(count: int) -> None:
    values = list(range(count))
    points = thinned(values, values)
    assert len(points) <= 402
    if count:
        assert (points[0], points[-1]) == ((0, 0), (count - 1, count - 1))
