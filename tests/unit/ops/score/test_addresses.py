"""The API behind a link."""

import asyncio
from pathlib import Path

import httpx
import pytest

from divescore.ops.score.addresses import api_of_link
from divescore.stack.errors import NoSystem
from tests.fakes.local_state import API, WEB, record


def test_a_link_to_the_local_page_means_the_local_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path)
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    assert asyncio.run(api_of_link(WEB.rstrip("/"))) == API


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))


@pytest.mark.usefixtures("elsewhere")
def test_a_link_to_another_page_means_the_api_that_the_page_uses() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "https://dive.test/config.json"
        return httpx.Response(200, json={"api": "https://api.test/"})

    assert asyncio.run(api_of_link("https://dive.test", httpx.MockTransport(handler))) == "https://api.test"


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    "answer", [httpx.Response(404), httpx.Response(200, html="<p>"), httpx.Response(200, json=[]), None]
)
def test_a_page_that_names_no_api_is_told(answer: httpx.Response | None) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if answer is None:
            raise httpx.ConnectError("refused")
        return answer

    with pytest.raises(NoSystem, match="--api"):
        asyncio.run(api_of_link("https://dive.test", httpx.MockTransport(handler)))
