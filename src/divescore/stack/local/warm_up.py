"""Calls each function once, so that the first dive does not wait for them and a broken one is noticed at once."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from divescore.stack.local.errors import FunctionBroken
from divescore.stack.local_state import StackOutputs

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

STARTS_WITHIN = 60.0
REFUSED = (401, 403)  # AWS, the local engine


def warm(functions: "LambdaClient", stack: StackOutputs) -> dict[str, str]:
    """Start what waits to be called; return the worker's model as id, version, ...

    S3's test message has started `enqueue` already, and `sweep` has its schedule. Raises FunctionBroken for the first
    that does not answer as it should.
    """
    calls: list[Callable[[], Any]] = [
        lambda: invoke(functions, "notify", stack.functions["notify"], {"Records": []}),
        lambda: invoke(functions, "settle", stack.functions["settle"], {"Records": []}),
        lambda: check_http_api(stack.api),
        lambda: check_live_api(stack.live),
    ]
    with ThreadPoolExecutor(len(calls) + 1) as pool:
        model = pool.submit(invoke, functions, "worker", stack.worker, {"warm": True})
        for call in [pool.submit(call) for call in calls]:
            call.result()
        answer = model.result()
    loaded: dict[str, str] = answer.get("model", {}) if isinstance(answer, dict) else {}
    return loaded


def invoke(functions: "LambdaClient", name: str, function: str, event: dict[str, Any]) -> Any:
    """What the function returns for an event."""
    answer = functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    body = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise FunctionBroken(name, str(body.get("errorMessage", body) if isinstance(body, dict) else body))
    return body


def check_http_api(api: str) -> None:
    """Ask the HTTP API for its health."""
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        direct.open(f"{api}/health", timeout=STARTS_WITHIN).close()
    except (urllib.error.URLError, OSError) as error:
        raise FunctionBroken("presign", str(error)) from error


def check_live_api(live: str) -> None:
    """Connect to the WebSocket API without a ticket, which has to be refused."""
    from websockets.exceptions import InvalidHandshake, InvalidStatus
    from websockets.sync.client import connect

    try:
        with connect(live, open_timeout=STARTS_WITHIN, proxy=None):
            raise FunctionBroken("ws_connect", "it let somebody in without a ticket")
    except InvalidStatus as refused:
        if refused.response.status_code not in REFUSED:
            raise FunctionBroken("ws_connect", str(refused)) from refused
    except (InvalidHandshake, OSError) as error:
        raise FunctionBroken("ws_connect", str(error)) from error
