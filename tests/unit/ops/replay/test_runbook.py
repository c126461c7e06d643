"""The runbook: a section for every alarm, each ending in commands that exist."""

import re
import shlex
from pathlib import Path

import click
import pytest

from divescore.cli import main

ROOT = Path(__file__).resolve().parents[4]
TEXT = (ROOT / "docs" / "operations.md").read_text()
SECTIONS = dict(zip(*[iter(re.split(r"^## (.+)\n", TEXT, flags=re.M)[1:])] * 2, strict=True))
ALARMS = re.findall(r"^  (\w+Alarm):$", (ROOT / "template.yaml").read_text(), flags=re.M)
FENCED = re.findall(r"^```sh\n(.*?)^```$", TEXT, flags=re.M | re.S)
COMMANDS = sorted(
    {line for block in FENCED for line in block.splitlines() if line.startswith("divescore ")}
    | set(re.findall(r"`(divescore (?:replay|load|capacity)[^`]*)`", TEXT))
)


def test_every_alarm_has_its_section_that_ends_in_commands() -> None:
    assert len(ALARMS) >= 9
    for alarm in ALARMS:
        assert f"| [{alarm}](#{alarm.lower()}) |" in TEXT, alarm
        assert re.search(r"```sh\n(?:divescore replay .*\n)+```\s*$", SECTIONS[alarm]), alarm
    assert [name for name in SECTIONS if name.endswith("Alarm") and name not in ALARMS] == []


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_runbook_can_be_given(line: str) -> None:
    name, *words = shlex.split(line.replace("\n", " "), comments=True)
    command: click.Command = main
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(click.Context(command), name)
        assert found is not None, name
        command = found
    command.make_context(name, words)  # parses, and raises what the user would be told
