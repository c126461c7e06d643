"""What the API really answered keeps the contract: the OpenAPI document, the server's models, the client."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from divescore.api.bodies import (
    Health,
    JobChanged,
    JobCreated,
    JobRead,
    PartsAnswer,
    ProblemEnvelope,
    Shared,
    VideoAddress,
)
from divescore.client.errors import ApiError
from divescore.client.http import Http
from divescore.views import View
from tests.contract.recorded import recorded

DOCUMENT = json.loads((Path(__file__).resolve().parents[3] / "docs" / "openapi.json").read_text())
HTTP = recorded("http")
GOOD = {name: exchange for name, exchange in HTTP.items() if exchange["status"] < 400}
BAD = {name: exchange for name, exchange in HTTP.items() if exchange["status"] >= 400}
MODELS: dict[str, type[View]] = {
    "created": JobCreated,
    "created-in-parts": JobCreated,
    "parts-asked": PartsAnswer,
    "parts-present": PartsAnswer,
    "completed": JobChanged,
    "read-scored": JobRead,
    "amended": JobChanged,
    "marked": JobChanged,
    "cancelled": JobChanged,
    "video": VideoAddress,
    "shared": Shared,
    "health": Health,
}
CALLS: dict[str, Callable[[Http], Coroutine[Any, Any, Any]]] = {
    "created": lambda http: http.create("dive.webm", "video/webm", 1000),
    "created-in-parts": lambda http: http.create("long.mp4", "video/mp4", 16 * 2**20 + 100),
    "parts-asked": lambda http: http.ask_for_parts("a", "t", [(1, "A" * 43 + "=")]),
    "parts-present": lambda http: http.ask_for_parts("a", "t", []),
    "completed": lambda http: http.complete("a", "t"),
    "read-scored": lambda http: http.get("a", "t"),
    "amended": lambda http: http.amend("a", "t", dive="107B"),
    "marked": lambda http: http.mark("a", "t", score=84.15, consent=True),
    "cancelled": lambda http: http.cancel("a", "t"),
    "video": lambda http: http.video("a", "t"),
    "shared": lambda http: http.share("a", "t"),
    "health": lambda http: http.health(),
}


def promised(exchange: Any) -> Any:
    """The document's schema of an answer."""
    request = exchange["request"]
    parts = request["path"].strip("/").split("/")
    path = "/" + "/".join("{job_id}" if index == 1 else part for index, part in enumerate(parts))
    operation = DOCUMENT["paths"][path][request["method"].lower()]
    answer = operation["responses"][str(exchange["status"])]["content"]["application/json"]["schema"]
    return answer | {"components": DOCUMENT["components"]}


@pytest.mark.parametrize("name", HTTP)
def test_every_answer_is_one_that_the_document_promises(name: str) -> None:
    Draft202012Validator(promised(HTTP[name])).validate(HTTP[name]["body"])


@pytest.mark.parametrize("name", GOOD)
def test_the_server_and_the_client_read_a_good_answer_alike(name: str) -> None:
    body = GOOD[name]["body"]
    MODELS[name].model_validate(body)

    async def read() -> Any:
        def answer(_request: httpx.Request) -> httpx.Response:
            return httpx.Response(GOOD[name]["status"], json=body)

        async with Http("http://api.test", httpx.MockTransport(answer)) as http:
            return await CALLS[name](http)

    found = asyncio.run(read())
    assert found.document() == (body["job"] if MODELS[name] is JobChanged else body)


@pytest.mark.parametrize("name", BAD)
def test_the_client_tells_an_error_as_it_was_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = BAD[name]
    ProblemEnvelope.model_validate(exchange["body"])

    async def read() -> None:
        def answer(_request: httpx.Request) -> httpx.Response:
            return httpx.Response(exchange["status"], json=exchange["body"])

        async with Http("http://api.test", httpx.MockTransport(answer)) as http:
            await http.get("a", "t")

    with pytest.raises(ApiError) as raised:
        asyncio.run(read())
    told = exchange["body"]["error"]
    assert (raised.value.status, raised.value.code, raised.value.message) == (
        exchange["status"],
        told["code"],
        told["message"],
    )


def test_every_operation_and_every_status_that_can_be_had_was_recorded() -> None:
    assert set(GOOD) == set(MODELS)
    promised_statuses = {
        status
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
        for status in operation["responses"]
    }
    assert {str(exchange["status"]) for exchange in HTTP.values()} >= promised_statuses - {"500", "503"}
