from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from divescore.aws import client
from divescore.live.messages import Outgoing
from divescore.live.push import BACK_OFF_SECONDS, POST_TIMEOUTS, Pushed, Pusher, jittered
from tests.fakes.standin import StandIn
from tests.unit.live.fakes import Management, fault

MESSAGE = Outgoing(b'{"type":"pong"}')


def pusher(*plan: str | float, close: str = "ok") -> tuple[Pusher, Management, list[float]]:
    pauses: list[float] = []
    management = Management(plan={"c1": list(plan)}, plan_close={"c1": [close]})
    return Pusher(management, pauses.append), management, pauses


def test_a_post_is_sent() -> None:
    push, management, _ = pusher("ok")
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


def test_a_reply_is_tried_again_after_growing_pauses() -> None:
    push, management, pauses = pusher("limit", "broken", 0.0, "ok")
    assert push.push("c1", MESSAGE) is Pushed.SENT
    assert management.posts["c1"] == 4
    for pause, planned in zip(pauses, BACK_OFF_SECONDS, strict=True):
        assert planned / 2 <= pause <= planned * 1.5


def test_a_reply_is_given_up_after_bounded_back_off() -> None:
    push, management, pauses = pusher("limit")
    assert push.push("c1", MESSAGE) is Pushed.SLOW
    assert management.posts["c1"] == len(pauses) + 1 == len(BACK_OFF_SECONDS) + 1
    push, management, _ = pusher("broken")
    with pytest.raises(ClientError):
        push.push("c1", MESSAGE)
    assert management.posts["c1"] == len(BACK_OFF_SECONDS) + 1


def test_a_reply_to_an_ended_connection_is_not_repeated() -> None:
    push, management, pauses = pusher("gone")
    assert push.push("c1", MESSAGE) is Pushed.GONE
    assert (management.posts["c1"], pauses) == (1, [])


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


def test_a_post_has_its_own_short_time_outs_and_no_hidden_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    management = client(
        "apigatewaymanagementapi", "https://live.test/live", connections=4, timeouts=POST_TIMEOUTS, attempts=1
    )
    config: Any = management.meta.config
    assert (config.connect_timeout, config.read_timeout) == POST_TIMEOUTS
    assert config.retries["total_max_attempts"] == 1
    assert config.max_pool_connections == 4
    assert sum(POST_TIMEOUTS) <= 3
