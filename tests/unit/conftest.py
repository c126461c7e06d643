"""What unit tests share: a world of fakes, and the stack's resources on moto."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from moto import mock_aws

from tests.fakes.aws import REGION, Aws, make_stack
from tests.fakes.world import World

# Enough to find what a change breaks, few enough for two busy cores; `make soak` asks for more.
settings.register_profile("unit", max_examples=40, deadline=None)
settings.register_profile("soak", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "unit"))


@pytest.fixture
def world() -> World:
    """Gate, worker, sweeper and table over fakes, on a clock that only the test moves."""
    return World()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Table, bucket, queues and secret on moto."""
    for name, value in {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield make_stack()
