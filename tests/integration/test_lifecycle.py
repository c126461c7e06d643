"""The stack on the local engine: created, updated in place in each way that it is updated, deleted without a rest."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from divescore.stack import local_state
from divescore.stack.clients import Clients
from divescore.stack.deploy import destroying
from divescore.stack.local import deploy, engine
from divescore.stack.local.checkout import project_root
from divescore.stack.local_state import Engine, StackOutputs
from tests.conftest import divescore, free_port

ROOT = project_root()
STARTED_WITHIN = 60.0
ANSWERS_WITHIN = 30.0
SCORED_WITHIN = 120.0
# By a process that ends, so that the engine is nobody's child, as after `divescore up`.
START = """
import pathlib, sys
from divescore.stack.local import engine
from divescore.stack import local_state
from divescore.stack.clients import Clients
folder = pathlib.Path(sys.argv[1])
local_state.LocalState(engine.start(folder, int(sys.argv[2])), folder=folder).save()
"""


@dataclass(frozen=True)
class Owner:
    """Deploys a checkout of its own, so that it can change the code, to an engine of its own."""

    engine: Engine
    client: Clients
    checkout: Path

    def deploy(self, **parameters: str) -> tuple[StackOutputs, bool]:
        weights = self.checkout / "model_weights"
        return deploy.deploy(self.client, self.checkout, self.engine.port, weights, parameters)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    checkout = tmp_path / "checkout"
    for name in ("functions", "model_weights", "src/divescore"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "template.yaml", checkout)
    home = tmp_path / "home"
    subprocess.run([sys.executable, "-c", START, str(home), str(free_port())], check=True, timeout=STARTED_WITHIN)
    found = local_state.load(home)
    assert found is not None
    try:
        client = deploy.clients(found.engine, deploy.create_user(found.engine))
        yield Owner(found.engine, client, checkout)
    finally:
        engine.stop(home, found.engine)


def health(stack: StackOutputs) -> dict[str, Any]:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{stack.api}/health", timeout=ANSWERS_WITHIN) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def resources(owner: Owner) -> dict[str, str]:
    """Physical ids by logical ids."""
    pages = owner.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=deploy.STACK_NAME)
    return {
        item["LogicalResourceId"]: item["PhysicalResourceId"]
        for page in pages
        for item in page["StackResourceSummaries"]
    }


def remaining(owner: Owner) -> dict[str, list[Any]]:
    """What an account still holds, of the kinds that the stack makes."""
    buckets = [item["Name"] for item in owner.client("s3").list_buckets()["Buckets"]]
    return {
        "buckets": [name for name in buckets if name != deploy.PACKAGES],
        "tables": owner.client("dynamodb").list_tables()["TableNames"],
        "queues": owner.client("sqs").list_queues().get("QueueUrls", []),
        "functions": owner.client("lambda").list_functions()["Functions"],
        "mappings": owner.client("lambda").list_event_source_mappings()["EventSourceMappings"],
        "apis": owner.client("apigatewayv2").get_apis()["Items"],
        "roles": owner.client("iam").list_roles()["Roles"],
        "secrets": owner.client("secretsmanager").list_secrets()["SecretList"],
        "alarms": owner.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "rules": owner.client("events").list_rules()["Rules"],
    }


@pytest.mark.timeout(300)
def test_it_is_created_updated_in_place_and_deleted_without_a_rest(owner: Owner) -> None:
    stack, changed = owner.deploy()
    assert changed
    made = resources(owner)
    version = health(stack)["version"]
    assert owner.deploy() == (stack, False), "nothing was changed"

    # A changed function.
    module = owner.checkout / "src" / "divescore" / "__init__.py"
    module.write_text(module.read_text().replace(version, "9.9.9"))
    assert owner.deploy() == (stack, True)
    assert health(stack)["version"] == "9.9.9"

    # Changed parameters: one reaches a function, one an event source.
    assert owner.deploy(RetentionDays="3", WorkerConcurrency="5") == (stack, True)
    configuration = owner.client("lambda").get_function_configuration(FunctionName=stack.functions["presign"])
    assert configuration["Environment"]["Variables"]["RETENTION_DAYS"] == "3"
    [mapping] = owner.client("lambda").list_event_source_mappings(FunctionName=stack.worker)["EventSourceMappings"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == 5

    # A rotated key, which no later update takes back.
    secrets = owner.client("secretsmanager")
    ring = json.loads(secrets.get_secret_value(SecretId=made["TokenSecret"])["SecretString"])
    rotated = json.dumps(ring | {"current": "k2", "k2": "rotated" * 8})
    secrets.put_secret_value(SecretId=made["TokenSecret"], SecretString=rotated)
    assert owner.deploy(RetentionDays="4") == (stack, True)
    assert secrets.get_secret_value(SecretId=made["TokenSecret"])["SecretString"] == rotated

    # In place: nothing that holds data, and nothing that has an address, was made anew.
    lasting = {name: made[name] for name in made if not name.startswith(("SharedLayer", "LiveDeployment"))}
    assert lasting.items() <= resources(owner).items()

    s3 = owner.client("s3")  # the prefix is not one that enqueue looks after and erases from
    for _ in range(2):
        s3.put_object(Bucket=stack.bucket, Key="kept/film", Body=b"film")
    s3.delete_object(Bucket=stack.bucket, Key="kept/film")
    said: list[str] = []
    assert destroying.destroy(owner.client("cloudformation"), owner.client("s3"), deploy.STACK_NAME, said.append) == 3
    assert {kind: left for kind, left in remaining(owner).items() if left} == {}


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_no_dive_is_lost_while_the_stack_is_updated_under_it(tmp_path: Path, clips: dict[str, Path]) -> None:
    """A worker whose code is replaced dies with its dive; another has it again after the lease."""
    env = {"DIVESCORE_HOME": str(tmp_path / "home")}
    up = ("up", "--detach", "--json", "--port", str(free_port()))
    try:
        first = divescore(*up, timeout=SCORED_WITHIN, env=env)
        assert first.returncode == 0, first.stderr
        command = [str(Path(sys.executable).with_name("divescore")), "score", "--json", *[str(clips["one"])] * 6]
        scoring = subprocess.Popen(command, cwd=ROOT, env=os.environ | env, stdout=subprocess.PIPE, text=True)
        with scoring:
            for days in ("3", "4", "5"):
                update = divescore(
                    "up", "--detach", "--parameter", f"RetentionDays={days}", timeout=SCORED_WITHIN, env=env
                )
                assert update.returncode == 0, update.stderr
            told, _ = scoring.communicate(timeout=SCORED_WITHIN * 2)
        assert [run["job"]["status"] for run in json.loads(told)] == ["SCORED"] * 6
    finally:
        divescore("down", timeout=SCORED_WITHIN, env=env)
