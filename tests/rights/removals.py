"""Takes a grant away from a running system, and watches whether the exercise notices."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from tests.rights import exercise
from tests.rights.grants import Grant, actions, without
from tests.rights.system import Policy, System

LOOK_EVERY = 0.2
# A part hangs that is not over so long after the first refusal: at least this, and three times what it takes in full.
HANGS_AFTER = 20.0
HANGS_BEFORE = 150.0  # the uploads queue shows a message again after three minutes by itself
ASKS_WITHIN = 120.0  # on a machine that others keep busy
TRIES = 3


@dataclass(frozen=True)
class Removal:
    """What is taken away from a role, and the policy without it."""

    role: str
    statement: str
    actions: tuple[str, ...]  # which of these is asked for first, and so refused, is the function's choice
    less: Policy

    def __str__(self) -> str:
        return f"{self.role} without {' and '.join(self.actions)} of {self.statement}"


@dataclass(frozen=True)
class Noticed:
    """What came of a removal: the parts that failed or hung after the first refusal; None as long as there was none."""

    failed: tuple[str, ...] = ()
    hung: tuple[str, ...] = ()
    refused_after: float | None = None

    @property
    def proved(self) -> bool:
        """Whether just what was taken away was refused, and the exercise failed after that."""
        return self.refused_after is not None and bool(self.failed or self.hung)


def removals(role: str, document: Policy) -> Iterator[Removal]:
    """Whole statements, then each action of those that have several; not what the engine never asks for."""
    for statement in document["Statement"]:
        name = statement["Sid"]
        seen = tuple(action for action in actions(statement) if not Grant(role, name, action).unseen)
        if seen:
            yield Removal(role, name, seen, without(document, name))
        if len(actions(statement)) > 1:
            for action in seen:
                yield Removal(role, name, (action,), without(document, name, action))


def take_away(system: System, film: Path, removal: Removal, took: Mapping[str, float]) -> Noticed:
    """Let the role have the lesser policy, and see what comes of it; `took` as `exercise.run` tells it."""
    noticed = Noticed()
    with system.with_policy(removal.role, removal.less):
        for _ in range(TRIES):
            noticed = asyncio.run(_noticed(system, film, removal, took))
            if noticed.proved:
                break
    return noticed


async def _noticed(system: System, film: Path, removal: Removal, took: Mapping[str, float]) -> Noticed:
    """Exercise the system until it was refused what was taken away and some part failed or hung for it."""
    before, began = system.decided(), time.monotonic()
    refused: float | None = None
    unrelated: set[str] = set()  # failed before anything was refused: only a sign that the machine is slow
    async with exercise.going(system, film) as parts:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            # Before the look at the refusals, which are written down before whoever is refused hears of it.
            failed = {part.get_name() for part in parts if part.done() and _failed(part)}
            going = {part.get_name() for part in parts if not part.done()}
            now = time.monotonic()
            if refused is None and _refused(system, removal, before):
                refused = now
            if refused is None:
                unrelated = failed
                if not going or now - began > ASKS_WITHIN:
                    return Noticed()
                continue
            failed -= unrelated
            hung = {name for name in going if now - refused > min(HANGS_BEFORE, max(HANGS_AFTER, 3 * took[name]))}
            if failed or hung or not going:
                return Noticed(tuple(sorted(failed)), tuple(sorted(hung)), refused - began)


def _failed(part: asyncio.Task[None]) -> bool:
    """Whether the system failed a part. What the exercise itself asks of AWS, as its owner, is none of its doing."""
    error = part.exception()
    return error is not None and not isinstance(error, (ClientError, BotoCoreError))


def _refused(system: System, removal: Removal, since: int) -> bool:
    return any(
        one.role == removal.role and one.action in removal.actions and not one.allowed
        for one in system.decisions(since)
    )
