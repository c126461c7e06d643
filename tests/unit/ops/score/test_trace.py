"""The live trace in a pipe: plain, one line for each piece of news."""

import pytest

from divescore.client.errors import ApiError
from divescore.client.live import Event
from divescore.client.models import Job
from divescore.ops.score.trace import JobTrace, Trace


def job(status: str, version: int, **more: object) -> Job:
    return Job.model_validate({"jobId": "a", "status": status, "version": version} | more)


def tell(trace: Trace, name: str) -> None:
    watcher = JobTrace(trace, name)
    watcher.event(Event("", "job", job("AWAITING_UPLOAD", 1)), None)
    watcher.uploaded(2048, 0.02)
    watcher.event(Event("", "job", job("QUEUED", 2, ahead=0)), 0.011)
    watcher.event(Event("", "job", job("PROCESSING", 3, progress={"stage": "decoding", "fraction": 0.5})), 0.05)
    watcher.event(Event("", "read", job("SCORED", 4, result={"score": 80.5})), 1.5)
    trace.outcome(name, job("SCORED", 4, result={"score": 80.5}), None, watcher.ended_after)


def test_trace_goes_to_stderr_and_the_outcome_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    tell(Trace(["dive.webm"]), "dive.webm")
    out, err = capsys.readouterr()
    lines = [line.split() for line in err.splitlines()]
    assert lines == [
        ["AWAITING_UPLOAD", "listening", "for", "its", "video"],
        ["0", "ms", "uploaded", "2.0", "KB", "in", "20", "ms"],
        ["+11", "ms", "QUEUED", "next", "in", "line"],
        ["+50", "ms", "PROCESSING", "decoding", "50%"],
        ["+1.50", "s", "SCORED", "80.50", "points", "(read,", "not", "pushed)"],
    ]
    assert out.startswith("dive.webm  80.50 points\n")
    assert "1.50 s from upload to score" in out
    assert "\x1b" not in out + err


def test_beside_json_everything_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    tell(Trace(["dive.webm"], quiet=True), "dive.webm")
    out, err = capsys.readouterr()
    assert out == ""
    assert "80.50 points" in err


def test_several_files_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    trace = Trace(["one.webm", "another.webm"])
    JobTrace(trace, "one.webm").event(Event("", "job", job("QUEUED", 2)), 0.0)
    assert capsys.readouterr().err.split() == ["one.webm", "+0", "ms", "QUEUED"]


def test_a_large_upload_is_told_by_quarters(capsys: pytest.CaptureFixture[str]) -> None:
    watcher = JobTrace(Trace(["big.mp4"]), "big.mp4")
    total = 8 * 1024 * 1024
    for sent in range(0, total + 1, total // 16):
        watcher.uploading(sent, total)
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines()] == ["25", "50", "75", "100"]


@pytest.mark.parametrize(
    ("ended", "error", "text"),
    [
        (job("REJECTED", 3, error={"code": "DAMAGED", "message": "Cut."}), None, "x  REJECTED  DAMAGED: Cut.\n"),
        (job("CANCELLED", 3), None, "x  CANCELLED\n"),
        (None, ApiError("EMPTY_FILE", "It is empty.", 400), "x  EMPTY_FILE: It is empty.\n"),
    ],
)
def test_what_went_wrong_is_told_with_its_code(
    capsys: pytest.CaptureFixture[str], ended: Job | None, error: ApiError | None, text: str
) -> None:
    Trace(["x"]).outcome("x", ended, error, None)
    assert capsys.readouterr().out.rstrip() == text.rstrip()
