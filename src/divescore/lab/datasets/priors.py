"""What real dives say of a dive before anybody saw it: the table of `divescore.priors`, made from judges' marks.

`python -m divescore.lab.datasets.priors LABELS.csv > src/divescore/priors.py`, then `ruff format`. The labels are
those of MTL-AQA with a column `judge_scores` of seven marks parted by strokes. Quantiles, since single failed dives of
nought are no sign of the others, shrunk towards those of more dives, as far as that lowers the error on competitions
left out.
"""

import csv
import pprint
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from divescore.dives import parse_dive
from divescore.estimate import band_of, family_of
from divescore.judging import execution_of
from divescore.priors import Quantiles

Key = TypeVar("Key", bound=Hashable)

SHRUNK = {0.05: 100.0, 0.5: 10.0, 0.95: 100.0}
"""Quantiles of the table, and how many dives count as much as what is said of more: few tell where the tails lie."""


@dataclass(frozen=True)
class MarkedDive:
    """One dive of the labels."""

    event: str
    number: str
    difficulty: float
    execution: float


@dataclass(frozen=True)
class Priors:
    """Low, middle and high execution: of all, by band of difficulty, by family, by number; how often numbers came."""

    usual: Quantiles
    by_difficulty: Mapping[float, Quantiles]
    by_family: Mapping[str, Quantiles]
    by_number: Mapping[str, Quantiles]
    how_often: Mapping[str, int]

    def of(self, dive: MarkedDive) -> Quantiles:
        """What to expect of a dive whose number is known."""
        if dive.number in self.by_number:
            return self.by_number[dive.number]
        return self.by_family.get(family_of(parse_dive(dive.number)), self.usual)


def read_marks(path: Path) -> list[MarkedDive]:
    """The dives of a file of labels; raises ValueError for marks that are none."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            MarkedDive(
                row["event"],
                row["dive_number"],
                float(row["difficulty"]),
                execution_of([float(mark) for mark in row["judge_scores"].split("/")]),
            )
            for row in csv.DictReader(file)
        ]


def priors_of(dives: Sequence[MarkedDive]) -> Priors:
    """The table of `dives`."""
    usual = _quantiles([dive.execution for dive in dives])
    families = _shrunk(dives, lambda dive: family_of(parse_dive(dive.number)), lambda _: usual)
    return Priors(
        usual,
        _shrunk(dives, lambda dive: band_of(dive.difficulty), lambda _: usual),
        families,
        _shrunk(dives, lambda dive: dive.number, lambda number: families[family_of(parse_dive(number))]),
        dict(sorted(Counter(dive.number for dive in dives).items())),
    )


def _quantiles(executions: Sequence[float]) -> Quantiles:
    low, middle, high = (float(np.quantile(executions, share)) for share in SHRUNK)
    return low, middle, high


def _shrunk(
    dives: Iterable[MarkedDive], key: Callable[[MarkedDive], Key], more: Callable[[Key], Quantiles]
) -> dict[Key, Quantiles]:
    groups: dict[Key, list[float]] = defaultdict(list)
    for dive in dives:
        groups[key(dive)].append(dive.execution)
    table = {}
    for of, group in sorted(groups.items(), key=lambda item: str(item[0])):
        low, middle, high = (
            round((len(group) * own + weight * other) / (len(group) + weight), 2)
            for own, other, weight in zip(_quantiles(group), more(of), SHRUNK.values(), strict=True)
        )
        table[of] = (low, middle, high)
    return table


def left_out(dives: Sequence[MarkedDive]) -> tuple[float, float]:
    """Mean error of the middle, and the share between low and high, of dives by what all other competitions say."""
    errors, inside = [], []
    for event in sorted({dive.event for dive in dives}):
        priors = priors_of([dive for dive in dives if dive.event != event])
        for dive in dives:
            if dive.event == event:
                low, middle, high = priors.of(dive)
                errors.append(abs(dive.execution - middle))
                inside.append(low <= dive.execution <= high)
    return float(np.mean(errors)), float(np.mean(inside))


def module_of(dives: Sequence[MarkedDive]) -> str:
    """The source of `divescore.priors`."""
    priors, (error, inside) = priors_of(dives), left_out(dives)
    difficulties = tuple(round(float(np.quantile([dive.difficulty for dive in dives], share)), 2) for share in SHRUNK)
    events = len({dive.event for dive in dives})
    return f'''"""What {len(dives):,} real dives say of a dive before anybody saw it: executions to be expected.

Points of 30. Low, middle and high: a twentieth lies below, half, and a twentieth above. Quantiles of what seven judges
gave in {events} competitions, shrunk towards those of more dives; written by `python -m divescore.lab.datasets.priors`
from the labels of MTL-AQA (Parmar and Morris, CVPR 2019). On competitions that are left out the middle errs by
{error:.2f} points in the mean, and {inside:.1%} lie between low and high.
"""

Quantiles = tuple[float, float, float]

USUAL: Quantiles = {priors.usual}
DIFFICULTY: Quantiles = {difficulties}
"""Of the difficulty, over all dives."""
# fmt: off
BY_DIFFICULTY: dict[float, Quantiles] = {_lines(priors.by_difficulty)}
"""Where nothing but the difficulty is known, to the nearest half."""
BY_FAMILY: dict[str, Quantiles] = {_lines(priors.by_family)}
"""Group and letter of the position."""
BY_NUMBER: dict[str, Quantiles] = {_lines(priors.by_number)}
HOW_OFTEN: dict[str, int] = {_lines(priors.how_often)}
"""Dives by number."""
# fmt: on
'''


def _lines(table: Mapping[Key, Quantiles] | Mapping[Key, int]) -> str:
    return f"{{\n {pprint.pformat(dict(table), width=118, compact=True)[1:-1]},\n}}".replace("\n ", "\n    ").replace(
        "'", '"'
    )


if __name__ == "__main__":
    sys.stdout.write(module_of(read_marks(Path(sys.argv[1]))))
