"""Limits of the system that a run would run into are reported before it starts, with the command that raises them."""

from typing import Any

import pytest

from divescore.ops.load.errors import QuotaTooSmall
from divescore.ops.load.quotas import check_quotas
from divescore.ops.load.schedule import burst, constant
from divescore.stack.deployed import Stack

LIMITS = {
    "OpenJobsPerClient": "20",
    "JobsPerDayPerClient": "200",
    "JobsPerDay": "1000",
    "ApiRate": "50",
    "ApiBurst": "100",
}


def stack(parameters: dict[str, str] | None = None, local: bool = False) -> Stack:
    def connect(service: str) -> Any:
        raise AssertionError(f"{service} is not needed")

    return Stack("dives", {}, LIMITS | (parameters or {}), local, connect)


def test_a_run_within_the_limits_is_let_through_without_a_word() -> None:
    assert check_quotas(stack(), constant(20, 1.0)) == []


def test_too_many_for_a_day_are_refused_with_the_command_that_helps() -> None:
    with pytest.raises(QuotaTooSmall) as caught:
        check_quotas(stack(), constant(300, 1.0))
    assert "JobsPerDayPerClient is 200" in caught.value.message
    assert "sam deploy --stack-name dives --parameter-overrides JobsPerDayPerClient=600" in caught.value.message
    with pytest.raises(QuotaTooSmall, match="divescore up --parameter JobsPerDay=4000"):
        check_quotas(stack({"JobsPerDayPerClient": "9999"}, local=True), constant(2000, 1.0))


def test_more_at_once_than_may_be_open_are_refused() -> None:
    with pytest.raises(QuotaTooSmall, match="OpenJobsPerClient is 20"):
        check_quotas(stack(), burst(21))
    with pytest.raises(QuotaTooSmall, match="51 of this run"):
        check_quotas(stack(), constant(100, 10.0))


def test_many_over_a_long_time_are_a_warning() -> None:
    (warning,) = check_quotas(stack(), constant(100, 1.0))
    assert "OpenJobsPerClient is 20" in warning


def test_a_rate_over_the_api_s_is_a_warning_on_aws_alone() -> None:
    many = {"OpenJobsPerClient": "9999", "JobsPerDayPerClient": "9999", "JobsPerDay": "9999"}
    (warning,) = check_quotas(stack(many), constant(2000, 200.0))
    assert "429" in warning
    assert "ApiRate=201" in warning
    assert check_quotas(stack(many, local=True), constant(2000, 200.0)) == []


def test_a_stack_without_the_parameter_has_no_such_limit() -> None:
    assert check_quotas(Stack("dives", {}, {}, False, stack().client), burst(10_000)) == []
