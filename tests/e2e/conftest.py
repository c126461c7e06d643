"""A real browser on the real local system: one Chromium for the session, one fresh context for each test."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, WebSocket, expect, sync_playwright

from tests.browser import launch
from tests.conftest import divescore

RENDER_WITHIN = 60.0
# Long, so that none of these tests is one of the machine's pace.
WITHIN_MS = 60_000
expect.set_options(timeout=WITHIN_MS)
# Watches the words of every card's stage from the first moment on.
STAGE_RECORDER = """
window.__stages = [];
new MutationObserver(() => {
  for (const card of document.querySelectorAll("article")) {
    const name = card.querySelector("h3").textContent;
    const stage = card.querySelector("[data-testid=stage]")?.textContent;
    if (stage === undefined) continue; // a card that could not be drawn
    const seen = window.__stages.filter(([other]) => other === name).at(-1);
    if (seen === undefined || seen[1] !== stage) window.__stages.push([name, stage]);
  }
}).observe(document, { subtree: true, childList: true, characterData: true });
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of this test session."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@dataclass
class Visit:
    """One person's browser on the page, and what it did: its requests, its sockets' messages, its console."""

    page: Page
    api: str
    requests: list[tuple[str, str]] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    pushes: list[dict[str, Any]] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def asked_for_jobs(self) -> list[str]:
        """The paths of all requests for a job's state."""
        base = urlsplit(self.api).path
        paths = [
            (method, urlsplit(url).path.removeprefix(base)) for method, url in self.requests if url.startswith(self.api)
        ]
        return [path for method, path in paths if method == "GET" and re.fullmatch(r"/jobs/[^/]+", path)]

    def pushed(self) -> list[str]:
        """The states that arrived over the socket, without repeats in a row."""
        states = [message["job"]["status"] for message in self.pushes if message["type"] == "job"]
        return [state for index, state in enumerate(states) if index == 0 or states[index - 1] != state]

    def stages(self) -> list[str]:
        """What the cards said, in order of time."""
        return [stage for _, stage in self.page.evaluate("window.__stages")]


Visitor = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, stack: dict[str, Any]) -> Iterator[Visitor]:
    """Open the page as a new person; at the end nobody's console may hold an error or a warning."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def open_page(url: str = stack["web"], prepare: Callable[[Page], None] | None = None) -> Visit:
        context = browser.new_context()
        contexts.append(context)
        context.add_init_script(STAGE_RECORDER)
        page = context.new_page()
        page.set_default_timeout(WITHIN_MS)
        visit = Visit(page, stack["api"])
        visits.append(visit)
        listen(visit)
        if prepare is not None:
            prepare(page)
        page.goto(url)
        return visit

    yield open_page
    for context in contexts:
        context.close()
    for one in visits:
        assert one.console == []


def listen(visit: Visit) -> None:
    """Keep what the page does from now on."""

    def on_request(request: Request) -> None:
        visit.requests.append((request.method, request.url))

    def on_socket(socket: WebSocket) -> None:
        visit.sockets.append(socket.url)
        socket.on("framereceived", lambda frame: visit.pushes.append(cast(dict[str, Any], json.loads(frame))))

    page = visit.page
    page.on("request", on_request)
    page.on("websocket", on_socket)
    page.on("pageerror", lambda error: visit.console.append(str(error)))
    page.on("console", lambda line: visit.console.append(line.text) if line.type in ("error", "warning") else None)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three rendered dives."""
    folder = tmp_path_factory.mktemp("clips")
    paths = []
    for seed, dive in enumerate(("107B", "5253B", "405C")):
        path = folder / f"{dive}.webm"
        made = divescore("render", "--dive", dive, "--seed", str(seed), "--out", str(path), timeout=RENDER_WITHIN)
        assert made.returncode == 0, made.stderr
        paths.append(path)
    return paths
