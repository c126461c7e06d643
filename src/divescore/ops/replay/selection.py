"""Which dead letters are meant: by queue, job, cause, age, and an expression on the body."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import click
import jmespath
from jmespath.exceptions import JMESPathError

from divescore.ops.replay.dead_letters import QueueName
from divescore.ops.replay.planning import Diagnosis

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_age(text: str) -> int:
    """Seconds in `90s`, `10m`, `2h` or `3d`. Raises click.BadParameter."""
    match = re.fullmatch(r"(\d+)([smhd])", text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is no age: write a number and a unit, such as 90s, 10m, 2h or 3d.")
    return int(match[1]) * _UNITS[match[2]]


def parse_expression(text: str) -> Any:
    """A compiled JMESPath expression. Raises click.BadParameter."""
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        raise click.BadParameter(f"{text!r} is no JMESPath expression: {error}") from error


@dataclass(frozen=True)
class Selection:
    """All of what is given has to hold; of several queues, jobs or codes any."""

    queues: Collection[str] = tuple(QueueName)
    jobs: Collection[str] = ()
    codes: Collection[str] = ()
    older_than: int | None = None  # seconds
    newer_than: int | None = None
    body: Any = None  # a compiled JMESPath expression, true of the body as JSON

    def takes(self, diagnosis: Diagnosis, now: int) -> bool:
        """Whether this dead letter is meant, whose queue is chosen already; `now` in ms."""
        age = (now - diagnosis.letter.sent_at) / 1000
        return (
            (not self.jobs or any(job in self.jobs for job in diagnosis.jobs))
            and (not self.codes or diagnosis.cause.upper() in {code.upper() for code in self.codes})
            and (self.older_than is None or age >= self.older_than)
            and (self.newer_than is None or age < self.newer_than)
            and (self.body is None or self._matches(diagnosis.letter.body))
        )

    def _matches(self, body: str) -> bool:
        try:
            found = self.body.search(json.loads(body))
        except (ValueError, JMESPathError):
            return False  # no JSON, or a function of the expression does not take what is there
        # What JMESPath itself calls false: false, null, and everything empty; the number 0 is not.
        return found is not None and found is not False and found not in ("", [], {})
