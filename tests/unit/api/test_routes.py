"""What a route does besides calling its operation; `tests/unit/functions/test_presign.py` goes through all of them."""

import json
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from divescore.api import routes
from divescore.api.operations import Operations
from tests.fakes.lambdas import context, http_event
from tests.fakes.world import World

LOGGER = Logger(service="test")


def ask(event: dict[str, Any], operations: Any) -> dict[str, Any]:
    return routes.resolve(event, context(), operations, LOGGER, Metrics(namespace="Divescore", service="test"))


def test_the_log_belongs_to_the_job_whoever_asks_for_it(world: World) -> None:
    answer = ask(http_event("GET", "/jobs/abc"), lambda: world.operations)
    assert answer["statusCode"] == 401
    assert LOGGER.get_correlation_id() == "abc"


def test_operations_that_cannot_be_made_are_a_fault_of_ours() -> None:
    def broken() -> Operations:
        raise ValueError("table_name: Field required")

    answer = ask(http_event("GET", "/health"), broken)
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["error"]["code"] == "INTERNAL"


def test_nothing_of_one_request_is_there_in_the_next(world: World) -> None:
    ask(http_event("GET", "/health"), lambda: world.operations)
    assert routes.app.context == {}
