"""Options become a plan, or a sentence on what is wrong with them."""

import pytest
from click.testing import CliRunner

from divescore.ops.load.assembly import plan, sockets_for
from divescore.ops.load.clock import Clock
from divescore.ops.load.commands import load
from divescore.ops.load.errors import Misused
from divescore.ops.load.job_log import Ledger
from divescore.ops.load.sockets import Sockets, fewest
from divescore.stack.errors import NoSystem


def test_the_schedule_follows_from_what_is_given() -> None:
    assert plan(None, 3, None, 0, None, 0, 1).arrivals == [0, 0, 0]
    assert plan(None, 3, 2.0, 0, None, 0, 1).arrivals == [0, 0.5, 1]
    assert plan("burst", 3, None, 0, 2, 5.0, 1).arrivals == [0, 0, 5]
    assert plan("ramp", 4, 4.0, 4.0, None, 0, 1).arrivals == [0, 0.25, 0.5, 0.75]
    assert plan("poisson", 9, 4.0, 0, None, 0, 1).arrivals != plan("poisson", 9, 4.0, 0, None, 0, 2).arrivals
    assert "seed 2" in plan("poisson", 9, 4.0, 0, None, 0, 2).words


@pytest.mark.parametrize(
    ("kind", "rate", "size", "every"),
    [("burst", 2.0, None, 0), ("constant", None, None, 0), ("poisson", 2.0, 5, 0), (None, 2.0, None, 3.0)],
)
def test_options_that_contradict_each_other_are_refused(
    kind: str | None, rate: float | None, size: int | None, every: float
) -> None:
    with pytest.raises(Misused):
        plan(kind, 10, rate, 0, size, every, 1)


def test_jobs_are_spread_over_the_sockets() -> None:
    assert [fewest(jobs, watchers) for jobs, watchers in ((1, 1), (100, 1), (101, 1), (100, 3), (1, 5))] == [
        1,
        1,
        2,
        3,
        5,
    ]
    assert [sockets_for(250, 1, asked) for asked in (None, 7, 0)] == [3, 7, None]
    sockets = Sockets(250, 5, 2, Ledger([0.0] * 250), Clock())
    seats = [socket for number in range(250) for socket in sockets.of(number)]
    assert all(len(set(sockets.of(number))) == 2 for number in range(250))
    assert max(seats.count(socket) for socket in range(5)) == 100


def test_too_few_sockets_are_refused() -> None:
    with pytest.raises(Misused, match="--sockets 3"):
        Sockets(250, 2, 1, Ledger([0.0] * 250), Clock())
    with pytest.raises(Misused, match="as many sockets"):
        Sockets(1, 2, 3, Ledger([0.0]), Clock())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--require", "speed=1"], "is nothing that a report holds"),
        (["--schedule", "poisson"], "needs --rate"),
        (["--sockets", "none"], "neither a number nor"),
        (["--sockets", "0"], "has to be a socket"),
        (["--via", "pigeon"], "pigeon"),
        (["nowhere.webm"], "nowhere.webm"),
    ],
)
def test_wrong_usage_exits_2(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(load, arguments)
    assert done.exit_code == 2
    assert said in done.output


def test_no_system_is_one_sentence_and_exits_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_stack: str | None) -> None:
        raise NoSystem("The system is not running on this machine. Start it with: divescore up")

    monkeypatch.setattr("divescore.ops.load.assembly.find_stack", nowhere)
    done = CliRunner().invoke(load, [__file__])
    assert done.exit_code == 1
    assert done.output.strip() == "Error: The system is not running on this machine. Start it with: divescore up"
