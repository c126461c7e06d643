"""The picture of a burst is well-formed, complete, and the same every time."""

from dataclasses import replace
from xml.etree import ElementTree

from divescore.lab.capacity.burst import simulate
from divescore.lab.capacity.workload import Inputs

TEXT = "{http://www.w3.org/2000/svg}text"


def test_a_picture_is_well_formed_and_says_what_it_shows(inputs: Inputs) -> None:
    found = simulate(3000, 20, inputs)
    drawing = found.picture()
    texts = [element.text for element in ElementTree.fromstring(drawing.encode()).iter(TEXT)]
    for scenario in found.scenarios:
        assert texts.count(scenario.name) == 1  # one legend for all panels
    for text in ("Scores shown", "Waiting for a worker", "Workers at work", "minutes"):
        assert texts.count(text) == 1
    assert "3,000 uploads within 0.333333 minutes" in texts


def test_the_same_burst_gives_the_same_bytes(inputs: Inputs) -> None:
    once, again = (simulate(300, 3, inputs).picture() for _ in range(2))
    assert once == again


def test_one_scenario_alone_can_be_drawn(inputs: Inputs) -> None:
    found = simulate(30, 1, inputs)
    assert "as deployed" in replace(found, scenarios=found.scenarios[:1]).picture()
