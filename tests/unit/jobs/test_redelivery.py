"""Growing, random waits, and a queue that will not wait."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from divescore.jobs.redelivery import LONGEST_DELAY_SECONDS, back_off, come_back_in
from tests.fakes.standin import StandIn


@given(tries=st.integers(1, 1000), longest=st.floats(1, 900))
def test_waits_double_within_their_jitter_and_their_bound(tries: int, longest: float) -> None:
    middle = min(longest, 2.0 ** min(tries, 20))
    assert 0.5 * middle <= back_off(tries, longest) <= 1.5 * middle


class Queue(StandIn):
    """Takes down what it is asked for, or refuses."""

    def __init__(self, refuses: bool = False) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refuses = refuses

    def change_message_visibility(self, **arguments: Any) -> None:
        if self.refuses:
            raise ClientError({"Error": {"Code": "ReceiptHandleIsInvalid", "Message": ""}}, "ChangeMessageVisibility")
        self.asked.append(arguments)


@pytest.mark.parametrize(("seconds", "timeout"), [(7.4, 7), (-3, 0), (5000, LONGEST_DELAY_SECONDS)])
def test_a_message_comes_back_when_asked_within_bounds(seconds: float, timeout: int) -> None:
    queue = Queue()
    come_back_in(seconds, queue, "url", "receipt", pytest.fail)
    assert queue.asked == [{"QueueUrl": "url", "ReceiptHandle": "receipt", "VisibilityTimeout": timeout}]


def test_a_queue_that_refuses_is_reported_and_survived() -> None:
    reports: list[tuple[str, dict[str, Any]]] = []
    come_back_in(5, Queue(refuses=True), "url", "receipt", lambda text, **fields: reports.append((text, fields)))
    [(text, fields)] = reports
    assert text == "visibility not changed"
    assert fields["seconds"] == 5
