"""The log of pushes: what came once, twice, too late, out of order, not at all."""

from hypothesis import given
from hypothesis import strategies as st

from divescore.ops.load.job_log import JobLog, PushRecord

WAY = [(1, "AWAITING_UPLOAD"), (2, "QUEUED"), (3, "PROCESSING"), (4, "PROCESSING"), (5, "SCORED")]


def job_log(jobs: int = 1, watchers: int = 1, start: int = 1) -> JobLog:
    made = JobLog([0.0] * jobs)
    for number in range(jobs):
        made.created(number, f"job{number}", list(range(watchers)), start, 99.0)
    return made


def heard(made: JobLog, way: list[tuple[int, str]], number: int = 0, watcher: int = 0) -> PushRecord:
    for version, status in way:
        made.heard(number, watcher, version, status, 100.0 + version, 100.1 + version)
    return made.jobs[number].pushes[watcher]


def account(push: PushRecord) -> tuple[int, int, int]:
    return push.duplicates, push.out_of_order, push.missed


def test_a_quiet_life_has_no_anomalies() -> None:
    made = job_log()
    made.sent(0, 100.5)
    assert made.open == {0}
    assert account(heard(made, WAY)) == (0, 0, 0)
    (job,) = made.jobs
    assert job.ended
    assert (job.status, job.pushed, made.open) == ("SCORED", 105.1, set())
    assert job.reached == {"AWAITING_UPLOAD": 101.0, "QUEUED": 102.0, "PROCESSING": 103.0, "SCORED": 105.0}


def test_the_snapshot_beside_the_first_push_is_no_duplicate_but_a_third_one_is() -> None:
    assert account(heard(job_log(), [WAY[0], *WAY])) == (0, 0, 0)
    assert account(heard(job_log(), [WAY[0], WAY[0], *WAY])) == (1, 0, 0)


def test_a_push_that_comes_twice_or_after_a_newer_one_counts() -> None:
    assert account(heard(job_log(), [*WAY, WAY[4]])) == (1, 0, 0)
    assert account(heard(job_log(), [WAY[0], WAY[2], WAY[1], WAY[4]])) == (0, 1, 0)


def test_each_new_subscription_explains_one_anomaly() -> None:
    made = job_log()
    heard(made, WAY[:3])
    made.subscribed_again(0, 0)
    assert account(heard(made, [WAY[2], WAY[4]])) == (0, 0, 0)
    assert account(heard(made, [WAY[4]])) == (1, 0, 0)


def test_changes_of_status_that_were_never_told_are_missed() -> None:
    assert heard(job_log(), [WAY[0], WAY[4]]).missed == 2
    assert heard(job_log(start=2), [WAY[1], WAY[4]]).missed == 1
    rejected = heard(job_log(), [WAY[0], (2, "REJECTED")])
    assert rejected.missed == 0


def test_what_was_before_the_run_is_passed_over() -> None:
    made = job_log(start=2)
    push = heard(made, [(1, "FAILED"), *WAY[1:], (1, "FAILED")])
    assert account(push) == (0, 0, 0)
    assert made.jobs[0].status == "SCORED"


def test_a_job_has_ended_when_all_its_watchers_know() -> None:
    made = job_log(watchers=2)
    made.sent(0, 100.0)
    heard(made, WAY, watcher=0)
    assert made.open == {0}
    assert made.jobs[0].pushed is None
    heard(made, WAY, watcher=1)
    assert made.open == set()
    assert made.tally["SCORED"] == 1


def test_an_end_that_precedes_the_confirmation_of_its_send_counts() -> None:
    made = job_log()
    heard(made, WAY)
    made.sent(0, 200.0)
    assert made.open == set()


def test_a_second_score_is_seen() -> None:
    made = job_log()
    heard(made, [*WAY, (6, "SCORED")])
    assert len(made.jobs[0].scores) == 2


def test_late_pushes_and_clocks_apart() -> None:
    made = job_log()
    made.heard(0, 0, 1, "AWAITING_UPLOAD", 0.0, 50.0)  # a snapshot is as old as it may be
    made.heard(0, 0, 2, "QUEUED", 50.0, 50.9)
    made.heard(0, 0, 3, "PROCESSING", 51.0, 52.1)
    made.heard(0, 0, 4, "SCORED", 53.0, 52.9)
    assert made.jobs[0].pushes[0].late == 1
    assert made.least_delay is not None
    assert round(made.least_delay, 3) == -0.1


def test_what_is_read_at_the_end_does_not_count_as_heard() -> None:
    made = job_log()
    made.sent(0, 100.0)
    heard(made, WAY[:3])
    made.read(0, 5, "SCORED", 105.0)
    (job,) = made.jobs
    assert (job.status, job.pushed, made.open) == ("SCORED", None, {0})


def test_the_plan_moves_with_its_start() -> None:
    made = JobLog([0.0, 1.5])
    assert made.start(1000.0) == [1000.0, 1001.5]
    assert made.heard_at == 1000.0


@given(st.lists(st.sampled_from(range(1, 7)), max_size=40))
def test_every_message_is_the_first_of_its_version_or_an_anomaly_or_explained(versions: list[int]) -> None:
    push = PushRecord(start=1)
    new = sum(push.note(version, "PROCESSING") for version in versions)
    explained = push.start_repeated
    assert new == len(set(versions))
    assert push.duplicates == len(versions) - new - explained
    disordered = sum(version < max(versions[:at], default=0) for at, version in enumerate(versions))
    assert push.out_of_order <= disordered
