"""Starting a browser, wherever one is installed."""

import os
from pathlib import Path

from playwright.sync_api import Browser, Playwright
from playwright.sync_api import Error as PlaywrightError

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium or the one that CHROMIUM names, else an installed Chrome, else Playwright's own."""
    path = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    if Path(path).exists():
        return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    try:
        return playwright.chromium.launch(channel="chrome", args=ARGUMENTS)
    except PlaywrightError:
        return playwright.chromium.launch(args=ARGUMENTS)
