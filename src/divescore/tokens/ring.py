"""The token secret as an operator changes it. Pure: a secret goes in, another comes out.

The secret is `{"current": "k2-20261123T102400Z", "k1": "…", "k2-20261123T102400Z": "…"}`. A key's id tells when it was
made, so that the next one's tells when it was retired; the first key of a stack, `k1`, is older than all.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from divescore.tokens.keys import CACHE_SECONDS

Secret = Mapping[str, str]
KEY_BYTES = 48
_STAMP = "%Y%m%dT%H%M%SZ"
_ID = re.compile(r"k(\d+)-(\d{8}T\d{6}Z)")
# A function may sign with the retired key for as long as it keeps the old ring; the rest is for clocks that differ.
MARGIN = timedelta(seconds=CACHE_SECONDS) + timedelta(hours=1)


class NotAKeyRing(Exception):
    """The secret holds something else than keys."""

    code = "NOT_A_KEY_RING"

    def __init__(self) -> None:
        super().__init__('The token secret is not a key ring: {"current": "k1", "k1": "…"}.')


@dataclass(frozen=True)
class Key:
    """A key without its secret: its id, when it was made and retired (None: unknown, or not yet), whether it signs."""

    kid: str
    made: datetime | None
    retired: datetime | None
    current: bool


def keys_of(secret: Secret) -> list[Key]:
    """The keys of a secret, oldest first. Raises NotAKeyRing."""
    kids = [kid for kid in secret if kid != "current"]
    if secret.get("current") not in kids:
        raise NotAKeyRing
    made = {kid: _made(kid) for kid in kids}
    order = sorted(kids, key=lambda kid: made[kid] or datetime.min.replace(tzinfo=UTC))
    found = []
    for place, kid in enumerate(order):
        later = [moment for moment in (made[other] for other in order[place + 1 :]) if moment is not None]
        current = kid == secret["current"]
        found.append(Key(kid, made[kid], None if current or not later else later[0], current))
    return found


def rotated(secret: Secret, now: datetime) -> dict[str, str]:
    """The secret with a new current key; the others stay and go on verifying."""
    numbers = [int(match[1]) for kid in secret if (match := re.match(r"k(\d+)", kid))]
    kid = f"k{max(numbers, default=0) + 1}-{now.astimezone(UTC):{_STAMP}}"
    return {**secret, "current": kid, kid: secrets.token_urlsafe(KEY_BYTES)}


def without_expired(secret: Secret, now: datetime, retention: timedelta) -> dict[str, str]:
    """The secret without the keys whose last tokens have expired: retired for longer than any token lives."""
    expired = {key.kid for key in keys_of(secret) if key.retired and key.retired + retention + MARGIN <= now}
    return {name: value for name, value in secret.items() if name not in expired}


def revoked(secret: Secret, now: datetime) -> dict[str, str]:
    """A secret with a new key and no other: every token of the past is worth nothing."""
    fresh = rotated(secret, now)
    return {"current": fresh["current"], fresh["current"]: fresh[fresh["current"]]}


def _made(kid: str) -> datetime | None:
    match = _ID.fullmatch(kid)
    return datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC) if match else None
