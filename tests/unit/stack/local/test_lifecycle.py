"""The folder of the local system is its owner's alone, whatever was there."""

import stat
from pathlib import Path

import pytest

from divescore.stack.local.errors import LocalError
from divescore.stack.local.lifecycle import make_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_that_is_not_there_is_made_private(tmp_path: Path) -> None:
    make_private(tmp_path / "new" / "home")
    assert mode(tmp_path / "new" / "home") == 0o700


def test_what_others_could_read_becomes_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("state", "objects", "tmp", "replay"):
        (home / name).mkdir(parents=True, mode=0o755)
    for name in ("stack.json", "engine.log", "saved", "lock"):
        (home / name).touch(mode=0o644)
    home.chmod(0o755)
    make_private(home)
    assert mode(home) == 0o700
    assert {path.name: mode(path) for path in home.iterdir()} == {
        **dict.fromkeys(("state", "objects", "tmp", "replay"), 0o700),
        **dict.fromkeys(("stack.json", "engine.log", "saved", "lock"), 0o600),
    }


def test_a_folder_of_other_things_is_not_taken_from_its_users(tmp_path: Path) -> None:
    home = tmp_path / "shared"
    home.mkdir()
    home.chmod(0o755)
    (home / "holiday.jpg").touch()
    with pytest.raises(LocalError, match=r"holiday\.jpg.*DIVESCORE_HOME"):
        make_private(home)
    assert mode(home) == 0o755
    home.chmod(0o700)
    make_private(home)


def test_a_folder_that_cannot_be_changed_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match="cannot be made private"):
        make_private(tmp_path / "file" / "home")
