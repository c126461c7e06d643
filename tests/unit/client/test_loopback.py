"""Addresses of this machine."""

import pytest

from divescore.client.loopback import on_this_machine


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:4566/x", True),
        ("ws://localhost:1/live?ticket=a", True),
        ("http://[::1]:80", True),
        ("https://127.0.0.1.evil.test", False),
        ("https://api.test", False),
        ("http://[broken", False),
        ("127.0.0.1:4566", False),
    ],
)
def test_on_this_machine(url: str, here: bool) -> None:
    assert on_this_machine(url) is here
