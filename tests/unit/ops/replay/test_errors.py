import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ReadTimeoutError

from divescore.ops.replay.errors import AwsError, explained
from tests.fakes.network import refused


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "UNREACHABLE", "Start it with: divescore up"),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), "UNREACHABLE", "127.0.0.1:1"),
        (refused("QueueDoesNotExist", "ReceiveMessage"), "NOT_FOUND", "ReceiveMessage"),
        (refused("ResourceNotFoundException", "Scan"), "NOT_FOUND", "right stack"),
        (refused("AccessDeniedException", "Scan"), "NOT_ALLOWED", "may not do Scan"),
        (refused("ExpiredToken", "GetItem"), "NOT_ALLOWED", "may not do GetItem"),
        (refused("Other", "GetItem"), "REFUSED", "GetItem was refused: Other"),
        (BotoCoreError(), "REFUSED", "unspecified"),
    ],
)
def test_each_error_is_a_sentence(error: BotoCoreError | ClientError, code: str, words: str) -> None:
    problem = explained(error)
    assert (type(problem), problem.code) == (AwsError, code)
    assert words in problem.message


def test_a_service_far_away_is_not_started_from_here() -> None:
    problem = explained(EndpointConnectionError(endpoint_url="https://sqs.aws"))
    assert problem.message == "Nothing answers at https://sqs.aws."
