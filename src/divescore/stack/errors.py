"""What keeps us from a system: none runs, none of that name is deployed, or its owner's credentials do not reach it."""

from collections.abc import Iterator
from contextlib import contextmanager

START_IT = "Start it with: divescore up"


class NoSystem(Exception):
    """There is no running system to talk to, or none that could be found. `message` is a sentence for people."""

    code = "NO_SYSTEM"

    def __init__(self, message: str) -> None:
        super().__init__(f"{self.code}: {message}")
        self.message = message


@contextmanager
def as_no_system(problem: str) -> Iterator[None]:
    """Turn boto3's errors into NoSystem: `problem`, then what AWS, or the way to it, said."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

    try:
        yield
    except NoCredentialsError as error:
        raise NoSystem(f"{problem}: there are no AWS credentials here; set AWS_PROFILE, say.") from error
    except NoRegionError as error:
        raise NoSystem(f"{problem}: no AWS Region is chosen; set AWS_DEFAULT_REGION.") from error
    except ClientError as error:
        said = error.response.get("Error", {})
        raise NoSystem(f"{problem}: {said.get('Message') or said.get('Code') or error}") from error
    except BotoCoreError as error:
        raise NoSystem(f"{problem}: {error}") from error
