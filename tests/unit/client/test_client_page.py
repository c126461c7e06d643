"""The examples of docs/client.md, run as they stand there against a stand-in for the service."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.unit.client.service import API, Service

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "client.md").read_text()
EXAMPLES = dict(re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```$", PAGE, re.M | re.S))
ENDS_WITHIN = 20.0
SAYS = {
    "A script": "SCORED 80.5",
    "Watching": "SCORED ",
    "Several at once": "other.mp4 80.5",
    "Coming back, sharing, correcting, erasing": "counted anew: 80.5",
    "When something goes wrong": "SCORED",
}


class Whole(Service):
    """Answers sharing and amending too, and gives tokens that name their job."""

    async def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/share"):
            return httpx.Response(201, json={"token": "t", "url": "https://page.test/#share=t"})
        if request.method == "PATCH":
            return httpx.Response(200, json={"job": self.jobs[request.url.path.split("/")[2]]})
        return await super().handle(request)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Whole]:
    """A service in a loop of its own, since each example runs one; two videos in the working folder."""
    service = Whole()
    started, loop = threading.Event(), asyncio.new_event_loop()
    ending = asyncio.Event()

    async def serve() -> None:
        async with service.running():
            started.set()
            await ending.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(ENDS_WITHIN)

    async def answer(request: httpx.Request) -> httpx.Response:
        work = asyncio.run_coroutine_threadsafe(service.handle(request), loop)
        return await asyncio.wrap_future(work)

    from divescore.client.http import Http

    monkeypatch.setattr("divescore.client.service.Http", lambda api: Http(api, httpx.MockTransport(answer)))
    monkeypatch.setattr("divescore.client.service.job_of", lambda token: token.removeprefix("token-"))
    monkeypatch.setenv("DIVESCORE_API", API)
    monkeypatch.chdir(tmp_path)
    for name in ("dive.mp4", "other.mp4"):
        (tmp_path / name).write_bytes(b"a video")
    yield service
    loop.call_soon_threadsafe(ending.set)
    thread.join()
    loop.close()


def test_every_section_with_code_is_tried() -> None:
    assert set(EXAMPLES) == set(SAYS)
    assert PAGE.count("```python") == len(SAYS)


@pytest.mark.parametrize("section", SAYS)
def test_an_example_does_what_the_page_says(running: Whole, section: str, capsys: pytest.CaptureFixture[str]) -> None:
    beginning = "from divescore.client import Divescore\n"  # what the page's first example imports
    exec(compile(beginning + EXAMPLES[section], "docs/client.md", "exec"), {})  # the page's own code is what is tested
    assert SAYS[section] in capsys.readouterr().out
