"""How many real dives got each execution, for the page, which says where a dive lies among them.

`python -m divescore.lab.datasets.executions LABELS.csv > web/src/why/executions.json`, from the labels that also make
`divescore.priors`.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from divescore.judging import MAX_EXECUTION
from divescore.lab.datasets.priors import MarkedDive, read_marks

STEP = 0.5
"""Points between two executions: marks are given in halves."""


def counts_of(dives: Sequence[MarkedDive]) -> list[int]:
    """How many of `dives` got an execution of 0, 0.5, … 30 points; [61]."""
    found = Counter(round(dive.execution / STEP) for dive in dives)
    return [found[step] for step in range(round(MAX_EXECUTION / STEP) + 1)]


def document_of(dives: Sequence[MarkedDive]) -> str:
    """The page's file."""
    return json.dumps({"step": STEP, "counts": counts_of(dives)}) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document_of(read_marks(Path(sys.argv[1]))))
