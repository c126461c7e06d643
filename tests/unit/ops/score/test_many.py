"""The command with many files: what is printed where, and what is wrong usage."""

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from click.testing import CliRunner, Result

from divescore.client.http import Http
from divescore.ops.score.commands import score
from tests.unit.client.service import API, Service
from tests.unit.ops.score.test_batch import Busy

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Busy:
    busy = Busy()

    class Running(Http):
        """The stand-in's sockets run as long as the client that talks to it."""

        async def __aenter__(self) -> Self:
            self.stack = AsyncExitStack()
            await self.stack.enter_async_context(busy.running())
            return await super().__aenter__()

        async def __aexit__(self, *problem: Any) -> None:
            await super().__aexit__(*problem)
            await self.stack.aclose()

    monkeypatch.setattr("divescore.ops.score.many.Http", lambda api: Running(api, httpx.MockTransport(busy.handle)))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for number in (1, 2, 7, 11):
        (tmp_path / f"{number}.mp4").write_bytes(b"a video")
    return busy


def run(folder: Path, *arguments: str, numbers: tuple[int, ...] = (1, 2, 7, 11)) -> Result:
    names = [str(folder / f"{number}.mp4") for number in numbers]
    return CliRunner().invoke(score, ["--api", API, *arguments, *names])


def test_a_table_is_read_and_one_is_printed(service: Busy, tmp_path: Path) -> None:
    (tmp_path / "dives.csv").write_text("file,dive,height,reference\n1.mp4,107B,3,order 7\n", encoding="utf-8")
    done = run(tmp_path, "--csv", str(tmp_path / "dives.csv"), "--jobs", "1")
    assert done.exit_code == 3, done.output
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if ".mp4" in line}
    assert all(part in rows["1.mp4"] for part in ("SCORED", "80.50"))
    assert "DAMAGED: Cut short." in rows["7.mp4"]
    assert "UPLOAD_REFUSED" in rows["11.mp4"]
    assert "has no row for 3 of the files: 2.mp4, 7.mp4, 11.mp4" in done.stderr
    assert "4 files: 2 scored, 1 rejected, 1 not scored" in done.stderr


def test_what_the_table_declares_is_sent(service: Busy, tmp_path: Path) -> None:
    (tmp_path / "dives.csv").write_text("file,dive,height,reference\n1.mp4,107B,3,order 7\n", encoding="utf-8")
    assert run(tmp_path, "--csv", str(tmp_path / "dives.csv"), numbers=(1,)).exit_code == 0
    told = {"dive": "107B", "height": 3.0, "reference": "order 7"}
    assert {name: service.declared[name] for name in told} == told


def test_jsonl_is_a_line_for_each_file_and_nothing_else(service: Busy, tmp_path: Path) -> None:
    done = run(tmp_path, "--jsonl")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    by_name = {Path(line["file"]).name: line for line in lines}
    assert set(by_name) == {"1.mp4", "2.mp4", "7.mp4", "11.mp4"}
    assert by_name["1.mp4"]["job"]["status"] == "SCORED"
    assert by_name["11.mp4"]["error"]["code"] == "UPLOAD_REFUSED"
    assert "events" not in by_name["1.mp4"]


def test_json_stays_one_document(service: Busy, tmp_path: Path) -> None:
    done = run(tmp_path, "--json", "--jobs", "2")
    documents = json.loads(done.stdout)
    assert [document["job"]["status"] for document in documents[:3]] == ["SCORED", "SCORED", "REJECTED"]


def test_resume_skips_what_is_done(service: Busy, tmp_path: Path) -> None:
    run(tmp_path, "--resume", numbers=(1, 2))
    sent = len(service.names)
    done = run(tmp_path, "--resume", "--jsonl", numbers=(1, 2, 7))
    lines = {Path(line["file"]).name: line for line in map(json.loads, done.stdout.splitlines())}
    assert [name for name, line in sorted(lines.items()) if line.get("before")] == ["1.mp4", "2.mp4"]
    assert len(service.names) == sent + 1
    assert done.exit_code == 3, "the one that was rejected"
    assert "3 files: 2 scored, 1 rejected (2 of them before)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--jsonl", "--json"], "choose one"),
        (["--jobs", "0"], "1<=x<=100"),
        (["--jobs", "2", "--marks", "score=80", "--consent"], "one file at a time"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(tmp_path: Path, service: Service, arguments: list[str], said: str) -> None:
    done = run(tmp_path, *arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


def test_a_bad_table_is_wrong_usage_before_anything_is_sent(service: Busy, tmp_path: Path) -> None:
    (tmp_path / "dives.csv").write_text("file,height\n1.mp4,4\n", encoding="utf-8")
    done = run(tmp_path, "--csv", str(tmp_path / "dives.csv"))
    assert done.exit_code == 2
    assert "line 2: a height is one of" in " ".join(done.stderr.split())
    assert service.calls == []
