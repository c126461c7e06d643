"""The command group `divescore keys`."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from divescore.stack.deployed import Stack
    from divescore.tokens.ring import Key, Secret

LONGEST_RETENTION = 90  # days that the template allows, for a stack that does not tell
_STACK = click.option("--stack", metavar="NAME", help="A stack deployed on AWS; default: the system on this machine.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def keys() -> None:
    """Rotate the keys that sign tokens, without logging anybody out. No key is ever shown.

    \b
    divescore keys list                  which keys there are, and which of them signs
    divescore keys rotate                sign with a new key from now on; drop keys whose last tokens have expired
    divescore keys rotate --stack dives  the same on AWS
    divescore keys revoke                a key has leaked: every token of the past ends
    """


@keys.command("list")
@_STACK
@_JSON
def list_keys(stack: str | None, as_json: bool) -> None:
    """Tell which keys there are. Example: divescore keys list --json."""
    _change(stack, as_json, lambda secret, _now, _retention: secret)


@keys.command()
@click.option("--drop-only", is_flag=True, help="Make no new key; only drop those whose last tokens have expired.")
@_STACK
@_JSON
def rotate(drop_only: bool, stack: str | None, as_json: bool) -> None:
    """Sign with a new key; the old ones verify until their last tokens expire. Example: divescore keys rotate."""
    from divescore.tokens import ring

    def change(secret: "Secret", now: datetime, retention: timedelta) -> "Secret":
        left = ring.without_expired(secret, now, retention)
        return left if drop_only else ring.rotated(left, now)

    _change(stack, as_json, change)


@keys.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_STACK
@_JSON
def revoke(yes: bool, stack: str | None, as_json: bool) -> None:
    """Sign with a new key and forget all others: nobody's token is good any more. Example: divescore keys revoke.

    Functions notice within five minutes. Jobs under way are scored, but nobody will be able to see them.
    """
    from divescore.tokens import ring

    if not yes:
        click.confirm("Every token ends, also those of jobs under way. Go on?", abort=True, err=True)
    _change(stack, as_json, lambda secret, now, _retention: ring.revoked(secret, now))


def _change(stack: str | None, as_json: bool, change: "Callable[[Secret, datetime, timedelta], Secret]") -> None:
    from divescore.stack.deployed import find_stack
    from divescore.stack.errors import NoSystem, as_no_system
    from divescore.tokens import ring

    try:
        found = find_stack(stack)
        with as_no_system("The token secret cannot be reached"):
            before = _read(found)
            after = change(
                before, datetime.now(UTC), timedelta(days=found.number("RetentionDays") or LONGEST_RETENTION)
            )
            kept = ring.keys_of(after)
            if after != before:
                found.client("secretsmanager").put_secret_value(
                    SecretId=found.output("TokenSecretArn"), SecretString=json.dumps(dict(after))
                )
    except (NoSystem, ring.NotAKeyRing) as error:
        raise click.ClickException(str(error)) from error
    dropped = sorted(set(before) - set(after))
    if as_json:
        click.echo(json.dumps({"keys": [_document(key) for key in kept], "dropped": dropped}))
        return
    for key in kept:
        click.echo(f"{key.kid:26} {_state(key)}")
    for kid in dropped:
        click.echo(f"{kid:26} dropped")


def _read(found: "Stack") -> dict[str, str]:
    from divescore.tokens.ring import NotAKeyRing

    text = found.client("secretsmanager").get_secret_value(SecretId=found.output("TokenSecretArn"))["SecretString"]
    secret = json.loads(text)
    if not isinstance(secret, dict):
        raise NotAKeyRing
    return secret


def _state(key: "Key") -> str:
    if key.current:
        return "signs and verifies"
    return f"verifies; retired {key.retired:%Y-%m-%d %H:%M} UTC" if key.retired else "verifies"


def _document(key: "Key") -> dict[str, Any]:
    moments = {"made": key.made, "retired": key.retired}
    known = {name: moment.isoformat() for name, moment in moments.items() if moment is not None}
    return {"id": key.kid, "current": key.current, **known}
