"""The committed OpenAPI document is the one that the routes make."""

import json
import runpy
from pathlib import Path

import pytest

from divescore.api.openapi import document, render

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"


def test_the_committed_document_is_current() -> None:
    assert COMMITTED.read_text() == render(), "run `python -m divescore.api.openapi > docs/openapi.json`"


def test_every_route_is_there_and_says_who_may_call_it() -> None:
    found = document()
    assert found["info"]["title"] == "Divescore"
    routes = {
        f"{method.upper()} {path}": bool(operation.get("security"))
        for path, operations in found["paths"].items()
        for method, operation in operations.items()
    }
    assert routes == {
        "POST /jobs": False,
        "POST /jobs/{job_id}/parts": True,
        "POST /jobs/{job_id}/complete": True,
        "GET /jobs/{job_id}": True,
        "GET /jobs/{job_id}/video": True,
        "POST /jobs/{job_id}/share": True,
        "PATCH /jobs/{job_id}": True,
        "PUT /jobs/{job_id}/marks": True,
        "DELETE /jobs/{job_id}": True,
        "GET /health": False,
    }
    assert found["components"]["securitySchemes"] == {
        "jobToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }


def test_every_error_comes_in_the_envelope() -> None:
    for operations in document()["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                model = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                assert (model == "ProblemEnvelope") == (int(status) >= 400)


def test_the_command_prints_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(RuntimeWarning, match="found in sys.modules"):
        runpy.run_module("divescore.api.openapi", run_name="__main__")
    assert json.loads(capsys.readouterr().out) == document()
