"""The record of what runs: written for its owner only, read back whole or not at all."""

import json
import stat
from pathlib import Path

import pytest

from divescore.stack import local_state
from divescore.stack.local.errors import NotACheckout
from divescore.stack.local_state import Credentials, Engine, Stack, State

ENGINE = Engine(pid=4242, port=4580, created=1.5, rootKeyId="LOCALROOT", rootSecret="root-secret")
STACK = Stack(
    api="http://127.0.0.1:4580/api",
    live="ws://127.0.0.1:4580/live",
    web="http://page.cloudfront.localhost:4580",
    bucket="uploads",
    queues={"scoring": "http://localhost:4580/0/scoring"},
    table="jobs",
    worker="worker-function",
    functions={"worker": "worker-function"},
    site="site",
    uploads="http://127.0.0.1:4580",
)


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    saved = State(ENGINE, Credentials("KEY", "secret"), STACK, weights="/weights", folder=tmp_path)
    saved.save()
    assert local_state.load(tmp_path) == saved


def test_a_start_that_has_not_finished_is_read_back_without_a_stack(tmp_path: Path) -> None:
    State(ENGINE, folder=tmp_path).save()
    found = local_state.load(tmp_path)
    assert found is not None
    assert found.stack is None
    assert found.credentials is None


def test_it_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    current = State(ENGINE, folder=tmp_path)
    current.save()
    assert stat.S_IMODE(current.path.stat().st_mode) == 0o600


def test_the_addresses_stand_at_its_top(tmp_path: Path) -> None:
    State(ENGINE, Credentials("KEY", "secret"), STACK, folder=tmp_path).save()
    record = json.loads((tmp_path / "stack.json").read_text())
    assert record["api"] == STACK.api
    assert record["engine"]["endpoint"] == "http://127.0.0.1:4580"
    assert record["credentials"] == {"accessKeyId": "KEY", "secretAccessKey": "secret"}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"engine": {"pid": 1}}'])
def test_a_record_that_is_not_whole_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "stack.json").write_text(text)
    assert local_state.load(tmp_path) is None


def test_no_record_is_none(tmp_path: Path) -> None:
    assert local_state.load(tmp_path / "nowhere") is None


def test_the_folder_is_chosen_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    assert local_state.home() == tmp_path
    monkeypatch.delenv("DIVESCORE_HOME")
    assert local_state.home() == local_state.project_root() / ".divescore"


def test_outside_a_checkout_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("divescore.__file__", str(tmp_path / "src" / "divescore" / "__init__.py"))
    with pytest.raises(NotACheckout, match="make setup"):
        local_state.project_root()
