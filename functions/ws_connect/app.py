"""WebSocket routes: $connect, $disconnect, subscribe, unsubscribe, ping, $default."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import field_validator
from pydantic_settings import BaseSettings

from divescore.aws import client
from divescore.jobs.table import JobTable
from divescore.live.keys import key_loader
from divescore.live.push import Pusher
from divescore.live.session import Session
from divescore.live.subscriptions import Subscriptions
from divescore.live.tokens import TokenError, Tokens

logger = Logger()
metrics = Metrics()
tracer = Tracer()


class Settings(BaseSettings):
    """The function's environment."""

    table_name: str
    token_secret: str
    live_endpoint: str
    allowed_origins: str

    @field_validator("allowed_origins")
    @classmethod
    def _not_empty(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("name at least the page's own origin")
        return value


@cache
def session() -> Session:
    """Everything that a message needs."""
    settings = Settings()
    return Session(
        table=JobTable(settings.table_name, client("dynamodb")),
        subscriptions=Subscriptions(settings.table_name, client("dynamodb")),
        tokens=Tokens(key_loader(settings.token_secret, client("secretsmanager"))),
        allowed_origins=frozenset(origin.strip() for origin in settings.allowed_origins.split(",")),
    )


@cache
def pusher() -> Pusher:
    """Posts the replies."""
    return Pusher(client("apigatewaymanagementapi", Settings().live_endpoint))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point: one event of one connection."""
    request = event["requestContext"]
    connection_id, route = request["connectionId"], request["routeKey"]
    metrics.add_metric(name="Socket_events", unit=MetricUnit.Count, value=1)
    logger.info("socket", route=route, connectionId=connection_id)
    if route == "$connect":
        ticket = (event.get("queryStringParameters") or {}).get("ticket")
        try:
            session().connect(connection_id, ticket, event.get("headers") or {})
        except TokenError as error:
            logger.info("refused", code=error.code)
            return {"statusCode": 403 if error.code == "FORBIDDEN" else 401}
    elif route == "$disconnect":
        session().disconnect(connection_id)
    elif (reply := session().answer(connection_id, event.get("body"))) is not None:
        pusher().push(connection_id, reply)
    return {"statusCode": 200}
