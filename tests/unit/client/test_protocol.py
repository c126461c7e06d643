"""The live connection in a world that may do anything; what it does step by step is in test_scenarios.py."""

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from divescore.client.actions import Changed, Close, Open, Read, Subscribe
from divescore.client.messages import parse
from divescore.client.models import Job
from divescore.client.protocol import Protocol

URL = "wss://live.test/live?ticket=t"


def job(job_id: str, version: int, status: str) -> dict[str, Any]:
    document: dict[str, Any] = {"jobId": job_id, "status": status, "version": version}
    return document | ({"result": {"score": 1.0}} if status == "SCORED" else {})


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
        for action in self.protocol.actions():
            match action:
                case Open():
                    assert not self.open, "a second socket while one is open"
                    self.opening = True
                case Subscribe(job_id) if self.open and not self.dead:
                    self.subscribed.add(job_id)
                    self.on_the_way.append(json.dumps({"type": "job", "job": self.document(job_id)}))
                case Close():
                    self.end()
                case Read(job_id):
                    self.reads.append(job_id)
                case Changed(changed):
                    self.seen.setdefault(changed.job_id, []).append(changed.version)

    def end(self) -> None:
        self.open = self.dead = self.opening = False
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
            self.protocol.received(parse(self.on_the_way.pop(number % len(self.on_the_way))), self.now)
        elif what == "repeat" and self.on_the_way:
            self.protocol.received(parse(self.on_the_way[number % len(self.on_the_way)]), self.now)
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
    world = World(Protocol(chance=lambda: chance), dict.fromkeys(names, 1))
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
