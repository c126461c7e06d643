"""The figures of a dive that many watch."""

import pytest

from divescore.client.errors import ClientError
from divescore.client.models import Job
from divescore.ops.load.fan_out import fan_out_report
from divescore.ops.load.job_log import JobLog
from tests.unit.ops.load.test_stages import log_score

JOB = Job.model_validate({"jobId": "a", "status": "SCORED", "version": 5, "result": {"score": 81.0, "note": "é"}})


def test_the_last_watcher_is_the_slowest() -> None:
    found = fan_out_report(log_score(JobLog([0.0]), watchers=4), JOB)
    assert found["watchers"] == 4
    assert found["write_to_push"]["min"] == pytest.approx(0.02, abs=1e-3)
    assert found["write_to_push"]["max"] == pytest.approx(0.05, abs=1e-3)
    assert found["first_to_last"] == pytest.approx(0.03, abs=1e-3)
    assert found["connects_per_second"] == pytest.approx(4 / 0.05, abs=1)
    text = '{"type":"job","job":{"jobId":"a","status":"SCORED","version":5,"result":{"score":81.0,"note":"é"}}}'
    assert found["message_bytes"] == len(text.encode())


def test_a_socket_that_came_too_late_measures_nothing() -> None:
    record = log_score(JobLog([0.0]), watchers=2)
    record.pushes[1].first_at = record.pushes[1].ended_at
    with pytest.raises(ClientError, match="only after"):
        fan_out_report(record, JOB)
