"""Tokens and links, read without their key."""

import asyncio
import base64
import json
from pathlib import Path

import httpx
import pytest

from divescore.client.errors import ClientError, NoSystem
from divescore.client.links import Link, api_of_link, job_of, parse_link


def token(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{payload}.signature"


def test_a_bare_token_has_no_site() -> None:
    assert parse_link("a.b.c") == Link("a.b.c")


def test_a_link_carries_its_token_in_the_fragment() -> None:
    assert parse_link("https://dive.test/#share=a.b-c_d.e") == Link("a.b-c_d.e", "https://dive.test")


@pytest.mark.parametrize("link", ["https://dive.test/", "https://dive.test/?share=a", "https://dive.test/#share="])
def test_a_link_without_a_token_is_told(link: str) -> None:
    with pytest.raises(ClientError) as raised:
        parse_link(link)
    assert raised.value.code == "INVALID_LINK"


@pytest.mark.parametrize("length", range(4))
def test_the_job_is_the_subject_whatever_the_padding(length: int) -> None:
    assert job_of(token({"sub": "0123456789abcdef", "x": "y" * length})) == "0123456789abcdef"


@pytest.mark.parametrize(
    "text", ["", "abc", "a.b.c", "a.!!.c", token([1]), token({}), token({"sub": 7}), token({"sub": "../x"})]
)
def test_what_names_no_job_is_told(text: str) -> None:
    with pytest.raises(ClientError) as raised:
        job_of(text)
    assert raised.value.code == "INVALID_TOKEN"


def test_a_link_to_the_local_page_means_the_local_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stack.json").write_text(
        json.dumps({"api": "http://127.0.0.1:1/api", "web": "http://page.localhost:1/"})
    )
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    assert asyncio.run(api_of_link("http://page.localhost:1")) == "http://127.0.0.1:1/api"


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
