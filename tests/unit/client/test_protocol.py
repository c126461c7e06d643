"""The live connection's decisions, without a socket or a clock."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.client.models import Job
from divescore.client.protocol import (
    Changed,
    Effect,
    Notice,
    Open,
    Phase,
    Protocol,
    Read,
    Refused,
    Send,
    Shut,
    Timing,
)

URL = "wss://live.test/live?ticket=t"
TIMING = Timing()


def job(job_id: str = "a", version: int = 1, status: str = "QUEUED") -> dict[str, Any]:
    document: dict[str, Any] = {"jobId": job_id, "status": status, "version": version}
    return document | ({"result": {"score": 1.0}} if status == "SCORED" else {})


def push(job_id: str = "a", version: int = 1, status: str = "QUEUED") -> str:
    return json.dumps({"type": "job", "job": job(job_id, version, status)})


def complaint(code: str, **more: str) -> str:
    return json.dumps({"type": "error", "code": code, "message": "A sentence."} | more)


def always(chance: float) -> Callable[[], float]:
    return lambda: chance


def connected(*jobs: str, now: float = 0.0, chance: float = 0.5) -> Protocol:
    """A protocol whose socket is open and whose subscriptions have been sent and not yet answered."""
    protocol = Protocol(chance=always(chance))
    for job_id in jobs or ("a",):
        protocol.watch(job_id, f"token-{job_id}", now, URL)
    protocol.opened(now)
    protocol.effects()
    return protocol


def sent(effects: list[Effect]) -> list[dict[str, Any]]:
    return [json.loads(effect.text) for effect in effects if isinstance(effect, Send)]


def changes(effects: list[Effect]) -> list[tuple[str, int, bool]]:
    return [(effect.job.job_id, effect.job.version, effect.pushed) for effect in effects if isinstance(effect, Changed)]


def test_first_watch_opens_with_the_address_at_hand_and_subscribes_on_open() -> None:
    protocol = Protocol()
    protocol.watch("a", "token-a", 0.0, URL)
    assert protocol.effects() == [Open(URL)]
    protocol.watch("b", "token-b", 0.0, "wss://another")
    assert protocol.effects() == []
    protocol.opened(0.1)
    assert sent(protocol.effects()) == [
        {"action": "subscribe", "token": "token-a"},
        {"action": "subscribe", "token": "token-b"},
    ]


def test_watch_without_an_address_asks_for_one() -> None:
    protocol = Protocol()
    protocol.watch("a", "token-a", 0.0)
    assert protocol.effects() == [Read("a", "token-a")]
    protocol.read(Job.model_validate(job()), URL, 0.1)
    effects = protocol.effects()
    assert changes(effects) == [("a", 1, False)]
    assert effects[-1] == Open(URL)


def test_watch_on_an_open_socket_subscribes_at_once() -> None:
    protocol = connected()
    protocol.watch("b", "token-b", 1.0, URL)
    assert sent(protocol.effects()) == [{"action": "subscribe", "token": "token-b"}]


def test_only_newer_versions_are_emitted() -> None:
    protocol = connected()
    for version in (1, 1, 3, 2, 3, 4):
        protocol.received(push(version=version), 1.0)
    assert changes(protocol.effects()) == [("a", 1, True), ("a", 3, True), ("a", 4, True)]


def test_a_final_job_is_unsubscribed_and_dropped_and_the_socket_kept() -> None:
    protocol = connected()
    protocol.received(push(version=5, status="SCORED"), 1.0)
    effects = protocol.effects()
    assert changes(effects) == [("a", 5, True)]
    assert sent(effects) == [{"action": "unsubscribe", "jobId": "a"}]
    assert protocol.phase is Phase.OPEN
    protocol.lost("gone", 20.0)
    assert (protocol.phase, protocol.effects(), protocol.wake_at()) == (Phase.IDLE, [], None)


def test_a_score_that_did_not_fit_into_a_message_is_read() -> None:
    protocol = connected()
    protocol.received(json.dumps({"type": "job", "job": {"jobId": "a", "status": "SCORED", "version": 4}}), 1.0)
    assert protocol.effects() == [Read("a", "token-a")]
    protocol.read(Job.model_validate(job(version=4, status="SCORED")), None, 1.0)
    assert changes(protocol.effects()) == [("a", 4, False)]


def test_a_lost_connection_backs_off_then_fetches_a_ticket_and_subscribes_again() -> None:
    protocol = connected()
    protocol.received(push(version=2), 1.0)
    protocol.effects()
    protocol.lost("1006", 10.0)
    assert [type(effect) for effect in protocol.effects()] == [Notice]
    assert protocol.wake_at() == 10.0 + 0.5 * TIMING.first_backoff
    protocol.tick(10.1)
    assert protocol.effects() == []
    protocol.tick(10.25)
    assert protocol.effects() == [Read("a", "token-a")]
    protocol.read(Job.model_validate(job(version=2)), URL, 10.3)
    assert protocol.effects() == [Open(URL)]
    protocol.opened(10.4)
    assert sent(protocol.effects()) == [{"action": "subscribe", "token": "token-a"}]


def test_backoff_doubles_to_a_limit_while_nothing_answers() -> None:
    protocol = connected(chance=1.0)
    protocol.lost("1006", 0.0)
    waits, now = [], 0.0
    for _ in range(10):
        wake = protocol.wake_at()
        assert wake is not None
        waits.append(wake - now)
        now = wake
        protocol.tick(now)
        protocol.unreachable(now)
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]


def test_a_service_that_asks_for_patience_gets_it() -> None:
    protocol = connected(chance=0.0)
    protocol.lost("1006", 0.0)
    protocol.tick(0.0)
    protocol.unreachable(0.0, retry_after=7.0)
    assert protocol.wake_at() == 7.0


def test_only_a_connection_that_lasted_resets_the_backoff() -> None:
    protocol = connected(chance=1.0)
    waits, now = [], 0.0
    for lasted in (1.0, 1.0, 60.0):
        now += lasted
        protocol.lost("1006", now)
        wake = protocol.wake_at()
        assert wake is not None
        waits.append(wake - now)
        now = wake
        protocol.tick(now)
        protocol.read(Job.model_validate(job()), URL, now)
        protocol.opened(now)
    assert waits == [0.5, 1.0, 0.5]


def test_open_jobs_are_subscribed_again_every_four_minutes() -> None:
    protocol = connected("a", "b")
    protocol.received(push("a"), 1.0)
    protocol.received(push("b"), 1.0)
    protocol.received(push("b", 2, "SCORED"), 1.0)
    protocol.effects()
    assert protocol.wake_at() == 240.0
    protocol.tick(240.0)
    assert sent(protocol.effects()) == [{"action": "subscribe", "token": "token-a"}]


def test_an_unanswered_subscription_ends_the_connection() -> None:
    protocol = connected()
    assert protocol.wake_at() == TIMING.answer_within
    protocol.tick(TIMING.answer_within)
    effects = protocol.effects()
    assert isinstance(effects[0], Shut)
    assert protocol.phase is Phase.WAITING


def test_the_connection_is_renewed_before_two_hours_without_backing_off() -> None:
    protocol = connected()
    now = 0.0
    while protocol.phase is Phase.OPEN:
        protocol.received(push(), 1.0)
        wake = protocol.wake_at()
        assert wake is not None
        now = wake
        protocol.tick(now)
    assert TIMING.renew_after - TIMING.renew_spread <= now < 2 * 60 * 60
    assert protocol.effects()[-2:] == [Shut("renewing"), Read("a", "token-a")]


@pytest.mark.parametrize("code", ["UNAUTHORIZED", "TOKEN_EXPIRED", "FORBIDDEN", "JOB_NOT_FOUND"])
def test_a_refused_subscription_is_final(code: str) -> None:
    protocol = connected()
    protocol.received(complaint(code), 1.0)
    assert protocol.effects() == [Refused("a", code, "A sentence.")]
    protocol.lost("1006", 1.0)
    assert (protocol.effects(), protocol.wake_at()) == ([], None)


def test_a_refusal_that_names_its_job_is_that_jobs() -> None:
    protocol = connected("a", "b")
    protocol.received(complaint("FORBIDDEN", jobId="b"), 1.0)
    assert protocol.effects() == [Refused("b", "FORBIDDEN", "A sentence.")]


def test_a_refusal_that_may_be_several_jobs_is_cleared_up_over_http() -> None:
    protocol = connected("a", "b", "c")
    protocol.received(push("c"), 1.0)
    protocol.effects()
    protocol.received(complaint("FORBIDDEN"), 1.0)
    assert protocol.effects() == [Read("a", "token-a"), Read("b", "token-b")]
    protocol.read(Job.model_validate(job("a")), URL, 1.0)
    protocol.refused("b", "FORBIDDEN", "No.")
    effects = protocol.effects()
    assert changes(effects) == [("a", 1, False)]
    assert effects[-1] == Refused("b", "FORBIDDEN", "No.")
    assert protocol.phase is Phase.OPEN


def test_a_service_that_gave_the_connection_up_is_asked_for_another() -> None:
    protocol = connected()
    protocol.received(complaint("UNAVAILABLE"), 1.0)
    effects = protocol.effects()
    assert isinstance(effects[0], Shut)
    assert protocol.phase is Phase.WAITING
    assert protocol.watched


def test_other_complaints_are_only_told() -> None:
    protocol = connected()
    protocol.received(complaint("INVALID_MESSAGE"), 1.0)
    (effect,) = protocol.effects()
    assert isinstance(effect, Notice)
    assert "INVALID_MESSAGE" in effect.text


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"type":"job"}', '{"type":"pong"}', push("unknown")])
def test_messages_of_no_concern_change_nothing(text: str) -> None:
    protocol = connected()
    protocol.received(text, 1.0)
    assert protocol.effects() == []


def test_a_token_refused_over_http_stops_its_job_and_the_next_one_asks() -> None:
    protocol = connected("a", "b")
    protocol.lost("1006", 1.0)
    protocol.tick(9.0)
    protocol.refused("a", "TOKEN_EXPIRED", "Over.")
    effects = protocol.effects()
    assert effects[-2:] == [Refused("a", "TOKEN_EXPIRED", "Over."), Read("b", "token-b")]
    protocol.refused("b", "TOKEN_EXPIRED", "Over.")
    assert (protocol.phase, protocol.wake_at()) == (Phase.IDLE, None)


def blocked() -> tuple[Protocol, float]:
    """A protocol whose every handshake failed while HTTP answered; the time it gave up sockets at."""
    protocol = Protocol(chance=always(0.5))
    protocol.watch("a", "token-a", 0.0, URL)
    now = 0.0
    while protocol.phase is not Phase.READING:
        protocol.failed("HTTP 403", now)
        wake = protocol.wake_at()
        assert wake is not None
        now = wake if protocol.phase is Phase.WAITING else now
        protocol.tick(now)
        if protocol.phase is Phase.ASKING:
            protocol.read(Job.model_validate(job()), URL, now)
    return protocol, now


def test_where_sockets_are_blocked_it_says_so_and_reads() -> None:
    protocol, now = blocked()
    effects = protocol.effects()
    (notice,) = [effect for effect in effects if isinstance(effect, Notice)]
    assert "blocked" in notice.text
    assert effects[-1] == Read("a", "token-a")
    protocol.read(Job.model_validate(job(version=2)), URL, now)
    assert changes(protocol.effects()) == [("a", 2, False)]
    assert protocol.wake_at() == now + TIMING.read_every
    protocol.tick(now + TIMING.read_every)
    assert protocol.effects() == [Read("a", "token-a")]
    protocol.read(Job.model_validate(job(version=3, status="SCORED")), URL, now + 2.1)
    assert (protocol.phase, protocol.wake_at()) == (Phase.IDLE, None)


def test_blocked_sockets_are_tried_again_now_and_then() -> None:
    protocol, now = blocked()
    later = now + TIMING.try_socket_every
    protocol.tick(later)
    protocol.effects()
    protocol.read(Job.model_validate(job(version=2)), URL, later)
    assert protocol.effects()[-1] == Open(URL)
    protocol.failed("HTTP 403", later)
    assert protocol.effects() == [Read("a", "token-a")], "the second time it is no news"
    protocol.tick(later + TIMING.try_socket_every)
    protocol.read(Job.model_validate(job(version=2)), URL, later + TIMING.try_socket_every)
    protocol.opened(later + 61)
    assert any(isinstance(effect, Notice) and "again" in effect.text for effect in protocol.effects())
    assert protocol.phase is Phase.OPEN


def test_forgetting_the_last_job_ends_all_trying() -> None:
    protocol = connected()
    protocol.lost("1006", 1.0)
    protocol.forget("a")
    protocol.effects()
    assert (protocol.phase, protocol.wake_at()) == (Phase.IDLE, None)
    protocol.tick(100.0)
    assert protocol.effects() == []


FINAL_VERSION = 6


@dataclass
class World:
    """A service and a network that may do anything; `protocol` is the client under test."""

    protocol: Protocol
    versions: dict[str, int]
    now: float = 0.0
    opening: bool = False
    open: bool = False
    dead: bool = False  # half open: nothing passes, and neither side knows
    subscribed: set[str] = field(default_factory=set)
    on_the_way: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    seen: dict[str, list[int]] = field(default_factory=dict)

    def document(self, job_id: str) -> dict[str, Any]:
        version = self.versions[job_id]
        return job(job_id, version, "SCORED" if version == FINAL_VERSION else "PROCESSING")

    def perform(self) -> None:
        for effect in self.protocol.effects():
            match effect:
                case Open():
                    assert not self.open, "a second socket while one is open"
                    self.opening = True
                case Send(text) if self.open and not self.dead:
                    message = json.loads(text)
                    if message["action"] == "subscribe":
                        job_id = message["token"]
                        self.subscribed.add(job_id)
                        self.on_the_way.append(json.dumps({"type": "job", "job": self.document(job_id)}))
                case Shut():
                    self.end()
                case Read(job_id):
                    self.reads.append(job_id)
                case Changed(changed):
                    self.seen.setdefault(changed.job_id, []).append(changed.version)

    def end(self) -> None:
        self.open = self.dead = False
        self.subscribed.clear()
        self.on_the_way.clear()

    def advance(self, job_id: str) -> None:
        if self.versions[job_id] < FINAL_VERSION:
            self.versions[job_id] += 1
            if self.open and not self.dead and job_id in self.subscribed:
                self.on_the_way.append(json.dumps({"type": "job", "job": self.document(job_id)}))

    def step(self, what: str, number: int) -> None:
        job_id = sorted(self.versions)[number % len(self.versions)]
        if what == "advance":
            self.advance(job_id)
        elif what == "deliver" and self.on_the_way:
            self.protocol.received(self.on_the_way.pop(number % len(self.on_the_way)), self.now)
        elif what == "repeat" and self.on_the_way:
            self.protocol.received(self.on_the_way[number % len(self.on_the_way)], self.now)
        elif what == "drop" and self.on_the_way:
            del self.on_the_way[number % len(self.on_the_way)]
        elif what == "kill" and self.open:
            self.end()
            self.protocol.lost("killed", self.now)
        elif what == "half-open" and self.open:
            self.dead = True
            self.on_the_way.clear()
        elif what == "open" and self.opening:
            self.opening, self.open, self.dead = False, True, False
            self.protocol.opened(self.now)
        elif what == "fail" and self.opening:
            self.opening = False
            self.protocol.failed("blocked", self.now)
        elif what == "read" and self.reads:
            self.protocol.read(Job.model_validate(self.document(self.reads.pop(0))), URL, self.now)
        elif what == "unreachable" and self.reads:
            self.reads.pop(0)
            self.protocol.unreachable(self.now)
        elif what == "wait":
            self.now += number / 4
            self.protocol.tick(self.now)
        self.perform()

    def heal(self) -> None:
        """From now on everything works: what was begun is finished, and time passes."""
        for job_id in self.versions:
            while self.versions[job_id] < FINAL_VERSION:
                self.advance(job_id)
        for _ in range(60):
            for what in ("open", "read", "deliver"):
                self.step(what, 0)
            if self.dead:  # the pings notice
                self.step("kill", 0)
            wake = self.protocol.wake_at()
            if not (self.opening or self.reads or self.on_the_way) and wake is not None:
                self.now = max(self.now, wake)
                self.protocol.tick(self.now)
                self.perform()


STEPS = st.tuples(
    st.sampled_from(
        ["advance", "deliver", "repeat", "drop", "kill", "half-open", "open", "fail", "read", "unreachable", "wait"]
    ),
    st.integers(0, 200),
)


@given(st.lists(STEPS, max_size=80), st.integers(1, 4), st.floats(0, 1))
def test_whatever_happens_versions_rise_and_the_end_is_seen(
    steps: list[tuple[str, int]], jobs: int, chance: float
) -> None:
    names = [f"job-{number}" for number in range(jobs)]
    world = World(Protocol(chance=always(chance)), dict.fromkeys(names, 1))
    for name in names:
        world.protocol.watch(name, name, 0.0, URL)
    world.perform()
    for what, number in steps:
        world.step(what, number)
    world.heal()
    for name in names:
        seen = world.seen[name]
        assert seen == sorted(set(seen)), "an older version was applied over a newer one"
        assert seen[-1] == FINAL_VERSION
    assert not world.protocol.watched
