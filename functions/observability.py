"""What every function records: a log, metrics, and a trace of each invocation."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

logger = Logger()
metrics = Metrics()
tracer = Tracer(auto_patch=False)


def observed(*, correlation_id_path: str | None = None, trace_calls: bool = True) -> Callable[[Handler], Handler]:
    """A handler whose log lines name the invocation, whose metrics are written at its end, and which is traced.

    `correlation_id_path`: where an event holds what its log lines belong to. `trace_calls`: its calls to AWS too; a
    function that makes them in threads goes without, since there a trace has no open segment.
    """
    if trace_calls:
        tracer.patch()

    def observe(handler: Handler) -> Handler:
        # Never an answer in a trace: it may hold a token.
        traced = tracer.capture_lambda_handler(handler, capture_response=False)
        measured = metrics.log_metrics(traced)
        logged: Handler = logger.inject_lambda_context(
            measured, clear_state=True, correlation_id_path=correlation_id_path
        )
        return logged

    return observe
