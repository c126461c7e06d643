"""Each function may do what it does and nothing else, under the engine's access control.

The whole system is exercised once while the engine writes down what each role asks for. What a role is granted and
nobody asked for is too much; what it is refused without one of its grants shows that the grant is needed. The long form
takes each grant away from the running system and lets the exercise itself notice.
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.conftest import free_port
from tests.rights import exercise
from tests.rights.grants import allows, grants, without
from tests.rights.removals import removals, take_away
from tests.rights.system import ROLES, Policy, System, started

pytestmark = pytest.mark.stack

ENDS_WITHIN = 90.0  # of every part of the exercise, on a machine that others keep busy; all together take about 15
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


def test_nobody_but_settle_publishes_to_the_topic(system: System) -> None:
    """Not even the user that deploys, who may do everything else: the topic's own policy denies it."""
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        system.client("sns").publish(TopicArn=system.stack.topic, Message="{}")
    published = [one for one in system.decisions() if one.action == "sns:Publish"]
    assert {(one.role, one.allowed) for one in published} == {("SettleRole", True)}


def test_no_log_of_the_running_system_holds_a_token_a_signature_or_a_key(system: System) -> None:
    for function in ("Presign", "Enqueue", "Worker", "Notify", "Settle", "Sweep"):
        lines = system.logs(f"{function}Logs")
        assert any('"message"' in line for line in lines), f"{function} logged nothing"
        assert [line for line in lines if SECRET.search(line)] == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ROLES.values())
def test_whatever_is_taken_from_a_role_the_system_notices(system: System, clips: dict[str, Path], role: str) -> None:
    """Each time the engine refuses just that, and after it some part of the exercise fails or hangs."""
    document = policies(system)[role]
    with system.with_policy(role, document):  # nothing is missing, but its function starts anew
        took = asyncio.run(exercise.run(system, clips["one"], ENDS_WITHIN))
    unproved = []
    for removal in removals(role, document):
        noticed = take_away(system, clips["one"], removal, took)
        if not noticed.proved:
            unproved.append((removal, noticed))
        print(f"{removal}: {noticed}", flush=True)  # noqa: T201 - an account
    asyncio.run(exercise.run(system, clips["one"], ENDS_WITHIN))
    assert unproved == []
