"""The record itself: which states are open, and whose video a key is."""

import pytest

from divescore.jobs.model import job_of_key, object_key
from divescore.views import Status
from tests.fakes.jobs import job_in


@pytest.mark.parametrize("status", Status)
def test_a_job_is_open_until_nobody_has_to_do_anything(status: Status) -> None:
    assert job_in(status).is_open == (status in {"AWAITING_UPLOAD", "QUEUED", "PROCESSING"})


def test_a_key_leads_back_to_its_job() -> None:
    job = job_in(Status.QUEUED)
    assert job.key == object_key(job.job_id) == f"uploads/{job.job_id}/video"
    assert job_of_key(job.key) == job.job_id


@pytest.mark.parametrize("key", ["", "uploads//video", "uploads/a/b/video", "uploads/a/film", "other/a/video", "a"])
def test_keys_that_nobody_was_given_belong_to_no_job(key: str) -> None:
    assert job_of_key(key) is None
