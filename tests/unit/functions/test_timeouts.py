"""A call that is stuck leaves its function time to try again: time-outs follow from what template.yaml gives it."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from divescore import aws
from divescore.stack.local import deploy, translate
from tests.unit.functions.test_worker import Scorer

TEMPLATE = translate.read(Path(__file__).resolve().parents[3] / "template.yaml")
PARTS = {
    "presign": ["operations"],
    "enqueue": ["admission"],
    "worker": ["worker"],
    "notify": ["fan_out"],
    "settle": ["topic"],
    "ws_connect": ["session"],
    "sweep": ["sweeper"],
}
BACK_OFF = [0.0, 1.0, 2.0, 4.0]  # at most, before each try: botocore's standard mode


def resolved(value: Any, chosen: dict[str, int]) -> str:
    """A setting as the function gets it; resources get a made-up name."""
    if isinstance(value, dict):
        name = str(value.get("Ref"))
        parameter = TEMPLATE["Parameters"].get(name)
        return str(chosen.get(name, parameter["Default"])) if parameter else "https://given.example/made-up"
    return str(value)


def clients_of(name: str, chosen: dict[str, int], patch: pytest.MonkeyPatch) -> tuple[float, dict[str, Any]]:
    """The function's own time, and the settings of every client that it makes, by service."""
    function = f"{''.join(part.capitalize() for part in name.split('_'))}Function"
    properties = TEMPLATE["Resources"][function]["Properties"]
    for setting, value in {
        **TEMPLATE["Globals"]["Function"]["Environment"]["Variables"],
        **properties["Environment"]["Variables"],
    }.items():
        if setting != "LOG_LEVEL" and not setting.startswith("POWERTOOLS"):
            patch.setenv(setting, resolved(value, chosen))
    made: dict[str, Any] = {}

    def make(service: str, **options: Any) -> Any:
        made[service] = options["config"]
        return type("Client", (), {"put_item": lambda *_args, **_fields: None})()

    patch.setattr(boto3, "client", make)
    for setting in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):  # else they are looked for on the network
        patch.setenv(setting, "test")
    app = importlib.import_module(f"functions.{name}.app")
    if name == "worker":
        patch.setattr(app, "load_scorer", Scorer().load)
    caches: list[Any] = [aws._client]
    caches += [value for value in vars(app).values() if hasattr(value, "cache_clear")]
    for cached in caches:
        cached.cache_clear()
    try:
        for part in PARTS[name]:
            factory: Callable[[], object] = getattr(app, part)
            factory()
    finally:
        for cached in caches:
            cached.cache_clear()
    return float(resolved(properties["Timeout"], chosen)), made


def test_every_function_is_tried() -> None:
    assert set(PARTS) == {*deploy.FUNCTIONS.values(), "worker"}


@pytest.mark.parametrize("timeout", [60, 300, 900])
@pytest.mark.parametrize("name", PARTS)
def test_a_stuck_call_ends_with_all_its_tries_before_its_function_is_stopped(
    name: str, timeout: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, made = clients_of(name, {"WorkerTimeout": timeout}, monkeypatch)
    assert made
    for service, config in made.items():
        tries = config.retries["total_max_attempts"]
        longest = tries * (config.connect_timeout + config.read_timeout) + sum(BACK_OFF[:tries])
        assert longest < own, f"{service}: {longest} s of {own} s"
        assert tries >= 2


def test_a_stuck_heartbeat_is_repeated_before_its_lease_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    _, made = clients_of("worker", {}, monkeypatch)
    given = TEMPLATE["Resources"]["WorkerFunction"]["Properties"]["Environment"]["Variables"]
    for service in ("dynamodb", "sqs"):
        one_try = made[service].connect_timeout + made[service].read_timeout
        assert float(given["HEARTBEAT_SECONDS"]) + one_try + BACK_OFF[1] + 1 < float(given["LEASE_SECONDS"])


@pytest.mark.parametrize("name", PARTS)
def test_a_function_is_told_its_own_time(name: str) -> None:
    function = f"{''.join(part.capitalize() for part in name.split('_'))}Function"
    properties = TEMPLATE["Resources"][function]["Properties"]
    told = properties["Environment"]["Variables"]["FUNCTION_SECONDS"]
    assert told == (properties["Timeout"] if isinstance(told, dict) else str(properties["Timeout"]))
