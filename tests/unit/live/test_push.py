from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from divescore.live.messages import Outgoing
from divescore.live.push import Pushed, Pusher, jittered
from tests.fakes.standin import StandIn
from tests.unit.live.fakes import Management, fault

MESSAGE = Outgoing(b'{"type":"pong"}')


def pusher(*plan: str | float, close: str = "ok") -> tuple[Pusher, Management]:
    management = Management(plan={"c1": list(plan)}, plan_close={"c1": [close]})
    return Pusher(management), management


def test_a_post_is_sent() -> None:
    push, management = pusher("ok")
    assert push.post("c1", MESSAGE) is Pushed.SENT
    assert management.received == {"c1": [MESSAGE.data]}


def test_an_ended_connection_is_told_from_a_slow_one() -> None:
    assert pusher("gone")[0].post("c1", MESSAGE) is Pushed.GONE
    assert pusher("limit")[0].post("c1", MESSAGE) is Pushed.SLOW
    assert pusher(0.0)[0].post("c1", MESSAGE) is Pushed.SLOW


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (fault("GoneException", "PostToConnection", 410), Pushed.GONE),
        (fault("410", "PostToConnection", 410), Pushed.GONE),
        (fault("UnknownError", "PostToConnection", 410), Pushed.GONE),
        (fault("ThrottlingException", "PostToConnection", 400), Pushed.SLOW),
        (fault("TooManyRequestsException", "PostToConnection", 429), Pushed.SLOW),
        (fault("429", "PostToConnection", 429), Pushed.SLOW),
    ],
)
def test_the_answers_of_aws_and_of_an_emulator_mean_the_same(error: ClientError, outcome: Pushed) -> None:
    class Answers(StandIn):
        def post_to_connection(self, **_: Any) -> None:
            raise error

    assert Pusher(Answers()).post("c1", MESSAGE) is outcome


def test_errors_of_the_service_are_raised() -> None:
    with pytest.raises(ClientError, match="InternalServerError"):
        pusher("broken")[0].post("c1", MESSAGE)

    class Unreachable(StandIn):
        def post_to_connection(self, **_: Any) -> None:
            raise ConnectTimeoutError(endpoint_url="https://live.test")

    with pytest.raises(ConnectTimeoutError):
        Pusher(Unreachable()).post("c1", MESSAGE)


def test_closing_twice_is_fine_and_a_fault_of_the_service_is_not() -> None:
    pusher(close="ok")[0].close("c1")
    pusher(close="gone")[0].close("c1")
    with pytest.raises(ClientError):
        pusher(close="broken")[0].close("c1")


def test_jitter_spreads_within_bounds() -> None:
    pauses = {jittered(1.0) for _ in range(200)}
    assert len(pauses) > 100
    assert min(pauses) >= 0.5
    assert max(pauses) <= 1.5
