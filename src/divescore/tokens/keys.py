"""Where the signing keys come from: Secrets Manager, through Powertools' cache."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from divescore.tokens.tokens import KeyRing

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_SECONDS = 300


class KeysUnavailable(Exception):
    """The key store does not answer, so no token can be judged for now."""


def key_loader(secret_id: str, secretsmanager: "SecretsManagerClient") -> Callable[[bool], KeyRing]:
    """A loader for `Tokens`: the ring as of at most five minutes ago, or as of now when asked for it fresh.

    It raises KeysUnavailable when there is no answer, ValueError when the secret is not a key ring.
    """
    provider = SecretsProvider(boto3_client=secretsmanager)

    def load(fresh: bool) -> KeyRing:
        try:
            text = provider.get(secret_id, max_age=CACHE_SECONDS, force_fetch=fresh)
        except GetParameterError as error:
            raise KeysUnavailable(str(error)) from error
        return KeyRing.from_secret(json.loads(str(text)))

    return load
