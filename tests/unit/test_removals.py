"""When a removal of a grant counts as noticed (tests/rights/removals.py), on a system that only pretends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rights import exercise, removals
from tests.rights.grants import Grant, actions
from tests.rights.removals import Noticed, Removal, take_away
from tests.rights.system import Decision, Policy

FILM = Path("film")
GRANT = Grant("SweepRole", "Jobs", "dynamodb:GetItem")
LESS: Policy = {"Statement": []}
REMOVAL = Removal(GRANT.role, GRANT.statement, (GRANT.action, "dynamodb:UpdateItem"), LESS)
MOMENT = 0.01


@dataclass
class Pretended:
    """A system whose exercise has these parts."""

    parts: dict[str, Coroutine[Any, Any, None]] = field(default_factory=dict)
    taken: list[Decision] = field(default_factory=list)
    policies: list[Policy] = field(default_factory=list)

    def asked(self, grant: Grant, *, allowed: bool) -> None:
        self.taken.append(Decision(grant.role, grant.action, "table", (), allowed))

    def decided(self) -> int:
        return len(self.taken)

    def decisions(self, since: int = 0) -> list[Decision]:
        return self.taken[since:]

    @contextlib.contextmanager
    def with_policy(self, role: str, document: Policy) -> Iterator[None]:
        self.policies.append(document)
        yield


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    pretended = Pretended()

    @contextlib.asynccontextmanager
    async def going(*_: Any) -> AsyncIterator[list[asyncio.Task[None]]]:
        tasks = [asyncio.create_task(part, name=name) for name, part in pretended.parts.items()]
        yield tasks
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    monkeypatch.setattr(exercise, "going", going)
    monkeypatch.setattr(removals, "LOOK_EVERY", MOMENT)
    monkeypatch.setattr(removals, "HANGS_AFTER", 10 * MOMENT)
    monkeypatch.setattr(removals, "TRIES", 1)
    return pretended


def seen(system: Pretended) -> Noticed:
    return take_away(system, FILM, REMOVAL, dict.fromkeys(system.parts, 0.0))  # type: ignore[arg-type]  # all that it asks of one


def test_a_part_that_fails_once_it_was_refused_has_noticed(system: Pretended) -> None:
    async def fails() -> None:
        await asyncio.sleep(3 * MOMENT)
        system.asked(GRANT, allowed=False)
        raise AssertionError

    system.parts = {"only": fails()}
    noticed = seen(system)
    assert noticed.proved
    assert (noticed.failed, noticed.hung) == (("only",), ())
    assert system.policies == [LESS]


def test_of_a_whole_statement_any_action_may_be_the_one_that_is_refused(system: Pretended) -> None:
    """Who cannot connect never comes to subscribe."""

    async def fails() -> None:
        system.asked(replace(GRANT, action="dynamodb:UpdateItem"), allowed=False)
        raise AssertionError

    system.parts = {"only": fails()}
    assert seen(system).proved


def test_a_part_that_does_not_end_once_it_was_refused_has_noticed(system: Pretended) -> None:
    async def hangs() -> None:
        system.asked(GRANT, allowed=False)
        await asyncio.sleep(60)

    system.parts = {"only": hangs()}
    noticed = seen(system)
    assert noticed.proved
    assert (noticed.failed, noticed.hung) == ((), ("only",))


def test_a_part_that_ends_well_in_spite_of_the_refusal_has_not(system: Pretended) -> None:
    async def ends() -> None:
        system.asked(GRANT, allowed=False)
        await asyncio.sleep(3 * MOMENT)

    system.parts = {"only": ends()}
    noticed = seen(system)
    assert not noticed.proved
    assert noticed.refused_after is not None


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [(GRANT, True), (Grant("NotifyRole", "Jobs", GRANT.action), False), (Grant(GRANT.role, "Jobs", "s3:Get"), False)],
)
def test_a_failure_without_just_that_refusal_proves_nothing(system: Pretended, asked: Grant, allowed: bool) -> None:
    async def fails() -> None:
        system.asked(asked, allowed=allowed)
        raise AssertionError

    system.parts = {"only": fails()}
    assert seen(system) == Noticed()


def test_a_failure_before_the_refusal_proves_nothing(system: Pretended) -> None:
    """As on a slow machine: something runs into its time-out, and what the grant is for goes well without it."""

    async def fails() -> None:
        raise TimeoutError

    async def ends() -> None:
        await asyncio.sleep(5 * MOMENT)
        system.asked(GRANT, allowed=False)

    system.parts = {"other": fails(), "only": ends()}
    noticed = seen(system)
    assert not noticed.proved
    assert noticed.refused_after is not None


def test_a_fault_of_what_the_exercise_itself_asks_proves_nothing(system: Pretended) -> None:
    async def fails() -> None:
        system.asked(GRANT, allowed=False)
        raise ClientError({"Error": {"Code": "InternalError"}}, "FilterLogEvents")

    system.parts = {"only": fails()}
    assert not seen(system).proved


def test_statements_go_first_then_each_action_of_those_with_several() -> None:
    document: Policy = {
        "Statement": [
            {"Sid": "Logs", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]},  # nobody is seen asking for these
            {"Sid": "Jobs", "Action": ["dynamodb:GetItem", "dynamodb:UpdateItem"]},
            {"Sid": "Send", "Action": "sqs:SendMessage"},
        ]
    }
    found = [
        (removal.actions, [one for statement in removal.less["Statement"] for one in actions(statement)][2:])
        for removal in removals.removals("SweepRole", document)
    ]
    assert found == [
        (("dynamodb:GetItem", "dynamodb:UpdateItem"), ["sqs:SendMessage"]),
        (("dynamodb:GetItem",), ["dynamodb:UpdateItem", "sqs:SendMessage"]),
        (("dynamodb:UpdateItem",), ["dynamodb:GetItem", "sqs:SendMessage"]),
        (("sqs:SendMessage",), ["dynamodb:GetItem", "dynamodb:UpdateItem"]),
    ]
