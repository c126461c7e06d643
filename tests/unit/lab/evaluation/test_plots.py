"""Plots: what the files hold, read back as XML."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from divescore.lab.evaluation import plots

NAMESPACE = "{http://www.w3.org/2000/svg}"


def elements(svg: str, name: str, cls: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(svg)
    return [part for part in root.iter(NAMESPACE + name) if cls in str(part.get("class")).split()]


def words(svg: str) -> set[str]:
    return {str(part.text) for part in ElementTree.fromstring(svg).iter(NAMESPACE + "text")}


def everything() -> dict[str, str]:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 30, 50)
    amounts = np.linspace(0, 1, 6)
    sweep = plots.Sweep(amounts, 28 - 20 * amounts, 26 - 20 * amounts, 29 - 20 * amounts)
    return {
        "executions": plots.executions(truth, truth + rng.normal(0, 1, 50)),
        "reliability": plots.reliability(np.array([0.5, 0.9]), np.array([0.45, 0.91])),
        "gate": plots.gate(rng.beta(9, 1, 40), rng.beta(1, 9, 20), 0.5),
        "sweeps": plots.sweeps({"angle": sweep, "splash <&>": sweep}),
        "accuracies": plots.accuracies({"half_twists": 0.9}, {"half_twists": 0.6}),
    }


@pytest.mark.parametrize("name", ["executions", "reliability", "gate", "sweeps", "accuracies"])
def test_each_file_stands_alone_on_light_and_dark(name: str) -> None:
    svg = everything()[name]
    root = ElementTree.fromstring(svg)
    assert (root.get("role"), bool(root.get("aria-label"))) == ("img", True)
    assert "prefers-color-scheme:dark" in svg
    assert re.findall(r'(?:href|src)=|url\(|<script|nan|inf"', svg) == []
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    assert all(0 <= float(dot.get("cx", "-1")) <= width for dot in elements(svg, "circle", "dot"))
    assert all(0 <= float(text.get("y", "-1")) <= height for text in elements(svg, "text", "text"))


def test_a_dot_for_each_dive_higher_for_more_points() -> None:
    svg = plots.executions(np.array([5.0, 15.0, 25.0]), np.array([6.0, 15.0, 24.0]))
    dots = elements(svg, "circle", "dot")
    across, down = ([float(dot.get(side, "")) for dot in dots] for side in ("cx", "cy"))
    assert across == sorted(across)
    assert down == sorted(down, reverse=True)
    assert "3 dives, mean error 0.67" in words(svg)


def test_the_gate_separates_or_does_not() -> None:
    apart = plots.gate(np.array([0.8, 0.9, 0.95]), np.array([0.1, 0.2]), 0.5)
    assert "area 1.0000; dot: threshold 0.5" in words(apart)
    assert "lets in 100.0% of 3 dives and 0.0% of 2 other films" in apart
    same = np.array([0.2, 0.4, 0.6])
    assert "area 0.5000; dot: threshold 0.5" in words(plots.gate(same, same, 0.5))


def test_the_curve_runs_from_shut_to_open() -> None:
    wrong, right = plots.roc(np.array([0.9, 0.4]), np.array([0.6, 0.1]))
    assert wrong.tolist() == [0.0, 0.0, 0.5, 0.5, 1.0]
    assert right.tolist() == [0.0, 0.5, 0.5, 1.0, 1.0]


def test_a_small_chart_for_each_flaw() -> None:
    svg = everything()["sweeps"]
    assert len(elements(svg, "polyline", "line")) == len(elements(svg, "polygon", "band")) == 2
    assert {"angle", "splash <&>"} <= words(svg)
    assert "angle 28.0 to 8.0" in svg


def test_a_bar_for_each_head() -> None:
    svg = plots.accuracies({"position": 0.5, "half_twists": 1.0}, {"position": 0.4, "half_twists": 0.6})
    heights = [float(bar.get("height", "")) for bar in elements(svg, "rect", "bar")]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.1)
    assert {"half twists", "100.0%", "50.0%"} <= words(svg)
