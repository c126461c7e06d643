"""WebSocket routes: $connect, $disconnect, subscribe, unsubscribe, ping, $default."""

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import field_validator

from divescore.aws import client, within
from divescore.jobs.table import JobTable
from divescore.live.messages import ErrorCode, error_message
from divescore.live.session import OriginRefused, Session
from divescore.live.subscriptions import Subscriptions
from divescore.tokens.keys import KeysUnavailable, key_loader
from divescore.tokens.tokens import TokenError, Tokens
from functions.observability import logger, metrics, observed
from functions.settings import FunctionSettings


class WsConnectSettings(FunctionSettings):
    """The function's environment."""

    token_secret: str
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
    settings = WsConnectSettings()
    tuning = within(settings.function_seconds)
    dynamodb = client("dynamodb", **tuning)
    return Session(
        table=JobTable(settings.table_name, dynamodb),
        subscriptions=Subscriptions(settings.table_name, dynamodb),
        tokens=Tokens(key_loader(settings.token_secret, client("secretsmanager", **tuning))),
        allowed_origins=frozenset(origin.strip().rstrip("/") for origin in settings.allowed_origins.split(",")),
    )


def answer(connection_id: str, body: str | None) -> str:
    """The answer to a message, also when the table or the key store does not answer us."""
    try:
        return session().answer(connection_id, body).text
    except (BotoCoreError, ClientError, KeysUnavailable):
        logger.exception("a message could not be acted on")
        return error_message(ErrorCode.UNAVAILABLE, "The service cannot do this now; try again in a moment.").text


@observed()
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point: one event of one connection."""
    request = event["requestContext"]
    # The kind, not the route: a message whose action is "$disconnect" takes that route, but ends nothing.
    connection_id, kind = request["connectionId"], request["eventType"]
    metrics.add_metric(name="Socket_events", unit=MetricUnit.Count, value=1)
    logger.info("socket", kind=kind, route=request["routeKey"], connectionId=connection_id)
    if kind == "CONNECT":
        ticket = (event.get("queryStringParameters") or {}).get("ticket")
        try:
            session().connect(connection_id, ticket, event.get("headers") or {})
        except OriginRefused as error:
            logger.info("refused", origin=str(error))
            return {"statusCode": 403}
        except TokenError as error:
            logger.info("refused", code=error.code)
            return {"statusCode": 401}
    elif kind == "DISCONNECT":
        session().disconnect(connection_id)
    else:
        # The routes of messages are two-way: what is returned goes back on the socket, which saves a post.
        return {"statusCode": 200, "body": answer(connection_id, event.get("body"))}
    return {"statusCode": 200}
