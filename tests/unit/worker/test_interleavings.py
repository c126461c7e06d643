"""Any interleaving of everything: gate, workers, sweep, cancel and replay run one call at a time, in any order, may die
at every call, hear of things twice, late or never, and time passes as it likes. What must hold, holds after each step;
and left to itself, every job then ends."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from divescore.jobs.items import from_item
from divescore.jobs.model import Job
from divescore.jobs.transitions import Fence, Refusal, Renewed, Replayed
from divescore.video.errors import VideoRejected
from divescore.views import FINAL, Status
from tests.fakes.actors import Stage
from tests.fakes.network import Moment, refused
from tests.fakes.world import (
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    NOT_A_VIDEO,
    SCORING,
    SURVIVABLE,
    UPLOADS,
    VIDEO,
    Report,
    World,
    good_score,
)

MOST_ACTORS = 4
DAY = 86_400
MOMENTS: list[Moment] = ["before", "after"]
some = st.integers(0, 5)
strides = st.integers(0, 20)  # calls; the longest process makes about fifteen


class Life(RuleBasedStateMachine):
    """The rules are what may happen; `written` follows the table's history and holds it to what DESIGN promises."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.stage = Stage()
        self.world.network.gate = self.stage.gate
        self.world.score = self.score
        self.jobs: list[Job] = []
        self.names = (f"actor-{number}" for number in itertools.count())
        self.seen = 0
        self.claims: dict[str, str] = {}  # worker -> the owner that it claimed as
        self.scores: dict[str, int] = {}
        self.verdicts = itertools.cycle(["good", "good", "bad", "fault"])

    def score(self, path: Path, on_progress: Report) -> Mapping[str, Any]:
        verdict = next(self.verdicts)
        result = good_score(path, on_progress)
        if verdict == "bad":
            raise VideoRejected("DAMAGED", "The file is damaged.")
        if verdict == "fault":
            raise refused("SlowDown")
        return result

    @initialize(
        beginnings=st.lists(st.sampled_from(["created", "posted", "queued", "queued twice"]), min_size=1, max_size=2)
    )
    def begin(self, beginnings: list[str]) -> None:
        for beginning in beginnings:
            job = self.world.create()
            self.jobs.append(job)
            if beginning != "created":
                self.world.post(job)
            if beginning.startswith("queued"):
                self.world.enqueue_once()
            if beginning.endswith("twice"):
                self.world.sqs.duplicate(SCORING)

    # What clients, S3, SQS, an operator and the clock do.

    @rule(which=some, data=st.sampled_from([VIDEO, VIDEO, NOT_A_VIDEO]), notify=st.booleans())
    def post(self, which: int, data: bytes, notify: bool) -> None:
        self.world.post(self.pick(which), data, notify=notify)

    @rule(which=some, number=some)
    def notify(self, which: int, number: int) -> None:
        job = self.pick(which)
        if versions := self.world.s3.objects.get(job.key):
            self.world.notify(job, versions[number % len(versions)].version_id)

    @rule(queue=st.sampled_from([UPLOADS, SCORING]), number=some)
    def deliver_twice(self, queue: str, number: int) -> None:
        self.world.sqs.duplicate(queue, number)

    @rule(
        operation=st.sampled_from(
            ["update_item", "get_item", "send_message", "get_object", "delete_object", "change_message_visibility"]
        ),
        moment=st.sampled_from(MOMENTS),
    )
    def fail_once(self, operation: str, moment: Moment) -> None:
        self.world.network.fail(operation, moment=moment)

    @rule(seconds=st.sampled_from([1, 10, 31, 31, 95, 1900, DAY]))
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    # Which processes start, and how they run.

    @rule(steps=strides, pick=some)
    def start_gate(self, steps: int, pick: int) -> None:
        self.start(steps, lambda: self.world.enqueue_once(pick))

    @rule(steps=strides, pick=some, old_ones_count=st.booleans(), seconds_left=st.sampled_from([100, 100, 100, 0]))
    def start_worker(self, steps: int, pick: int, old_ones_count: bool, seconds_left: int) -> None:
        self.start(steps, lambda: self.world.work_once(pick, seconds_left, old_ones_count))

    @rule(steps=strides)
    def start_sweep(self, steps: int) -> None:
        self.start(steps, self.world.sweep_once)

    @rule(steps=strides, which=some)
    def start_cancel(self, steps: int, which: int) -> None:
        job_id = self.pick(which).job_id
        self.start(steps, lambda: self.world.operations.cancel(job_id))

    @rule(steps=strides, which=some)
    def start_replay(self, steps: int, which: int) -> None:
        job = self.pick(which)

        def send_again() -> None:
            outcome = self.world.table.apply(self.world.table.get(job.job_id), Replayed())
            if not isinstance(outcome, Refusal):
                self.world.queue.send(outcome)

        self.start(steps, send_again)

    @rule(which=some, steps=strides)
    def step(self, which: int, steps: int) -> None:
        if alive := self.stage.alive():
            for _ in range(steps):
                alive[which % len(alive)].step()

    @rule(which=some)
    def kill(self, which: int) -> None:
        if alive := self.stage.alive():
            alive[which % len(alive)].kill()

    @rule(which=some)
    def beat(self, which: int) -> None:
        """A heartbeat of some attempt, living or long overtaken."""
        if not self.claims:
            return
        owner = sorted(self.claims.values())[which % len(self.claims)]
        claimed = next(
            from_item(change.new) for change in self.world.dynamodb.history if change.new.get("owner") == {"S": owner}
        )
        before = self.world.read(claimed)
        with self.world.network.quiet():
            beat = Renewed(Fence(owner, claimed.attempt), LEASE_SECONDS * 1000)
            outcome = self.world.table.apply(claimed, beat)
        mine = (before.status, before.owner, before.attempt) == (Status.PROCESSING, owner, claimed.attempt)
        assert isinstance(outcome, Refusal) != mine, "a beat renews exactly the lease that its attempt still holds"

    # What must hold.

    @invariant()
    def written(self) -> None:
        history = self.world.dynamodb.history
        for change in history[self.seen :]:
            if change.new["sk"]["S"] == "JOB":
                old = None if change.old is None else from_item(change.old)
                self.check(old, from_item(change.new), change.writer)
        self.seen = len(history)

    def check(self, old: Job | None, new: Job, writer: str) -> None:
        if old is None:
            assert (new.version, new.status) == (1, Status.AWAITING_UPLOAD)
            return
        assert old.status not in FINAL, "final states stay final"
        assert new.rev == old.rev + 1, "of two writers one takes effect"
        silent = old.status is new.status is Status.PROCESSING and old.owner == new.owner and old.stage == new.stage
        assert new.version == old.version + 1 or (silent and new.version == old.version), "the version strictly grows"
        assert old.object_version in (None, new.object_version), "bound to one version of the upload"
        assert new.attempt <= MAX_ATTEMPTS
        if old.status is Status.FAILED:
            assert new.status is Status.QUEUED
        if new.status is Status.SCORED:
            self.scores[new.job_id] = self.scores.get(new.job_id, 0) + 1
            assert self.scores[new.job_id] == 1, "at most one score"
            assert old.status is Status.PROCESSING
        if new.owner is not None and new.owner != old.owner:
            assert old.owner is None or self.world.clock() >= old.lease_until, "a living lease is not taken over"
            if writer.startswith("actor-"):
                self.claims[writer] = new.owner
        elif writer in self.claims:
            assert old.owner == self.claims[writer], "no write of a worker that lost its lease takes effect"

    def teardown(self) -> None:
        self.stage.kill_all()
        self.written()
        self.world.network.faults.clear()
        self.world.run_fairly(*self.jobs)
        self.written()
        event(f"{len(self.claims)} claims")
        for job in self.jobs:
            event(f"ends {self.world.read(job).status}")

    def start(self, steps: int, work: Callable[[], object]) -> None:
        def run() -> None:
            try:
                work()
            except SURVIVABLE:
                return  # an operator or a client sees the error and may ask again

        if len(self.stage.alive()) < MOST_ACTORS:
            actor = self.stage.start(next(self.names), run)
            for _ in range(steps):
                actor.step()

    def pick(self, which: int) -> Job:
        return self.jobs[which % len(self.jobs)]


TestLife = Life.TestCase
