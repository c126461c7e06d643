"""The state machine: every state against every event, and what holds for all of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.jobs.amendment import KEPT, MAX_AMENDMENTS, Amended
from divescore.jobs.model import Cause, Job
from divescore.jobs.prolonging import LONGEST_UPLOAD_MS, PROLONGED_MS, UPLOAD_GRACE_MS, Prolonged, upload_closes_at
from divescore.jobs.transitions import (
    QUEUE_RETENTION_MS,
    Accepted,
    AttemptFailed,
    Cancelled,
    Claimed,
    DeadlinePassed,
    Event,
    Fence,
    Finished,
    Progressed,
    Reason,
    Refusal,
    Rejected,
    Renewed,
    Replayed,
    TurnedAway,
    fence_of,
    transition,
)
from divescore.views import FINAL, OPEN, Status
from tests.fakes.clock import START
from tests.fakes.jobs import LEASE_MS, job_in
from tests.fakes.results import kept_result

NOW = START + 1000
LATE = START + 30 * 86_400_000
CAUSE = Cause("INTERNAL", "A fault of ours.", True)
FAULT_OF_THE_VIDEO = Cause("DAMAGED", "The file is damaged.")
FENCE = Fence("me", 1)
CLAIM = Claimed("you", "v1", LEASE_MS, 3)

A, Q, P = Status.AWAITING_UPLOAD, Status.QUEUED, Status.PROCESSING
S, R, F, C, X = Status.SCORED, Status.REJECTED, Status.FAILED, Status.CANCELLED, Status.EXPIRED
BUSY, DONE, LOST, EARLY = Reason.BUSY, Reason.DONE, Reason.LOST, Reason.EARLY
SAME, SPENT = Reason.SAME, Reason.SPENT
WORKER_EVENTS: list[Event] = [
    Renewed(FENCE, LEASE_MS),
    Progressed(FENCE, "scoring", 0.6),
    Finished(FENCE, {"score": 1.0}),
    Rejected(FENCE, FAULT_OF_THE_VIDEO),
    AttemptFailed(FENCE, CAUSE, 3),
]

# One row per event, one column per state; a state that follows, or the reason why none does.
TABLE: list[tuple[Event, int, Mapping[Status, Status | Reason]]] = [
    (Accepted("v1", 2), NOW, {A: Q, Q: DONE, P: DONE, S: DONE, R: DONE, F: DONE, C: DONE, X: DONE}),
    (TurnedAway("v1", CAUSE), NOW, {A: R, Q: DONE, P: DONE, S: DONE, R: DONE, F: DONE, C: DONE, X: DONE}),
    (CLAIM, NOW, {A: P, Q: P, P: BUSY, S: DONE, R: DONE, F: DONE, C: DONE, X: DONE}),
    (CLAIM, LATE, {A: P, Q: P, P: P, S: DONE, R: DONE, F: DONE, C: DONE, X: DONE}),
    (Renewed(FENCE, LEASE_MS), NOW, {A: LOST, Q: LOST, P: P, S: LOST, R: LOST, F: LOST, C: LOST, X: LOST}),
    (Progressed(FENCE, "scoring", 1), NOW, {A: LOST, Q: LOST, P: P, S: LOST, R: LOST, F: LOST, C: LOST, X: LOST}),
    (Finished(FENCE, {}), NOW, {A: LOST, Q: LOST, P: S, S: LOST, R: LOST, F: LOST, C: LOST, X: LOST}),
    (Rejected(FENCE, CAUSE), NOW, {A: LOST, Q: LOST, P: R, S: LOST, R: LOST, F: LOST, C: LOST, X: LOST}),
    (AttemptFailed(FENCE, CAUSE, 3), NOW, {A: LOST, Q: LOST, P: Q, S: LOST, R: LOST, F: LOST, C: LOST, X: LOST}),
    (Cancelled(), NOW, {A: C, Q: C, P: C, S: DONE, R: DONE, F: DONE, C: DONE, X: DONE}),
    (DeadlinePassed(3), NOW, {A: EARLY, Q: EARLY, P: EARLY, S: DONE, R: DONE, F: DONE, C: DONE, X: DONE}),
    (DeadlinePassed(3), LATE, {A: X, Q: F, P: Q, S: DONE, R: DONE, F: DONE, C: DONE, X: DONE}),
    (DeadlinePassed(3, arrived="v1"), LATE, {A: F, Q: F, P: Q, S: DONE, R: DONE, F: DONE, C: DONE, X: DONE}),
    (Amended("107B", 10.0), NOW, {A: A, Q: Q, P: BUSY, S: S, R: DONE, F: DONE, C: DONE, X: DONE}),
    (Amended(None, None), NOW, {A: SAME, Q: SAME, P: BUSY, S: SAME, R: DONE, F: DONE, C: DONE, X: DONE}),
    (Prolonged("u1"), NOW, {A: A, Q: DONE, P: DONE, S: DONE, R: DONE, F: DONE, C: DONE, X: DONE}),
    (Prolonged("u1"), LATE, {A: SPENT, Q: DONE, P: DONE, S: DONE, R: DONE, F: DONE, C: DONE, X: DONE}),
    (Replayed(), NOW, {A: DONE, Q: DONE, P: DONE, S: DONE, R: DONE, F: Q, C: DONE, X: DONE}),
]


def applied(job: Job, event: Event, now: int = NOW) -> Job:
    outcome = transition(job, event, now)
    assert isinstance(outcome, Job), outcome
    return outcome


def reason(job: Job, event: Event, now: int = NOW) -> Reason:
    outcome = transition(job, event, now)
    assert isinstance(outcome, Refusal), outcome
    assert outcome.job == job
    return outcome.reason


def found_in(status: Status, **changes: Any) -> Job:
    """A job of that state, which was sent in parts and whose score can be counted again."""
    return job_in(status, **({"result": kept_result()} if status is S else {}) | {"part_bytes": 100} | changes)


@pytest.mark.parametrize(
    ("event", "now", "status", "expected"),
    [
        pytest.param(event, now, status, expected, id=f"{type(event).__name__}-{row}-{status}")
        for row, (event, now, columns) in enumerate(TABLE)
        for status, expected in columns.items()
    ],
)
def test_every_state_against_every_event(event: Event, now: int, status: Status, expected: Status | Reason) -> None:
    outcome = transition(found_in(status), event, now)
    assert (outcome.status if isinstance(outcome, Job) else outcome.reason) == expected


def test_the_table_is_complete() -> None:
    assert {type(event) for event, _, _ in TABLE} == set(Event.__args__)
    assert all(set(columns) == set(Status) for _, _, columns in TABLE)


def test_what_is_no_event_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        transition(job_in(Q), "a surprise", NOW)  # type: ignore[arg-type]  # on purpose


def test_accepting_binds_the_job_to_one_version_of_the_upload() -> None:
    job = applied(job_in(A), Accepted("v1", 4))
    assert (job.object_version, job.ahead) == ("v1", 4)
    assert job.deadline == NOW + QUEUE_RETENTION_MS
    assert reason(job, Accepted("v2")) is Reason.STALE
    assert reason(job, TurnedAway("v2", CAUSE)) is Reason.STALE
    assert reason(job, Claimed("you", "v2", LEASE_MS, 3)) is Reason.STALE


def test_a_video_that_is_turned_away_is_bound_too() -> None:
    job = applied(job_in(A), TurnedAway("v1", FAULT_OF_THE_VIDEO))
    assert (job.object_version, job.error) == ("v1", FAULT_OF_THE_VIDEO)


def test_a_claim_starts_an_attempt_with_a_lease() -> None:
    job = applied(job_in(Q, error=CAUSE), CLAIM)
    assert (job.owner, job.attempt, job.lease_until) == ("you", 1, NOW + LEASE_MS)
    assert job.deadline == job.lease_until + 2 * LEASE_MS
    assert (job.stage, job.fraction, job.ahead, job.error) == ("downloading", 0.0, None, None)


def test_a_lapsed_lease_is_taken_over_and_the_old_attempt_is_lost() -> None:
    job = job_in(P)
    assert reason(job, CLAIM, job.lease_until - 1) is Reason.BUSY
    taken = applied(job, CLAIM, job.lease_until)
    assert (taken.owner, taken.attempt) == ("you", 2)
    for event in WORKER_EVENTS:
        assert reason(taken, event) is Reason.LOST


def test_an_owner_that_claims_again_has_lost_its_first_attempt() -> None:
    again = applied(job_in(P), Claimed("me", "v1", LEASE_MS, 3), LATE)
    assert reason(again, Finished(FENCE, {})) is Reason.LOST


@pytest.mark.parametrize("status", [Q, P])
def test_a_claim_finds_the_attempts_spent(status: Status) -> None:
    job = applied(job_in(status, attempt=3), CLAIM, LATE)
    assert job.status is F
    assert job.error is not None
    assert (job.error.code, job.error.retryable) == ("ATTEMPTS_SPENT", True)
    known = applied(job_in(status, attempt=3, error=CAUSE), CLAIM, LATE)
    assert known.error == CAUSE


def test_a_renewal_moves_the_lease_and_tells_nobody() -> None:
    job = job_in(P)
    renewed = applied(job, Renewed(FENCE, LEASE_MS))
    assert renewed.lease_until == NOW + LEASE_MS
    assert renewed.deadline == NOW + 3 * LEASE_MS
    assert (renewed.version, renewed.rev, renewed.updated_at) == (job.version, job.rev + 1, job.updated_at)


def test_progress_never_falls_and_never_passes_the_end() -> None:
    job = applied(job_in(P), Progressed(FENCE, "scoring", 0.1))
    assert (job.stage, job.fraction) == ("scoring", 0.25)
    assert applied(job, Progressed(FENCE, "scoring", 1.7)).fraction == 1.0


def test_a_score_is_kept_and_the_lease_is_dropped() -> None:
    job = applied(job_in(P), Finished(FENCE, {"score": 84.15}))
    assert job.result == {"score": 84.15}
    assert (job.owner, job.lease_until, job.deadline, job.stage, job.error) == (None, 0, 0, None, None)


def test_the_videos_fault_is_never_retried() -> None:
    job = applied(job_in(P), Rejected(FENCE, FAULT_OF_THE_VIDEO))
    assert (job.status, job.error) == (R, FAULT_OF_THE_VIDEO)


@pytest.mark.parametrize(
    ("attempt", "retryable", "expected"), [(1, True, Q), (2, True, Q), (3, True, F), (1, False, F), (4, True, F)]
)
def test_a_failed_attempt_is_retried_while_that_can_help(attempt: int, retryable: bool, expected: Status) -> None:
    cause = Cause("UNAVAILABLE", "Later.", retryable)
    job = applied(job_in(P, attempt=attempt), AttemptFailed(Fence("me", attempt), cause, 3))
    assert (job.status, job.error, job.attempt) == (expected, cause, attempt)
    assert (job.owner, job.lease_until, job.stage, job.fraction) == (None, 0, None, 0.0)


def test_sweep_gives_each_state_its_own_end() -> None:
    assert applied(job_in(A), DeadlinePassed(3), LATE).status is X
    overslept = applied(job_in(Q), DeadlinePassed(3), LATE)
    assert overslept.error is not None
    assert overslept.error.code == "QUEUE_TIMEOUT"
    spent = applied(job_in(P, attempt=3), DeadlinePassed(3), LATE)
    assert spent.status is F
    assert spent.error is not None
    assert spent.error.code == "ATTEMPTS_SPENT"


@pytest.mark.parametrize("status", sorted(OPEN))
def test_a_deadline_is_over_when_it_is_reached(status: Status) -> None:
    job = job_in(status)
    assert reason(job, DeadlinePassed(3), job.deadline - 1) is Reason.EARLY
    assert isinstance(transition(job, DeadlinePassed(3), job.deadline), Job)


def test_an_upload_that_the_gate_cannot_decide_fails_after_a_day_and_can_be_replayed() -> None:
    job, found = job_in(A), DeadlinePassed(3, arrived="v7")
    assert reason(job, found, job.deadline + QUEUE_RETENTION_MS - 1) is Reason.EARLY
    failed = applied(job, found, job.deadline + QUEUE_RETENTION_MS)
    assert failed.object_version == "v7"
    assert failed.error is not None
    assert (failed.error.code, failed.error.retryable) == ("NOT_ADMITTED", True)
    assert applied(failed, Replayed()).status is Q


def test_a_replay_starts_with_all_attempts_and_no_cause() -> None:
    job = applied(job_in(F), Replayed())
    assert (job.status, job.attempt, job.error) == (Q, 0, None)


def test_asking_for_parts_prolongs_the_upload_and_tells_nobody() -> None:
    job = found_in(A)
    prolonged = applied(job, Prolonged("u1"))
    assert prolonged == replace(job, upload_id="u1", rev=job.rev + 1, deadline=NOW + PROLONGED_MS + UPLOAD_GRACE_MS)
    assert upload_closes_at(prolonged) == NOW + PROLONGED_MS


def test_an_upload_takes_a_day_in_all_at_most() -> None:
    last = START + LONGEST_UPLOAD_MS
    job = applied(found_in(A), Prolonged("u1"), last - UPLOAD_GRACE_MS - 1)
    assert job.deadline == last
    assert reason(job, Prolonged("u1"), last - UPLOAD_GRACE_MS) is Reason.SPENT


def test_of_two_uploads_begun_for_one_job_one_is_its_own() -> None:
    job = applied(found_in(A), Prolonged("u1"))
    assert reason(job, Prolonged("u2")) is Reason.STALE
    assert reason(job, Prolonged("u2", instead_of="u0")) is Reason.STALE
    assert applied(job, Prolonged("u2", instead_of="u1")).upload_id == "u2"


def test_a_form_is_not_prolonged() -> None:
    assert reason(job_in(A), Prolonged("u1")) is Reason.DONE


@pytest.mark.parametrize("status", [A, Q])
def test_before_the_claim_an_amendment_only_stores(status: Status) -> None:
    job = found_in(status, dive="107B")
    amended = applied(job, Amended(dive="207C", height=10.0))
    assert (amended.dive, amended.height, amended.difficulty) == ("207C", 10.0, None)
    untouched = replace(amended, dive="107B", height=None, amendments=0)
    assert untouched == replace(job, version=job.version + 1, rev=job.rev + 1, updated_at=NOW)


def test_a_scored_dive_is_counted_again_by_what_is_declared_now() -> None:
    job = found_in(S)
    by_hand = applied(job, Amended(dive="107B", height=3.0))
    result = by_hand.result
    assert result is not None
    assert (result["difficulty"], result["difficultySource"]) == (3.1, "dive")
    assert (result["dive"]["number"], result["dive"]["source"]) == ("107B", "given")
    assert result["score"] == pytest.approx(result["execution"] * 3.1, abs=0.006)
    assert (by_hand.status, by_hand.version, by_hand.amendments) == (S, job.version + 1, 1)
    declared = applied(by_hand, Amended(difficulty=3.0))
    assert declared.result is not None
    assert (declared.result["difficulty"], declared.result["difficultySource"]) == (3.0, "given")
    assert any(text.startswith("DIFFICULTY_UNUSUAL") for text in declared.result["warnings"])


def test_amendments_that_are_taken_back_leave_the_score_as_it_was() -> None:
    first = applied(found_in(S), Amended("107B", 3.0, 3.0))
    back = applied(first, Amended(None, None, None))
    again = applied(applied(back, Amended("107B", 3.0, 3.0)), Amended(None, None, None))
    assert back.result == again.result
    assert back.result is not None
    assert (back.result["difficultySource"], back.result["warnings"]) == ("predicted", kept_result()["warnings"])


def test_what_cannot_be_is_refused_by_what_would_be_declared_then() -> None:
    job = found_in(Q, dive="107B", difficulty=3.0)
    assert reason(job, Amended(dive="101C")) is Reason.IMPOSSIBLE
    assert reason(job, Amended(difficulty=5.9)) is Reason.IMPOSSIBLE
    assert applied(job, Amended(dive="101C", difficulty=None)).dive == "101C"
    assert reason(found_in(Q, dive="612B"), Amended(height=3.0)) is Reason.IMPOSSIBLE


def test_a_job_is_amended_twenty_times_and_no_more() -> None:
    job = found_in(S)
    for number in range(MAX_AMENDMENTS):
        job = applied(job, Amended(height=3.0 if number % 2 else 10.0))
    assert reason(job, Amended(height=5.0)) is Reason.SPENT
    assert reason(job, Amended(height=job.height)) is Reason.SAME


@pytest.mark.parametrize("result", [{"score": 84.15}, {**kept_result(), "predicted": None, "seen": None}])
def test_a_score_from_before_more_was_kept_stays_as_it_is(result: dict[str, Any]) -> None:
    assert reason(found_in(S, result=result), Amended(dive="107B")) is Reason.TOO_OLD


def test_only_a_workers_events_carry_a_fence() -> None:
    assert [fence_of(event) for event in WORKER_EVENTS] == [FENCE] * len(WORKER_EVENTS)
    for event in (Accepted("v"), CLAIM, Cancelled(), DeadlinePassed(3), Replayed(), Amended(), Prolonged("u")):
        assert fence_of(event) is None


# What holds in any history.

versions = st.sampled_from(["v1", "v2"])
fences = st.builds(Fence, owner=st.sampled_from(["me", "you"]), attempt=st.integers(1, 4))
causes = st.builds(Cause, code=st.just("X"), message=st.just("x"), retryable=st.booleans())
limits = st.just(3)
leases = st.just(LEASE_MS)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Accepted, versions, st.none() | st.integers(0, 9)),
    st.builds(TurnedAway, versions, causes),
    st.builds(Claimed, st.sampled_from(["me", "you"]), versions, leases, limits),
    st.builds(Renewed, fences, leases),
    st.builds(Progressed, fences, st.sampled_from(["downloading", "decoding", "scoring"]), st.floats(0, 1)),
    st.builds(
        Finished,
        fences,
        st.dictionaries(st.just("score"), st.floats(0, 100), min_size=1) | st.just(kept_result()),
    ),
    st.builds(Rejected, fences, causes),
    st.builds(AttemptFailed, fences, causes, limits),
    st.builds(Cancelled),
    st.builds(DeadlinePassed, limits, st.none() | versions),
    st.builds(Replayed),
    st.builds(Prolonged, st.sampled_from(["u1", "u2"]), st.sampled_from([None, "u1", "u2"])),
    st.builds(
        Amended,
        st.sampled_from([KEPT, None, "107B", "207C", "626C"]),
        st.sampled_from([KEPT, None, 3.0, 10.0]),
        st.sampled_from([KEPT, None, 3.0, 3.3]),
    ),
)
histories = st.lists(st.tuples(events, st.integers(0, 2 * 86_400_000)), max_size=40)


@given(histories)
def test_what_holds_in_any_history(history: list[tuple[Event, int]]) -> None:
    job, now = found_in(A, version=1, rev=1), START
    for event, pause in history:
        now += pause
        outcome = transition(job, event, now)
        if isinstance(outcome, Refusal):
            assert outcome.job is job
            continue
        if isinstance(event, Amended):
            assert job.status in {A, Q, S}
            assert (outcome.status, outcome.amendments) == (job.status, job.amendments + 1)
            assert outcome.amendments <= MAX_AMENDMENTS
            outcome.declaration.check()
        else:
            assert job.status not in FINAL, "final states stay final"
            assert outcome.declaration == job.declaration
        assert outcome.rev == job.rev + 1
        assert outcome.version == job.version + (not isinstance(event, Renewed | Prolonged))
        if isinstance(event, Prolonged):
            assert job.status is outcome.status is A
            assert job.upload_id in (None, event.upload_id, event.instead_of), "another call's upload is not replaced"
            assert job.deadline <= outcome.deadline <= job.created_at + LONGEST_UPLOAD_MS
            assert outcome == replace(job, upload_id=event.upload_id, deadline=outcome.deadline, rev=outcome.rev)
        assert outcome.updated_at >= job.updated_at
        assert job.object_version in (None, outcome.object_version), "bound to one version of the upload"
        fence = fence_of(event)
        if fence is not None:
            assert (job.status, job.owner, job.attempt) == (P, fence.owner, fence.attempt)
        _consistent(outcome)
        job = outcome


def _consistent(job: Job) -> None:
    assert (job.status is P) == (job.owner is not None) == (job.lease_until > 0) == (job.stage is not None)
    assert (job.result is not None) == (job.status is S)
    assert (job.deadline > 0) == job.is_open
    assert job.object_version is not None or job.status in {A, C, X}
    assert (job.error is not None) or job.status not in {R, F}
    assert 0 <= job.attempt <= 3


@given(histories, st.data())
def test_sweep_alone_ends_every_job(history: list[tuple[Event, int]], data: Any) -> None:
    job, now = found_in(A), START
    for event, pause in history:
        now += pause
        outcome = transition(job, event, now)
        job = outcome if isinstance(outcome, Job) else job
    arrived = data.draw(st.none() | versions)
    for _ in range(8):
        now = max(now, job.deadline) + QUEUE_RETENTION_MS
        outcome = transition(job, DeadlinePassed(3, arrived), now)
        job = outcome if isinstance(outcome, Job) else job
    assert not job.is_open
