"""Reads a Dockerfile as far as the worker's goes, so that a test builds what it says instead of repeating it."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

KNOWN = ("FROM", "ARG", "COPY", "RUN", "CMD")
VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name, and what follows it on one line."""

    name: str
    text: str

    def words(self, variables: Mapping[str, str]) -> list[str]:
        """What follows, with variables replaced; raises KeyError for one that is not set."""
        return shlex.split(VARIABLE.sub(lambda found: variables[found[1]], self.text))


@dataclass
class Stage:
    """A FROM with what follows it. `name` is empty for the last one."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)


def read(path: Path) -> list[Stage]:
    """The stages of a Dockerfile; raises ValueError for an instruction that nobody here can follow."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    stages: list[Stage] = []
    for logical in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, text = logical.strip().partition(" ")
        if name not in KNOWN:
            raise ValueError(f"{path} has an instruction that the tests cannot follow: {logical}")
        if name == "FROM":
            base, _, stage = text.partition(" AS ")
            stages.append(Stage(base, stage))
        else:
            stages[-1].instructions.append(Instruction(name, " ".join(text.split())))
    return stages
