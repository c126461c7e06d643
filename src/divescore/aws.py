"""How this system talks to AWS: one place for time-outs, retries and signatures of every client."""

import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

# Their debug lines hold what must not be in a log, whatever level the rest of it has: signatures, the secret that signs
# tokens, messages as they are pushed.
for _name in ("boto3", "botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)


def configuration(
    service: str, local: bool, connections: int = 10, timeouts: tuple[float, float] = (3, 20), attempts: int = 4
) -> Config:
    """botocore's settings for a client of a service; `local`: of an engine that stands in for AWS.

    `connections` sizes the connection pool, which bounds how many requests of this client really run at once;
    `timeouts` are for connecting and for reading, in seconds, in each of the `attempts`.
    """
    return Config(
        connect_timeout=timeouts[0],
        read_timeout=timeouts[1],
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": attempts},
        # A third of the processor time of a call goes into what nobody needs: a name that botocore otherwise puts
        # together anew for each request, twice, and a check of types that mypy has made.
        user_agent="divescore",
        parameter_validation=False,
        signature_version="s3v4" if service == "s3" else None,
        # Regional virtual-host addresses, in us-east-1 too, where botocore would keep the legacy global one: the page
        # may talk to no other, and that one answers a browser's form post with a redirect that it cannot follow. A
        # local engine has one address for all buckets.
        s3={
            "addressing_style": "path" if local else "virtual",
            "us_east_1_regional_endpoint": "regional",
        },
    )


class Tuning(TypedDict, total=False):
    """What `configuration` may be told about a client."""

    connections: int
    timeouts: tuple[float, float]
    attempts: int


TRIES = 3
_BACK_OFF_SECONDS = 3.0  # botocore waits up to 1 s before the second try and up to 2 s before the third
_LONGEST_CONNECT, _LONGEST_READ = 3.0, 20.0


def within(seconds: float) -> Tuning:
    """A client whose calls end within four fifths of `seconds`, with all their tries.

    `seconds` is the time of whoever calls, a function's own or a lease: a connection that is stuck must leave it time
    to try again and to say what happened.
    """
    one_try = (0.8 * seconds - _BACK_OFF_SECONDS) / TRIES
    connect = min(_LONGEST_CONNECT, one_try / 3)
    return {"timeouts": (connect, min(_LONGEST_READ, one_try - connect)), "attempts": TRIES}


_SLOW_DOWN = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "ThrottlingException",
        "TooManyRequestsException",
        "429",
    }
)


def throttled(error: ClientError) -> bool:
    """Whether AWS was asked too often."""
    return error.response.get("Error", {}).get("Code") in _SLOW_DOWN


def out_of_reach(error: BotoCoreError | ClientError) -> bool:
    """Whether AWS could not be asked, or will not answer for the moment: the same call may well succeed a bit later."""
    if isinstance(error, ClientError):
        return throttled(error) or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    return isinstance(error, ConnectionError | HTTPClientError)


@overload
def client(service: Literal["dynamodb"], **tuning: Unpack[Tuning]) -> "DynamoDBClient": ...
@overload
def client(service: Literal["s3"], **tuning: Unpack[Tuning]) -> "S3Client": ...
@overload
def client(service: Literal["secretsmanager"], **tuning: Unpack[Tuning]) -> "SecretsManagerClient": ...
@overload
def client(service: Literal["sns"], **tuning: Unpack[Tuning]) -> "SNSClient": ...
@overload
def client(service: Literal["sqs"], **tuning: Unpack[Tuning]) -> "SQSClient": ...
def client(service: str, **tuning: Unpack[Tuning]) -> Any:
    """A process-wide, thread-safe boto3 client of a function; see `configuration`."""
    return _client(service, **tuning)


@cache
def _client(service: str, **tuning: Any) -> Any:
    config = configuration(service, bool(os.environ.get("AWS_ENDPOINT_URL")), **tuning)
    return boto3.client(service, config=config)  # type: ignore[call-overload]  # any service
