"""The subscriber that docs/protocol.md shows does what the page says, run as it stands there."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from divescore.live.settled import settled_message
from divescore.views import Status
from tests.fakes.jobs import job_in

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "protocol.md").read_text()


@pytest.fixture
def subscriber(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The page's example as a module's names, with a database of its own."""
    [code] = re.findall(r"^```python\n(.*?)^```$", PAGE.split("## For servers")[1], re.M | re.S)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/protocol.md", "exec"), names)  # the page's own code is what is tested
    yield names
    names["database"].close()


def scored(version: int, points: float) -> str:
    return settled_message(job_in(Status.SCORED, version=version, result={"score": points})).body


def test_each_version_counts_once_and_the_newest_score_stays(subscriber: dict[str, Any]) -> None:
    take: Callable[[str], bool] = subscriber["take"]
    failed = settled_message(job_in(Status.FAILED, version=4)).body
    heard = [failed, scored(7, 80.5), scored(7, 80.5), scored(6, 84.15), failed, scored(6, 84.15)]
    assert [take(body) for body in heard] == [True, True, False, True, False, False]
    rows = subscriber["database"].execute("SELECT * FROM scores").fetchall()
    assert rows == [(json.loads(heard[0])["jobId"], 7, 80.5)]


def test_what_fails_halfway_is_new_when_it_comes_again(subscriber: dict[str, Any]) -> None:
    take: Callable[[str], bool] = subscriber["take"]
    with pytest.raises(KeyError):
        take(settled_message(job_in(Status.SCORED, result={})).body)
    assert take(scored(5, 80.5))
