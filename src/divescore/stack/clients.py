"""boto3's clients with the rights of a system's owner: of a stack on AWS, and of the engine on this machine."""

from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

from divescore.stack.local_state import Credentials, Engine

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

CONNECTIONS = 32
CONNECTS_WITHIN, READS_WITHIN = 5.0, 60.0  # seconds
ATTEMPTS = 5
# On loopback a refused connection stays refused: say so at once.
LOCAL_ATTEMPTS = 2


class Clients(Protocol):
    """Gives the client of a service: one for each, safe to share between threads."""

    @overload
    def __call__(self, service: Literal["cloudformation"], /) -> "CloudFormationClient": ...
    @overload
    def __call__(self, service: Literal["cloudfront"], /) -> "CloudFrontClient": ...
    @overload
    def __call__(self, service: Literal["dynamodb"], /) -> "DynamoDBClient": ...
    @overload
    def __call__(self, service: Literal["dynamodbstreams"], /) -> "DynamoDBStreamsClient": ...
    @overload
    def __call__(self, service: Literal["iam"], /) -> "IAMClient": ...
    @overload
    def __call__(self, service: Literal["lambda"], /) -> "LambdaClient": ...
    @overload
    def __call__(self, service: Literal["s3"], /) -> "S3Client": ...
    @overload
    def __call__(self, service: Literal["secretsmanager"], /) -> "SecretsManagerClient": ...
    @overload
    def __call__(self, service: Literal["sns"], /) -> "SNSClient": ...
    @overload
    def __call__(self, service: Literal["sqs"], /) -> "SQSClient": ...
    @overload
    def __call__(self, service: str, /) -> Any: ...


def clients_on_aws() -> Clients:
    """Clients with the credentials and the Region that boto3 finds. Raises boto3's errors."""
    import boto3

    return _clients(boto3.Session(), None, ATTEMPTS, READS_WITHIN)


def clients_of_engine(
    engine: Engine,
    credentials: Credentials,
    region: str,
    attempts: int = LOCAL_ATTEMPTS,
    reads_within: float = READS_WITHIN,
) -> Clients:
    """Clients of the local engine; each of the `attempts` waits `reads_within` seconds for its answer."""
    import boto3

    session = boto3.Session(credentials.accessKeyId, credentials.secretAccessKey, region_name=region)
    return _clients(session, engine.endpoint, attempts, reads_within)


def _clients(session: "boto3.Session", endpoint: str | None, attempts: int, reads_within: float) -> Clients:
    from botocore.config import Config

    from divescore.aws import configuration

    made: dict[str, Any] = {}

    def client(service: str, /) -> Any:
        if service not in made:
            config = configuration(
                service, endpoint is not None, CONNECTIONS, (CONNECTS_WITHIN, reads_within), attempts
            )
            if endpoint is not None:
                config = config.merge(Config(proxies={}))  # a proxy is for the world outside
            made[service] = session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]  # any service
        return made[service]

    return client
