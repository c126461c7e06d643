"""The scenarios of an upload in parts that the page replays as well."""

from dataclasses import asdict, replace
from math import inf
from typing import Any

import pytest
from pydantic.alias_generators import to_camel, to_snake

from divescore.client.parts.actions import (
    Abort,
    Ask,
    Call,
    Complete,
    Done,
    Fares,
    GivenUp,
    Hash,
    PartAction,
    Put,
)
from divescore.client.parts.machine import MultipartUpload
from divescore.client.parts.patience import Patience, UploadTiming
from tests.contract import upload_scenarios

VALID_FOR = 900.0  # how long an address holds where a step does not say
SCENARIOS = upload_scenarios.scenarios()


def said(action: PartAction) -> str:
    match action:
        case Hash(part):
            return f"hash {part}"
        case Put(part):
            return f"put {part}"
        case Ask(parts):
            return " ".join(["ask", *(str(number) for number, _ in parts)])
        case Abort(numbers):
            return " ".join(["abort", *map(str, numbers)])
        case Fares(state, reason):
            return f"state {state.value} {reason}".strip()
        case GivenUp(code):
            return f"failed {code}"
        case Complete():
            return "complete"
        case Done():
            return "done"


def happen(upload: MultipartUpload, step: dict[str, Any], reported: dict[int, str]) -> None:
    now, part = float(step["at"]), step.get("part", 0)
    match step["event"]:
        case "hashed":
            reported[part] = step.get("sha256", f"sha-{part}")
            upload.hashed(part, reported[part], now)
        case "unreadable":
            upload.unreadable()
        case "addressed":
            upload.addressed(step["present"], step["addresses"], step.get("validFor", VALID_FOR), now)
        case "stored":
            upload.stored(part, now)
        case "completed":
            upload.completed()
        case "refused":
            code, after = step.get("code", "REFUSED"), step.get("retryAfter", 0.0)
            upload.refused(Call(step["call"]), step["status"], code, "A sentence.", now, part, after)
        case "unreachable":
            upload.unreachable(Call(step["call"]), now, part)
        case "cancel":
            upload.cancel()
        case "heard":
            upload.heard(step["job"])
        case "tick" | "pause" | "resume" | "offline" | "online" as event:
            getattr(upload, event)(now)
        case other:
            raise AssertionError(f"{other} is no event")


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, chance: float) -> None:
    scenario = SCENARIOS[name]
    changed = {to_snake(key): value for key, value in scenario.get("timing", {}).items()}
    timing = replace(UploadTiming(), **changed)
    upload = MultipartUpload(scenario["parts"], Patience(timing, lambda: chance, scenario.get("tries", inf)))
    reported: dict[int, str] = {}
    for step in scenario["steps"]:
        wake = upload.wake_at()
        assert step["event"] == "tick" or wake is None or wake >= step["at"], f"something was due before {step}"
        happen(upload, step, reported)
        actions = upload.actions()
        assert [said(action) for action in actions] == step.get("then", []), step
        asked = [part for action in actions if isinstance(action, Ask) for part in action.parts]
        assert asked == [(number, reported[number]) for number, _ in asked], "asked with the hash reported last"
        if "wake" not in step:
            continue
        wake = upload.wake_at()
        if step["wake"] is None:
            assert wake is None, step
        else:
            earliest, latest = step["wake"]
            assert wake is not None, step
            assert earliest - 1e-9 <= wake <= latest + 1e-9, step


def test_the_waits_are_those_of_the_page() -> None:
    assert {to_camel(name): value for name, value in asdict(UploadTiming()).items()} == upload_scenarios.TIMING
