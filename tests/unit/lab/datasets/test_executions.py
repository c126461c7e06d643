"""The page's table of real executions, which is made from the labels that make the priors."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from divescore import priors
from divescore.lab.datasets.executions import STEP, counts_of, document_of
from divescore.lab.datasets.priors import SHRUNK, read_marks
from tests.unit.lab.datasets.test_priors import LABELS, dives

PAGES = Path(__file__).resolve().parents[4] / "web" / "src" / "why" / "executions.json"


def test_counts_each_execution_from_none_to_all_points() -> None:
    counts = counts_of(dives("107B", [0.0, 22.5, 22.5, 30.0]))

    assert len(counts) == 61
    assert (counts[0], counts[45], counts[60], sum(counts)) == (1, 2, 1, 4)


def test_the_pages_table_is_in_step_with_the_priors() -> None:
    table = json.loads(PAGES.read_text())
    executions = [step * STEP for step, count in enumerate(table["counts"]) for _ in range(count)]

    assert table["step"] == STEP
    assert f"{len(executions):,} real dives" in re.sub(r"\s+", " ", str(priors.__doc__))
    assert tuple(float(np.quantile(executions, share)) for share in SHRUNK) == priors.USUAL


@pytest.mark.skipif(LABELS is None, reason="the labels of real dives are not on this machine")
def test_the_pages_table_is_that_of_the_labels() -> None:
    assert LABELS is not None
    assert PAGES.read_text() == document_of(read_marks(LABELS))
