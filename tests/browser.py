"""The browser that the tests run: an installed one, else what can be had here; `python -m tests.browser` sees to it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "msedge")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
INSTALLS_WITHIN = 900.0
MISSING = (
    "The tests of the page need a browser, and none could be installed here. Install Chrome, Chromium or Edge, or name "
    "one of them: CHROMIUM=/path/to/chrome make test"
)


def installed(playwright: Playwright) -> Iterator[str]:
    """The programs that may be a browser, the likeliest first."""
    if named := os.environ.get("CHROMIUM"):
        yield named
        return
    yield from filter(None, map(shutil.which, COMMANDS))
    yield from (path for path in APPLICATIONS if Path(path).exists())
    if Path(playwright.chromium.executable_path).exists():
        yield playwright.chromium.executable_path


def launch(playwright: Playwright) -> Browser:
    """The first installed browser that starts. Raises PlaywrightError."""
    problem: PlaywrightError | None = None
    for path in installed(playwright):
        try:
            return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        except PlaywrightError as error:  # not a browser, or one that cannot run here: the next may
            problem = error
    raise problem or PlaywrightError(MISSING)


def starts() -> bool:
    """Whether a browser is there and starts."""
    with sync_playwright() as playwright:
        try:
            launch(playwright).close()
        except PlaywrightError:
            return False
        return True


def say(text: str) -> None:
    """A line for whoever waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def run(*command: str) -> bool:
    """Whether a command succeeds; what it prints is shown only if it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALLS_WITHIN,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"  {command[0]}: {error}")
        return False
    if done.returncode:
        say("  " + "\n  ".join((done.stderr or done.stdout).strip().splitlines()[-3:]))
    return done.returncode == 0


def install() -> bool:
    """Bring a browser: Playwright's own, else Debian's package where we are root."""
    say("No browser starts here: downloading Playwright's Chromium for the tests (about 150 MB)")
    if run(sys.executable, "-m", "playwright", "install", "chromium") and starts():
        return True
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        return False
    say("That failed: installing the package chromium (about 300 MB)")
    run("apt-get", "update", "-qq")
    return run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium") and starts()


def main(there: Callable[[], bool] = starts, bring: Callable[[], bool] = install) -> int:
    """See that there is a browser; the exit code says whether there is."""
    if there() or bring():
        return 0
    say(MISSING)
    return 1


if __name__ == "__main__":
    sys.exit(main())
