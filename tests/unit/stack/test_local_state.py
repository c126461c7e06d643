"""The record of what runs: written for its owner only, read back whole or not at all."""

import json
import stat
from pathlib import Path

import pytest

from divescore.stack import local_state
from divescore.stack.errors import NoSystem
from divescore.stack.local.checkout import project_root
from tests.fakes.local_state import API, record


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    saved = record(tmp_path)
    assert local_state.load(tmp_path) == saved


def test_a_start_that_has_not_finished_is_read_back_without_a_stack(tmp_path: Path) -> None:
    record(tmp_path, ready=False)
    found = local_state.load(tmp_path)
    assert found is not None
    assert found.stack is None
    assert found.credentials is None


def test_it_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    assert stat.S_IMODE(record(tmp_path).path.stat().st_mode) == 0o600


def test_the_addresses_stand_at_its_top(tmp_path: Path) -> None:
    record(tmp_path, port=4580)
    document = json.loads((tmp_path / "stack.json").read_text())
    assert document["api"] == API
    assert document["engine"]["endpoint"] == "http://127.0.0.1:4580"
    assert document["credentials"] == {"accessKeyId": "KEY", "secretAccessKey": "secret"}


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
    assert local_state.home() == project_root() / ".divescore"


def test_a_reader_looks_in_the_folders_above_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIVESCORE_HOME", raising=False)
    below = tmp_path / "videos" / "of-today"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    saved = record(tmp_path / ".divescore")
    assert local_state.find() == saved


def test_a_file_that_is_not_whole_is_told_to_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    (tmp_path / "stack.json").write_text('{"api": "http://127.0.0.1:1"}')
    with pytest.raises(NoSystem, match=r"stack\.json cannot be read .*'engine'.*divescore up"):
        local_state.find()
