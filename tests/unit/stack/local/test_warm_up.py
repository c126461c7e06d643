"""What is said of a function that does not work."""

import io
import json
from typing import Any

import pytest

from divescore.stack.local import warm_up
from divescore.stack.local.errors import FunctionBroken


class FakeLambda:
    """Answers every call alike."""

    def __init__(self, body: Any, failed: bool = False) -> None:
        self.answer = {"Payload": io.BytesIO(json.dumps(body).encode())} | ({"FunctionError": "x"} if failed else {})

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        return self.answer


def test_an_answer_is_read() -> None:
    functions: Any = FakeLambda({"model": {"id": "divescore-mini"}})
    assert warm_up.invoke(functions, "worker", "name", {"warm": True}) == {"model": {"id": "divescore-mini"}}


@pytest.mark.parametrize("body", [{"errorMessage": "no module named x"}, "no module named x"])
def test_a_function_that_fails_is_named_with_its_reason(body: Any) -> None:
    functions: Any = FakeLambda(body, failed=True)
    with pytest.raises(FunctionBroken, match="'notify' does not work: no module named x"):
        warm_up.invoke(functions, "notify", "name", {"Records": []})


@pytest.mark.enable_socket
def test_an_api_that_does_not_answer_is_told() -> None:
    with pytest.raises(FunctionBroken, match="'presign'"):
        warm_up.check_http_api("http://127.0.0.1:1")


@pytest.mark.enable_socket
def test_a_socket_that_does_not_answer_is_told() -> None:
    with pytest.raises(FunctionBroken, match="'ws_connect'"):
        warm_up.check_live_api("ws://127.0.0.1:1/live")
