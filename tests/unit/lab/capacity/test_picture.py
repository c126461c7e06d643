"""The picture of a burst is well-formed, complete, and the same every time."""

from xml.etree import ElementTree

from divescore.lab.capacity.burst import scenarios
from divescore.lab.capacity.picture import picture
from divescore.lab.capacity.workload import Inputs

TEXT = "{http://www.w3.org/2000/svg}text"


def test_a_picture_is_well_formed_and_says_what_it_shows(inputs: Inputs) -> None:
    found = scenarios(3000, 20, inputs)
    drawing = picture(3000, 20, found)
    texts = [element.text for element in ElementTree.fromstring(drawing.encode()).iter(TEXT)]
    for scenario in found:
        assert texts.count(scenario.name) == 1  # one legend for all panels
    for text in ("Scores shown", "Waiting for a worker", "Workers at work", "minutes"):
        assert texts.count(text) == 1
    assert "3,000 uploads within 0.333333 minutes" in texts


def test_the_same_burst_gives_the_same_bytes(inputs: Inputs) -> None:
    once, again = (picture(300, 3, scenarios(300, 3, inputs)) for _ in range(2))
    assert once == again


def test_one_scenario_alone_can_be_drawn(inputs: Inputs) -> None:
    assert "as deployed" in picture(30, 1, scenarios(30, 1, inputs)[:1])
