"""What the system tests share: clips to score, and a client of the running system."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from divescore.client.http import Http
from divescore.client.live import Live
from divescore.stack import local_state
from divescore.stack.clients import Clients, clients_of_engine
from divescore.tokens.tokens import KeyRing, Tokens
from tests.conftest import divescore

RENDERS_WITHIN = 60.0
# Of a whole dive on a machine that others keep busy; how fast it is when not, tests/bench measures.
SCORES_WITHIN = 60.0
REAL_CLIP = Path(__file__).resolve().parents[3] / "shared" / "clips" / "real-dive-84.15.avi"


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two rendered dives, "one" and "other"."""
    folder = tmp_path_factory.mktemp("clips")
    drawn = {"one": ("107B", "7"), "other": ("5253B", "8")}
    for name, (dive, seed) in drawn.items():
        done = divescore(
            *("render", "--dive", dive, "--seed", seed, "--out", str(folder / f"{name}.webm")), timeout=RENDERS_WITHIN
        )
        assert done.returncode == 0, done.stderr
    return {name: folder / f"{name}.webm" for name in drawn}


@dataclass(frozen=True)
class System:
    """The running system as its users have it: a command, a client; and what only its owner has: its keys."""

    addresses: dict[str, Any]

    @property
    def api(self) -> str:
        """The HTTP API's address."""
        return str(self.addresses["api"])

    def score(self, *arguments: str) -> tuple[int, Any, str]:
        """Run `divescore score --json`: exit code, document, standard error."""
        done = divescore(
            *("score", "--json", "--timeout", str(SCORES_WITHIN), *arguments),
            timeout=3 * SCORES_WITHIN,
            env=self.addresses["env"],
        )
        return done.returncode, json.loads(done.stdout), done.stderr

    def watch(self, *arguments: str) -> tuple[int, Any, str]:
        """Run `divescore watch --json`: exit code, document, standard error."""
        done = divescore(
            *("watch", "--json", "--timeout", str(SCORES_WITHIN), *arguments),
            timeout=2 * SCORES_WITHIN,
            env=self.addresses["env"],
        )
        return done.returncode, json.loads(done.stdout), done.stderr

    def talk(self, work: Callable[[Http, Live], Coroutine[Any, Any, Any]]) -> Any:
        """Run `work` with a client."""

        async def inside() -> Any:
            async with asyncio.timeout(SCORES_WITHIN), Http(self.api) as http, Live(http) as live:
                return await work(http, live)

        return asyncio.run(inside())

    @cached_property
    def owner(self) -> Clients:
        """Clients with the rights of the system's owner."""
        state = local_state.load(Path(self.addresses["env"]["DIVESCORE_HOME"]))
        assert state is not None
        assert state.credentials is not None
        return clients_of_engine(state.engine, state.credentials, state.region)

    def tokens(self) -> Tokens:
        """Signs with the system's own key."""
        secrets = self.owner("secretsmanager")
        (entry,) = secrets.list_secrets()["SecretList"]
        ring = KeyRing.from_secret(json.loads(secrets.get_secret_value(SecretId=entry["ARN"])["SecretString"]))

        def load(_fresh: bool) -> KeyRing:
            return ring

        return Tokens(load)

    def stored(self, job_id: str) -> list[str]:
        """The versions that the bucket holds of a job's video, delete markers not counted."""
        answer = self.owner("s3").list_object_versions(Bucket=self.addresses["bucket"], Prefix=f"uploads/{job_id}/")
        return [version["VersionId"] for version in answer.get("Versions", [])]


@pytest.fixture(scope="session")
def system(stack: dict[str, Any]) -> System:
    """The running system."""
    return System(stack)
