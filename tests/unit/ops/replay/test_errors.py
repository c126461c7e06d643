from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ReadTimeoutError

from divescore.ops.replay.errors import NoQueue, NotAllowed, NotReachable, Refused, ReplayError, explained
from tests.fakes.network import refused


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), NotReachable, "Start it with: divescore up"),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), NotReachable, "127.0.0.1:1"),
        (refused("QueueDoesNotExist", "ReceiveMessage"), NoQueue, "ReceiveMessage"),
        (refused("ResourceNotFoundException", "Scan"), NoQueue, "right stack"),
        (refused("AccessDeniedException", "Scan"), NotAllowed, "may not do Scan"),
        (refused("ExpiredToken", "GetItem"), NotAllowed, "may not do GetItem"),
        (refused("Other", "GetItem"), Refused, "GetItem was refused: Other"),
        (BotoCoreError(), Refused, "unspecified"),
    ],
)
def test_each_error_is_a_sentence(error: BotoCoreError | ClientError, kind: type[ReplayError], words: str) -> None:
    address: Any = getattr(error, "kwargs", {}).get("endpoint_url")
    problem = explained(error, address)
    assert type(problem) is kind
    assert words in problem.message


def test_a_service_far_away_is_not_started_from_here() -> None:
    problem = explained(EndpointConnectionError(endpoint_url="https://sqs.aws"), "https://sqs.aws")
    assert problem.message == "Nothing answers at https://sqs.aws."
