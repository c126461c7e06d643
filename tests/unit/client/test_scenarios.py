"""The scenarios that the page's connection replays as well."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from pydantic.alias_generators import to_camel, to_snake

from divescore.client.actions import (
    Action,
    Changed,
    Close,
    Complaint,
    Open,
    Read,
    Refused,
    StateChanged,
    Subscribe,
    Unsubscribe,
)
from divescore.client.messages import parse
from divescore.client.models import Job
from divescore.client.protocol import Protocol
from divescore.client.timing import Timing
from divescore.views import SETTLED
from tests.contract.scenarios import TIMING, scenarios

SCENARIOS = scenarios()


def said(action: Action) -> str:
    match action:
        case Open(url):
            return f"open {url}"
        case Close():
            return "close"
        case Subscribe(job_id, token):
            assert token == f"token-{job_id}"
            return f"subscribe {job_id}"
        case Unsubscribe(job_id):
            return f"unsubscribe {job_id}"
        case Read(job_id, token):
            assert token == f"token-{job_id}"
            return f"read {job_id}"
        case Changed(job, pushed):
            return f"changed {job.job_id} {job.version} {'pushed' if pushed else 'read'}"
        case Refused(job_id, code):
            return f"refused {job_id} {code}"
        case Complaint(code):
            return f"complaint {code}"
        case StateChanged(state):
            return f"state {state.value}"


def job(step: dict[str, Any]) -> dict[str, Any]:
    document = {"jobId": step["job"], "version": step["version"], "status": step["status"]}
    scored = step["status"] == "SCORED" and step.get("without") != "result"
    return document | ({"result": {"score": 80.5}} if scored else {})


def happen(protocol: Protocol, step: dict[str, Any]) -> None:
    now = float(step["at"])
    match step["event"]:
        case "watch":
            protocol.watch(step["job"], f"token-{step['job']}", now, step.get("url"))
        case "forget":
            protocol.forget(step["job"], now)
        case "opened":
            protocol.opened(now)
        case "failed":
            protocol.failed(step["reason"], now)
        case "lost":
            protocol.lost(step["reason"], now)
        case "pushed":
            protocol.received(parse(json.dumps({"type": "job", "job": job(step)})), now)
        case "error":
            named = {"jobId": step["job"]} if "job" in step else {}
            error = {"type": "error", "code": step["code"], "message": "A sentence."} | named
            protocol.received(parse(json.dumps(error)), now)
        case "text":
            protocol.received(parse(step["text"]), now)
        case "read":
            protocol.read(Job.model_validate(job(step)), step.get("url"), now)
        case "refused":
            protocol.refused(step["job"], step["code"], "A sentence.", now)
        case "unreachable":
            protocol.unreachable(now, step.get("retryAfter", 0.0), step.get("answered", False))
        case "tick":
            protocol.tick(now)
        case other:
            raise AssertionError(f"{other} is no event")


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, chance: float) -> None:
    scenario = SCENARIOS[name]
    changed = {to_snake(key): value for key, value in scenario.get("timing", {}).items()}
    protocol = Protocol(replace(Timing(), **changed), lambda: chance, scenario.get("until", SETTLED))
    for step in scenario["steps"]:
        wake = protocol.wake_at()
        assert step["event"] == "tick" or wake is None or wake >= step["at"], f"something was due before {step}"
        happen(protocol, step)
        assert [said(action) for action in protocol.actions()] == step.get("then", []), step
        if "wake" not in step:
            continue
        wake = protocol.wake_at()
        if step["wake"] is None:
            assert wake is None, step
        else:
            earliest, latest = step["wake"]
            assert wake is not None, step
            assert earliest - 1e-9 <= wake <= latest + 1e-9, step


def test_the_waits_are_those_of_the_page() -> None:
    assert {to_camel(name): value for name, value in asdict(Timing()).items()} == TIMING
