"""What wraps every handler."""

from typing import Any

import pytest
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import observability
from functions.observability import observed
from tests.fakes.lambdas import context, counted


def echo(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    observability.logger.append_keys(seen=True)
    observability.metrics.add_metric(name="Seen", unit=MetricUnit.Count, value=1)
    return event


@pytest.mark.parametrize("asked", [True, False])
def test_calls_are_traced_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch, asked: bool) -> None:
    patched: list[bool] = []
    monkeypatch.setattr(observability.tracer, "patch", lambda: patched.append(True))
    assert observed(trace_calls=asked)(echo)({"a": 1}, context()) == {"a": 1}
    assert patched == [True] * asked


def test_metrics_are_written_when_the_handler_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    observed()(echo)({}, context())
    assert counted(capsys.readouterr().out)["Seen"] == [1.0]


def test_one_event_leaves_nothing_in_the_log_of_the_next() -> None:
    handler = observed(correlation_id_path="id")(echo)
    handler({"id": "first"}, context())
    seen: list[Any] = []

    def look(event: dict[str, Any], lambda_context: LambdaContext) -> dict[str, Any]:
        seen.append(dict(observability.logger.get_current_keys()))
        return echo(event, lambda_context)

    observed(correlation_id_path="id")(look)({"id": "second"}, context())
    assert seen[0]["correlation_id"] == "second"
    assert "seen" not in seen[0]
