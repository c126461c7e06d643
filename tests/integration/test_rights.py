"""Each function may do what it does and nothing else, under the engine's access control.

The whole system is exercised once while the engine writes down what each role asks for. What a role is granted and
nobody asked for is too much; what it is refused without one of its grants shows that the grant is needed. The long form
takes each grant away from the running system and lets the exercise itself notice.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.rights import exercise
from tests.rights.grants import Grant, actions, allows, grants, without
from tests.rights.system import ROLES, Policy, System, started

pytestmark = pytest.mark.stack

ENDS_WITHIN = 90.0  # of every part of the exercise, on a machine that others keep busy; all together take about 15
NOTICES_AFTER = 20.0  # at least, and three times what the whole exercise takes
NOTICES_BEFORE = 150.0  # the uploads queue shows a message again after three minutes by itself
TRIES = 3
# Tokens and tickets (a JWT's header begins so), signatures of forms and addresses, the key ring.
SECRET = re.compile(r"eyJ[\w-]{10,}|x-amz-signature|x-amz-security-token|bearer |SecretString|\"k1\"", re.IGNORECASE)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, clips: dict[str, Path]) -> Iterator[System]:
    """The system after the exercise."""
    with started(tmp_path_factory.mktemp("rights") / "home", free_port()) as running:
        asyncio.run(exercise.run(running, clips["one"], ENDS_WITHIN))
        yield running


def policies(system: System) -> dict[str, Policy]:
    return {role: system.policy(role)[1] for role in ROLES.values()}


def test_nobody_is_refused(system: System) -> None:
    assert {(one.role, one.action, one.resource) for one in system.decisions() if not one.allowed} == set()


@pytest.mark.parametrize("role", ROLES.values())
def test_every_grant_of_a_role_is_used_and_needed(system: System, role: str) -> None:
    document = policies(system)[role]
    asked = {one for one in system.decisions() if one.role == role}
    assert all(allows(document, one) for one in asked)
    for grant in grants(role, document):
        less = without(document, grant.statement, grant.action)
        missed = [one for one in asked if not allows(less, one)]
        if grant.unseen:
            assert not missed, f"{grant} is asked for now: its excuse ({grant.unseen}) can go"
        else:
            assert missed, f"{grant} was not used: it is too much, or the exercise too little"


def test_the_worker_reaches_no_row_but_jobs_and_the_model(system: System) -> None:
    document = policies(system)["WorkerRole"]
    (noted,) = {one for one in system.decisions() if one.role == "WorkerRole" and one.action == "dynamodb:PutItem"}
    assert noted.keys == ("MODEL",)
    for keys in (("JOB#a",), ("CLIENT#a",), ("BUDGET#2026-11-23#0",), ("CONN#a",), ("MODEL", "JOB#a")):
        assert not allows(document, type(noted)("WorkerRole", noted.action, noted.resource, keys, allowed=True))


def test_no_log_of_the_running_system_holds_a_token_a_signature_or_a_key(system: System) -> None:
    for function in ("Presign", "Enqueue", "Worker", "Notify", "Sweep"):
        lines = system.logs(f"{function}Logs")
        assert any('"message"' in line for line in lines), f"{function} logged nothing"
        assert [line for line in lines if SECRET.search(line)] == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ROLES.values())
def test_whatever_is_taken_from_a_role_the_system_notices(system: System, clips: dict[str, Path], role: str) -> None:
    """First whole statements, then each action of those that have several."""
    document = policies(system)[role]
    began = time.monotonic()
    with system.with_policy(role, document):  # nothing is missing, but its function starts anew
        asyncio.run(exercise.run(system, clips["one"], ENDS_WITHIN))
    patience = min(NOTICES_BEFORE, max(NOTICES_AFTER, 3 * (time.monotonic() - began)))
    unnoticed = []
    for grant, less in removals(role, document):
        before = system.decided()
        with system.with_policy(role, less):
            for _ in range(TRIES):
                noticed = notices(system, clips["one"], patience)
                refused = {(one.role, one.action) for one in system.decisions(before) if not one.allowed}
                # Not refused: what was noticed is only that the machine is slow.
                if (role, grant.action) in refused:
                    break
        if not noticed or (role, grant.action) not in refused:
            unnoticed.append((grant, noticed, refused))
        print(f"{role} without {grant.statement} {grant.action}: {noticed=}, {refused=}")  # noqa: T201 - an account
    asyncio.run(exercise.run(system, clips["one"], ENDS_WITHIN))
    assert unnoticed == []


def removals(role: str, document: Policy) -> Iterator[tuple[Grant, Policy]]:
    """What is taken away, and the policy without it."""
    for statement in document["Statement"]:
        seen = [Grant(role, statement["Sid"], action) for action in actions(statement)]
        seen = [grant for grant in seen if not grant.unseen]
        if seen:
            yield seen[0], without(document, statement["Sid"])
        if len(actions(statement)) > 1:
            for grant in seen:
                yield grant, without(document, grant.statement, grant.action)


def notices(system: System, film: Path, within: float) -> bool:
    try:
        asyncio.run(exercise.run(system, film, within))
    except ExceptionGroup:
        return True
    return False
