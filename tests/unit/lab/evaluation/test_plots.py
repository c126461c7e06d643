"""Plots: what the files hold, read back as XML."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from divescore.lab.evaluation import plots
from divescore.lab.evaluation.flaw_sweeps import FlawSweep
from tests.unit.lab.evaluation.sample import predictions

SVG = "{http://www.w3.org/2000/svg}"
AMOUNTS = np.linspace(0.0, 1.0, 6)
SWEEP = FlawSweep(AMOUNTS, 28 - 20 * AMOUNTS, 26 - 20 * AMOUNTS, 29 - 20 * AMOUNTS, -1.0)


def group(svg: str, name: str) -> ElementTree.Element:
    (found,) = (part for part in ElementTree.fromstring(svg).iter(SVG + "g") if part.get("id") == name)
    return found


def words(svg: str) -> set[str]:
    return {str(part.text) for part in ElementTree.fromstring(svg).iter(SVG + "text")}


def title(svg: str) -> str:
    return ElementTree.fromstring(svg).findtext(SVG + "title") or ""


def test_writes_every_picture(tmp_path: Path) -> None:
    plots.write_plots(tmp_path, predictions(1.0), 0.5, 1.645, {"angle": SWEEP})

    assert sorted(path.stem for path in tmp_path.iterdir()) == ["classes", "executions", "flaws", "gate", "intervals"]
    for path in tmp_path.iterdir():
        ElementTree.parse(path)


def everything() -> dict[str, str]:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 30, 50)
    return {
        "executions": plots.executions(truth, truth + rng.normal(0, 1, 50)),
        "reliability": plots.reliability(np.array([0.5, 0.9]), np.array([0.45, 0.91])),
        "gate": plots.gate(rng.beta(9, 1, 40), rng.beta(1, 9, 20), 0.5),
        "flaws": plots.flaws({"angle": SWEEP, "splash <&>": SWEEP}),
        "accuracies": plots.accuracies({"half_twists": 0.9}, {"half_twists": 0.6}),
    }


@pytest.mark.parametrize("name", ["executions", "reliability", "gate", "flaws", "accuracies"])
def test_each_file_stands_alone(name: str) -> None:
    svg = everything()[name]
    root = ElementTree.fromstring(svg)
    assert title(svg)
    # Nothing is fetched, nothing runs, and every number is one.
    assert re.findall(r'href="[^#]|src=|url\([^#]|<script|[ "]-?(?:nan|inf)\b', svg) == []
    # The ground is drawn, so that the ink shows on a dark page as well.
    ground = group(svg, "patch_1").find(SVG + "path")
    assert ground is not None
    assert "fill: #ffffff" in str(ground.get("style"))
    width, height = (float(size) for size in str(root.get("viewBox")).split()[2:])
    places = [(float(dot.get("x", "0")), float(dot.get("y", "0"))) for dot in root.iter(SVG + "use")]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)


def test_a_dot_for_each_dive_higher_for_more_points() -> None:
    svg = plots.executions(np.array([5.0, 15.0, 25.0]), np.array([6.0, 15.0, 24.0]))
    dots = list(group(svg, "dives").iter(SVG + "use"))
    across, down = ([float(dot.get(side, "")) for dot in dots] for side in ("x", "y"))
    assert len(dots) == 3
    assert across == sorted(across)
    assert down == sorted(down, reverse=True)
    assert "3 dives, mean error 0.67" in words(svg)


def test_the_gate_separates_or_does_not() -> None:
    apart = plots.gate(np.array([0.8, 0.9, 0.95]), np.array([0.1, 0.2]), 0.5)
    assert {"area 1.0000; dot: threshold 0.5", "3 dives", "2 other films"} <= words(apart)
    assert "lets in 100.0% of 3 dives and 0.0% of 2 other films" in title(apart)
    same = np.array([0.2, 0.4, 0.6])
    assert "area 0.5000; dot: threshold 0.5" in words(plots.gate(same, same, 0.5))


def test_the_curve_runs_from_shut_to_open() -> None:
    wrong, right = plots.roc(np.array([0.9, 0.4]), np.array([0.6, 0.1]))
    assert wrong.tolist() == [0.0, 0.0, 0.5, 0.5, 1.0]
    assert right.tolist() == [0.0, 0.5, 0.5, 1.0, 1.0]


def test_a_small_chart_for_each_flaw() -> None:
    svg = everything()["flaws"]
    for name in ("band-1", "band-2", "mean-1", "mean-2"):
        assert group(svg, name) is not None
    assert {"angle", "splash <&>"} <= words(svg)
    assert "angle 28.0 to 8.0" in title(svg)


def test_a_bar_for_each_head() -> None:
    svg = plots.accuracies({"position": 0.5, "half_twists": 1.0}, {"position": 0.4, "half_twists": 0.6})
    heights = []
    for name in ("share-1", "share-2"):
        path = group(svg, name).find(SVG + "path")
        assert path is not None
        ys = [float(y) for _, y in re.findall(r"[ML] (\S+) (\S+)", str(path.get("d")))]
        heights.append(max(ys) - min(ys))
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.001)
    assert {"half twists", "100.0%", "50.0%"} <= words(svg)
