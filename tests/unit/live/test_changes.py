from dataclasses import replace
from itertools import groupby
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from divescore.jobs.marks import MARKS_SORT_KEY
from divescore.jobs.model import Job
from divescore.live.changes import Change, conflate, read_changes
from divescore.views import Status
from tests.unit.live.fakes import change, make_job, record

COURSES = [
    [Status.AWAITING_UPLOAD, Status.QUEUED, Status.PROCESSING, Status.SCORED],
    [Status.QUEUED, Status.PROCESSING, Status.QUEUED, Status.PROCESSING, Status.FAILED, Status.QUEUED],
    [Status.AWAITING_UPLOAD, Status.CANCELLED],
    [Status.PROCESSING, Status.SCORED, Status.SCORED, Status.SCORED],  # amended twice
]


@st.composite
def lives(draw: st.DrawFn) -> list[Change]:
    """The records of some jobs, interleaved: states in order, progress and lease renewals between them, repeats."""
    by_job: list[list[Change]] = []
    for number in range(draw(st.integers(1, 3))):
        version, attempt = 0, 0
        records: list[Change] = []
        for status in draw(st.sampled_from(COURSES)):
            attempt += status is Status.PROCESSING
            version += 1
            job = make_job(f"job{number}", status, version, attempt=attempt)
            records.append(change(job))
            if status is not Status.PROCESSING:
                continue
            for told in draw(st.lists(st.booleans(), max_size=6)):
                version += told
                job = replace(job, version=version, rev=job.rev + 1)
                records.append(change(job, version - 1 if told else version))
        batch = records[draw(st.integers(0, len(records) - 1)) :]
        again = draw(st.integers(0, len(batch)))
        by_job.append(batch + batch[again:])
    order = draw(st.permutations([number for number, records in enumerate(by_job) for _ in records]))
    rest = [iter(records) for records in by_job]
    return [next(rest[number]) for number in order]


def states(changes: list[Change]) -> list[tuple[Status, int]]:
    return [state for state, _ in groupby((each.job.status, each.job.attempt) for each in changes)]


@given(lives())
def test_conflation_keeps_every_state_and_the_newest_version_in_order(changes: list[Change]) -> None:
    news = conflate(changes)
    for job_id in {each.job.job_id for each in changes}:
        real = [each for each in changes if each.job.job_id == job_id and each.job.version > each.version_before]
        once = list({each.job.version: each for each in reversed(real)}.values())[::-1]
        once.sort(key=lambda each: each.job.version)
        told = news.get(job_id, [])
        assert states(told) == states(once)
        versions = [each.job.version for each in told]
        assert versions == sorted(set(versions))
        if once:
            assert told[-1].job.version == once[-1].job.version
        # Of each run in one state exactly one message is left: the newest.
        assert len(told) == len(states(once))


@given(lives())
def test_a_client_of_conflated_news_ends_where_a_client_of_all_news_ends(changes: list[Change]) -> None:
    news = conflate(changes)
    full: dict[str, Job] = {}
    for each in changes:
        if each.job.version > each.version_before:
            full[each.job.job_id] = max(full.get(each.job.job_id, each.job), each.job, key=lambda job: job.version)
    assert {job_id: told[-1].job.version for job_id, told in news.items() if told} == {
        job_id: job.version for job_id, job in full.items()
    }


def test_lease_renewals_are_not_news() -> None:
    assert conflate([change(make_job(version=3), before=3)]) == {}


def test_progress_is_conflated_and_a_new_attempt_is_not() -> None:
    first = [make_job(status=Status.PROCESSING, version=v, attempt=1, fraction=v / 10) for v in (3, 4, 5)]
    again = make_job(status=Status.PROCESSING, version=6, attempt=2)
    told = conflate([change(job) for job in [*first, again]])
    assert [each.job.version for each in told["a" * 32]] == [5, 6]


def test_records_become_changes() -> None:
    old, new = make_job(version=2), make_job(status=Status.PROCESSING, version=3, attempt=1)
    changes, unreadable = read_changes([record(old, sequence="10"), record(new, old, "11")])
    assert changes == [Change("10", old, 0), Change("11", new, 2)]
    assert unreadable == []


def test_removals_and_other_rows_are_passed_over() -> None:
    subscription, marks = record(make_job()), record(make_job())
    subscription["dynamodb"]["Keys"]["sk"]["S"] = "SUB#c1"
    marks["dynamodb"]["Keys"]["sk"]["S"] = MARKS_SORT_KEY
    assert read_changes([record(None, make_job()), subscription, marks]) == ([], [])


def test_an_old_image_that_cannot_be_read_does_not_hide_the_new_one() -> None:
    old = record(make_job(version=3), make_job(version=2), "12")
    old["dynamodb"]["OldImage"]["status"] = {"S": "A STATE OF ANOTHER AGE"}
    assert [each.job.version for each in read_changes([old])[0]] == [3]


def test_a_record_that_nobody_can_read_is_named_and_keeps_nothing_back() -> None:
    def broken(sequence: str, **image: Any) -> dict[str, Any]:
        spoilt = record(make_job(), sequence=sequence)
        spoilt["dynamodb"]["NewImage"] |= image
        return spoilt

    missing = record(make_job(), sequence="4")
    del missing["dynamodb"]["NewImage"]["jobId"]
    keyless = record(make_job(), sequence="5")
    del keyless["dynamodb"]["Keys"]
    changes, unreadable = read_changes(
        [
            broken("1", status={"S": "NO SUCH STATE"}),
            broken("2", version={"S": "text"}),
            broken("3", result={"S": "{"}, error="text"),
            missing,
            keyless,
            record(make_job(), sequence="6"),
        ]
    )
    assert [sequence for sequence, _ in unreadable] == ["1", "2", "3", "4", "5"]
    assert [each.sequence for each in changes] == ["6"]
