"""Tokens and links, read without their key."""

import base64
import json

import pytest

from divescore.client.errors import ClientError
from divescore.client.links import Link, job_of, parse_link


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
