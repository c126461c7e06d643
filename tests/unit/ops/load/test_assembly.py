"""Options become a run, or a sentence on what is wrong with them."""

import pytest
from click.testing import CliRunner

from divescore.ops.load.assembly import sockets_for
from divescore.ops.load.clock import now
from divescore.ops.load.commands import load
from divescore.ops.load.errors import InvalidOptions
from divescore.ops.load.job_log import JobLog
from divescore.ops.load.sockets import Sockets, fewest
from divescore.stack.errors import NoSystem


def test_jobs_are_spread_over_the_sockets() -> None:
    assert [fewest(jobs, watchers) for jobs, watchers in ((1, 1), (100, 1), (101, 1), (100, 3), (1, 5))] == [
        1,
        1,
        2,
        3,
        5,
    ]
    assert [sockets_for(250, 1, asked) for asked in (None, 7, 0)] == [3, 7, None]
    sockets = Sockets(250, 5, 2, JobLog([0.0] * 250), now)
    seats = [socket for number in range(250) for socket in sockets.of(number)]
    assert all(len(set(sockets.of(number))) == 2 for number in range(250))
    assert max(seats.count(socket) for socket in range(5)) == 100


def test_too_few_sockets_are_refused() -> None:
    with pytest.raises(InvalidOptions, match="--sockets 3"):
        Sockets(250, 2, 1, JobLog([0.0] * 250), now)
    with pytest.raises(InvalidOptions, match="as many sockets"):
        Sockets(1, 2, 3, JobLog([0.0]), now)


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
