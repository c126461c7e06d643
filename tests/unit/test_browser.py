"""A browser is brought before the tests start, or the sentence says what to install."""

import pytest

from tests import browser


def test_a_browser_that_is_there_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    def bring() -> bool:
        raise AssertionError("nothing needs to be installed")

    assert browser.main(lambda: True, bring) == 0
    assert capsys.readouterr().err == ""


def test_one_that_is_missing_is_brought() -> None:
    assert browser.main(lambda: False, lambda: True) == 0


def test_where_none_can_be_had_a_sentence_says_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    assert browser.main(lambda: False, lambda: False) == 1
    assert "Install Chrome, Chromium or Edge" in capsys.readouterr().err


class Machine:
    """Commands that succeed or fail, and a browser that is there once a given one has run."""

    def __init__(self, brings: str) -> None:
        self.brings = brings
        self.ran: list[str] = []

    def run(self, *command: str) -> bool:
        self.ran.append(" ".join(command[1:]))
        return self.brings in command or "apt-get" in command[0]

    def starts(self) -> bool:
        return any(self.brings in line for line in self.ran)


@pytest.mark.parametrize(
    ("brings", "user", "found", "commands"),
    [
        ("playwright", 1000, True, 1),
        ("chromium-of-debian", 1000, False, 1),
        ("chromium", 0, True, 1),
        ("--no-install-recommends", 0, True, 3),
    ],
)
def test_playwrights_own_comes_first_then_roots_package(
    monkeypatch: pytest.MonkeyPatch, brings: str, user: int, found: bool, commands: int
) -> None:
    machine = Machine(brings)
    monkeypatch.setattr(browser, "run", machine.run)
    monkeypatch.setattr(browser, "starts", machine.starts)
    monkeypatch.setattr("os.getuid", lambda: user)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert browser.install() is found
    assert len(machine.ran) == commands


def test_a_command_that_fails_shows_its_last_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert not browser.run("python3", "-c", "import sys; sys.exit('no such thing')")
    assert "no such thing" in capsys.readouterr().err
    assert not browser.run("/nonexistent/program")
    assert "/nonexistent/program" in capsys.readouterr().err
