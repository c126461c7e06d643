"""Each limit on new jobs, as the running system keeps it: 429, a code, and when to come back."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from divescore.jobs.quota import seconds_to_midnight
from divescore.jobs.table import now_ms
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

JOB = {"filename": "dive.webm", "contentType": "video/webm", "sizeBytes": 1000}
TRIES = 2  # a limit of one lets at most one job through
COOLED_WITHIN = 60.0


@contextmanager
def limits(system: System) -> Iterator[Callable[[str | None], None]]:
    """Lets one limit of the running system be one, or none; all are as before in the end."""
    state = json.loads((Path(system.addresses["env"]["DIVESCORE_HOME"]) / "stack.json").read_text())
    function, functions = state["functions"]["presign"], system.owner("lambda")
    before = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]

    def only(name: str | None) -> None:
        assert name is None or name in before
        variables = before if name is None else before | {name: "1"}
        functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})

    try:
        yield only
    finally:
        only(None)


def test_whoever_is_over_a_limit_is_told_when_to_come_back(system: System) -> None:
    made: list[dict[str, Any]] = []
    with httpx.Client(base_url=system.api, trust_env=False, timeout=COOLED_WITHIN) as http, limits(system) as only:
        for limit in ("OPEN_JOBS_PER_CLIENT", "JOBS_PER_DAY_PER_CLIENT", "JOBS_PER_DAY"):
            only(limit)
            for _ in range(TRIES):
                answer = http.post("/jobs", json=JOB)
                if answer.status_code != 201:
                    break
                made.append(answer.json())
            assert answer.status_code == 429, limit
            assert answer.json()["error"]["code"] == "RATE_LIMITED"
            latest = 30 if limit == "OPEN_JOBS_PER_CLIENT" else seconds_to_midnight(now_ms()) + COOLED_WITHIN
            assert 1 <= int(answer.headers["retry-after"]) <= latest
        only(None)
        made.append(http.post("/jobs", json=JOB).json())  # beyond it, everybody is welcome again
        for job in made:
            headers = {"authorization": f"Bearer {job['token']}"}
            assert http.delete(f"/jobs/{job['jobId']}", headers=headers).status_code == 202
