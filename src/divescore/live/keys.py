"""Where the signing keys come from: Secrets Manager, through Powertools' cache."""

import json
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider

from divescore.live.tokens import KeyRing

CACHE_SECONDS = 300


def key_loader(secret_id: str, secretsmanager: Any) -> Callable[[bool], KeyRing]:
    """A loader for `Tokens`: the ring as of at most five minutes ago, or as of now when asked for it fresh."""
    provider = SecretsProvider(boto3_client=secretsmanager)

    def load(fresh: bool) -> KeyRing:
        text = provider.get(secret_id, max_age=CACHE_SECONDS, force_fetch=fresh)
        return KeyRing.from_secret(json.loads(str(text)))

    return load
