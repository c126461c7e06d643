"""The notes from which an upload is taken up again."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from divescore.client.parts.unfinished import Notebook, Unfinished, fingerprint, state_folder

UNFINISHED = Unfinished("http://api.test", "job", "secret-token", 100, 7)


def test_what_is_written_is_read_until_it_is_over(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "deep" / "uploads")
    assert notebook.read("key") is None
    notebook.write("key", replace(UNFINISHED, job_id="earlier"))
    notebook.write("key", UNFINISHED)
    assert notebook.read("key") == UNFINISHED
    assert notebook.read("other") is None
    for _ in range(2):
        notebook.forget("key")
    assert notebook.read("key") is None
    assert list((tmp_path / "deep" / "uploads").iterdir()) == []


def test_the_token_is_the_owners_alone(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        Notebook(tmp_path / "uploads").write("key", UNFINISHED)
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "uploads" / "key.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "uploads").stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"api": 1}', "\x00"])
def test_notes_that_cannot_be_read_count_for_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)
    assert Notebook(tmp_path).read("key") is None


def test_a_file_is_known_by_its_size_time_ends_and_destination(tmp_path: Path) -> None:
    path = tmp_path / "dive.mp4"
    data = bytearray(300_000)

    def known(api: str = "a") -> str:
        path.write_bytes(data)
        os.utime(path, (1, 1))
        return fingerprint(path, api)

    first = known()
    assert known() == first
    assert known("b") != first
    for place in (0, -1):
        data[place] ^= 1
        assert known() != first
        data[place] ^= 1
    data.append(0)
    assert known() != first
    del data[-1]
    assert known() == first
    os.utime(path, (2, 2))
    assert fingerprint(path, "a") != first


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "divescore" / "uploads"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert state_folder() == tmp_path / "me" / ".local" / "state" / "divescore" / "uploads"
