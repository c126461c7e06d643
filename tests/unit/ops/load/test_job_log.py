"""The account of pushes: what is told once, twice, too late, out of order, not at all."""

from hypothesis import given
from hypothesis import strategies as st

from divescore.ops.load.job_log import Hearing, Ledger

WAY = [(1, "AWAITING_UPLOAD"), (2, "QUEUED"), (3, "PROCESSING"), (4, "PROCESSING"), (5, "SCORED")]


def ledger(jobs: int = 1, watchers: int = 1, rest: int = 1) -> Ledger:
    made = Ledger([0.0] * jobs)
    for number in range(jobs):
        made.named(number, f"job{number}", list(range(watchers)), rest)
    return made


def heard(made: Ledger, way: list[tuple[int, str]], number: int = 0, watcher: int = 0) -> Hearing:
    for version, status in way:
        made.heard(number, watcher, version, status, 100.0 + version, 100.1 + version)
    return made.entries[number].hearings[watcher]


def account(hearing: Hearing) -> tuple[int, int, int]:
    return hearing.duplicates, hearing.out_of_order, hearing.missed


def test_a_quiet_life_has_no_anomalies() -> None:
    made = ledger()
    made.sent(0, 100.5)
    assert made.open == {0}
    assert account(heard(made, WAY)) == (0, 0, 0)
    (entry,) = made.entries
    assert entry.ended
    assert (entry.status, entry.pushed, made.open) == ("SCORED", 105.1, frozenset())
    assert entry.reached == {"AWAITING_UPLOAD": 101.0, "QUEUED": 102.0, "PROCESSING": 103.0, "SCORED": 105.0}


def test_the_snapshot_beside_the_first_push_is_no_duplicate_but_a_third_one_is() -> None:
    assert account(heard(ledger(), [WAY[0], *WAY])) == (0, 0, 0)
    assert account(heard(ledger(), [WAY[0], WAY[0], *WAY])) == (1, 0, 0)


def test_a_push_that_comes_twice_or_after_a_newer_one_counts() -> None:
    assert account(heard(ledger(), [*WAY, WAY[4]])) == (1, 0, 0)
    assert account(heard(ledger(), [WAY[0], WAY[2], WAY[1], WAY[4]])) == (0, 1, 0)


def test_each_new_subscription_explains_one_anomaly() -> None:
    made = ledger()
    heard(made, WAY[:3])
    made.subscribed_again(0, 0)
    assert account(heard(made, [WAY[2], WAY[4]])) == (0, 0, 0)
    assert account(heard(made, [WAY[4]])) == (1, 0, 0)


def test_changes_of_status_that_were_never_told_are_missed() -> None:
    assert heard(ledger(), [WAY[0], WAY[4]]).missed == 2
    assert heard(ledger(rest=2), [WAY[1], WAY[4]]).missed == 1
    rejected = heard(ledger(), [WAY[0], (2, "REJECTED")])
    assert rejected.missed == 0


def test_what_was_before_the_run_is_passed_over() -> None:
    made = ledger(rest=2)
    hearing = heard(made, [(1, "FAILED"), *WAY[1:], (1, "FAILED")])
    assert account(hearing) == (0, 0, 0)
    assert made.entries[0].status == "SCORED"


def test_a_job_has_ended_when_all_its_watchers_know() -> None:
    made = ledger(watchers=2)
    made.sent(0, 100.0)
    heard(made, WAY, watcher=0)
    assert made.open == {0}
    assert made.entries[0].pushed is None
    heard(made, WAY, watcher=1)
    assert made.open == frozenset()
    assert made.tally["SCORED"] == 1


def test_an_end_that_precedes_the_confirmation_of_its_send_counts() -> None:
    made = ledger()
    heard(made, WAY)
    made.sent(0, 200.0)
    assert made.waiting == 0


def test_a_second_score_is_seen() -> None:
    made = ledger()
    heard(made, [*WAY, (6, "SCORED")])
    assert len(made.entries[0].scores) == 2


def test_late_pushes_and_clocks_apart() -> None:
    made = ledger()
    made.heard(0, 0, 1, "AWAITING_UPLOAD", 0.0, 50.0)  # a snapshot is as old as it may be
    made.heard(0, 0, 2, "QUEUED", 50.0, 50.9)
    made.heard(0, 0, 3, "PROCESSING", 51.0, 52.1)
    made.heard(0, 0, 4, "SCORED", 53.0, 52.9)
    assert made.entries[0].hearings[0].late == 1
    assert made.least_delay is not None
    assert round(made.least_delay, 3) == -0.1


def test_what_is_read_at_the_end_does_not_count_as_heard() -> None:
    made = ledger()
    made.sent(0, 100.0)
    heard(made, WAY[:3])
    made.settle(0, 5, "SCORED", 105.0)
    (entry,) = made.entries
    assert (entry.status, entry.pushed, made.waiting) == ("SCORED", None, 1)


def test_the_plan_moves_with_its_start() -> None:
    made = Ledger([0.0, 1.5])
    assert made.start(1000.0) == [1000.0, 1001.5]
    assert made.heard_at == 1000.0


@given(st.lists(st.sampled_from(range(1, 7)), max_size=40))
def test_every_message_is_the_first_of_its_version_or_an_anomaly_or_explained(versions: list[int]) -> None:
    hearing = Hearing(rest=1)
    new = sum(hearing.note(version, "PROCESSING") for version in versions)
    explained = hearing.rest_repeated
    assert new == len(set(versions))
    assert hearing.duplicates == len(versions) - new - explained
    disordered = sum(version < max(versions[:at], default=0) for at, version in enumerate(versions))
    assert hearing.out_of_order <= disordered
