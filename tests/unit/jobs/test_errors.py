"""Every error has a code for programs and a sentence for people."""

import pytest

from divescore.jobs.errors import Contended, IdempotencyClash, JobNotFound, JobsError, QuotaExceeded


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JobNotFound("j"), "JOB_NOT_FOUND"),
        (IdempotencyClash(), "CONFLICT"),
        (QuotaExceeded("Enough for today.", 60), "RATE_LIMITED"),
        (Contended("j"), "UNAVAILABLE"),
    ],
)
def test_errors_carry_a_code_and_a_sentence(error: JobsError, code: str) -> None:
    assert error.code == code
    assert error.message.endswith(".")
    assert str(error) == error.message


def test_errors_carry_their_data() -> None:
    assert JobNotFound("j").job_id == Contended("j").job_id == "j"
    assert QuotaExceeded("Enough for today.", 60).retry_after == 60
