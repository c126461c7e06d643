"""A local system whose engine writes down what each role asked for, and whose roles can be changed."""

import contextlib
import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

from divescore.stack.clients import Clients
from divescore.stack.local import deploy, engine, lifecycle
from divescore.stack.local_state import LocalState, StackOutputs

ROOT = Path(__file__).resolve().parents[2]
LAUNCH = ROOT / "tests" / "rights" / "recording" / "launch.py"
Policy = dict[str, Any]
# function's folder -> the logical name of its role
ROLES = {
    "presign": "PresignRole",
    "enqueue": "EnqueueRole",
    "worker": "WorkerRole",
    "ws_connect": "WsConnectRole",
    "notify": "NotifyRole",
    "settle": "SettleRole",
    "sweep": "SweepRole",
}


@dataclass(frozen=True)
class Decision:
    """Something that a role asked for. `role`: its logical name; `keys`: the table rows' partition keys."""

    role: str
    action: str
    resource: str
    keys: tuple[str, ...]
    allowed: bool


@dataclass
class System:
    """A running system."""

    current: LocalState
    decisions_file: Path

    @property
    def stack(self) -> StackOutputs:
        """The addresses of what was deployed."""
        assert self.current.stack is not None
        return self.current.stack

    @cached_property
    def client(self) -> Clients:
        """Clients as the user that deploys."""
        assert self.current.credentials is not None
        return deploy.clients(self.current.engine, self.current.credentials)

    @cached_property
    def iam(self) -> Any:
        """Where the roles are."""
        return self.client("iam")

    @cached_property
    def names(self) -> dict[str, str]:
        """The roles: logical name -> name."""
        found = [role["RoleName"] for role in self.iam.list_roles()["Roles"]]
        return {logical: name for logical in ROLES.values() for name in found if f"-{logical}-" in name}

    @cached_property
    def log_groups(self) -> list[str]:
        """The names of all log groups. The engine fails to list them while it writes to them, so it is asked once."""
        return [found["logGroupName"] for found in self.client("logs").describe_log_groups()["logGroups"]]

    def policy(self, role: str) -> tuple[str, Policy]:
        """Name and document of a role's only policy."""
        (name,) = self.iam.list_role_policies(RoleName=self.names[role])["PolicyNames"]
        document = self.iam.get_role_policy(RoleName=self.names[role], PolicyName=name)["PolicyDocument"]
        return name, document

    @contextlib.contextmanager
    def with_policy(self, role: str, document: Policy) -> Iterator[None]:
        """Let the role have another policy for a while. Its function starts anew each time, so that it forgets all."""
        name, before = self.policy(role)
        try:
            self._put(role, name, document)
            yield
        finally:
            self._put(role, name, before)

    def _put(self, role: str, name: str, document: Policy) -> None:
        self.iam.put_role_policy(RoleName=self.names[role], PolicyName=name, PolicyDocument=json.dumps(document))
        (folder,) = [folder for folder, logical in ROLES.items() if logical == role]
        functions, function = self.client("lambda"), self.stack.functions[folder]
        variables: Any = functions.get_function_configuration(FunctionName=function)["Environment"]
        functions.update_function_configuration(FunctionName=function, Environment=variables)

    def decided(self) -> int:
        """A mark behind the last decision, for `decisions`."""
        return self.decisions_file.stat().st_size

    def decisions(self, since: int = 0) -> list[Decision]:
        """What was asked for since that mark."""
        logical = {name: role for role, name in self.names.items()}
        with self.decisions_file.open("rb") as file:
            file.seek(since)  # it grows to megabytes, and is looked into several times a second
            notes = [json.loads(line) for line in file]
        return [
            Decision(logical[note["role"]], note["action"], note["resource"], tuple(note["keys"]), note["allowed"])
            for note in notes
        ]

    def logs(self, group: str, since: int = 0) -> list[str]:
        """What was written to a log group since a time in ms; the engine keeps nothing of the WebSocket's function."""
        (name,) = [name for name in self.log_groups if name.endswith(f"/{group}")]
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=name, startTime=since)
        return [event["message"] for page in pages for event in page["events"]]


@contextlib.contextmanager
def started(home: Path, port: int) -> Iterator[System]:
    """Start such a system, and take it down in the end."""
    decisions = home / "decisions.jsonl"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    decisions.touch()
    places = {"DIVESCORE_HOME": str(home), "DIVESCORE_DECISIONS": str(decisions)}
    with patch.dict(os.environ, places), patch.object(engine, "ENTRY", (str(LAUNCH),)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # the engine's process outlives the object that started it
            current = lifecycle.up(port, ROOT / "model_weights", {"LogLevel": "DEBUG"}, lambda _said: None)
        try:
            system = System(current, decisions)
            assert system.log_groups  # before anything writes to them
            yield system
        finally:
            lifecycle.down(keep=False)
