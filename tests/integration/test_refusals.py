"""Bad input, and where each kind is told: at the door, by storage, by the gate, by the worker."""

from pathlib import Path
from typing import Any

import pytest

from divescore.client.errors import UploadRefused
from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.upload import upload
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

REJECTED = 3
MAX_UPLOAD = 200 * 1024 * 1024


def refusal(system: System, path: Path, *options: str) -> dict[str, Any]:
    """Score a file that must be refused: the document, after checking that code and sentence were shown."""
    code, document, said = system.score(*options, str(path))
    assert code == REJECTED, said
    error = document.get("error") or document["job"]["error"]
    assert error["code"] in said
    assert error["message"].endswith(".")
    assert error["message"] in said
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(
    ("content", "suffix", "expected"),
    [
        (b"Forward three and a half somersaults in the pike position.\n", ".mp4", "NOT_A_VIDEO"),
        (b"\xff\xd8\xff\xe0" + b"picture" * 100, ".mov", "NOT_A_VIDEO"),
        (b"FLV\x01" + bytes(500), ".mp4", "UNSUPPORTED"),
    ],
)
def test_what_is_no_video_is_rejected_at_the_gate(
    system: System, tmp_path: Path, content: bytes, suffix: str, expected: str
) -> None:
    path = tmp_path / f"dive{suffix}"
    path.write_bytes(content)
    document = refusal(system, path)
    statuses = [event["job"]["status"] for event in document["events"]]
    assert statuses == ["AWAITING_UPLOAD", "REJECTED"], "it never reached the queue of long jobs"
    assert document["job"]["error"]["code"] == expected


@pytest.mark.parametrize("keep", [0.02, 0.5])
def test_a_truncated_video_is_rejected_by_the_worker(
    system: System, clips: dict[str, Path], tmp_path: Path, keep: float
) -> None:
    whole = clips["one"].read_bytes()
    path = tmp_path / "cut.webm"
    path.write_bytes(whole[: int(len(whole) * keep)])
    document = refusal(system, path)
    statuses = [event["job"]["status"] for event in document["events"]]
    assert statuses[:3] == ["AWAITING_UPLOAD", "QUEUED", "PROCESSING"]
    assert document["job"]["status"] == "REJECTED"
    assert document["job"]["error"]["code"] in ("DAMAGED", "TOO_SHORT")


@pytest.mark.parametrize(
    ("size", "name", "options", "expected"),
    [
        (0, "empty.mp4", [], "EMPTY_FILE"),
        (MAX_UPLOAD + 1, "long.mp4", [], "TOO_LARGE"),
        (10, "notes.txt", [], "UNSUPPORTED_TYPE"),
        (10, "dive.mp4", ["--dive", "999Z"], "INVALID_REQUEST"),
    ],
)
def test_what_the_declaration_tells_is_refused_at_the_door(
    system: System, tmp_path: Path, size: int, name: str, options: list[str], expected: str
) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(size)
    document = refusal(system, path, *options)
    assert document == {"job": None, "events": [], "error": document["error"]}
    assert document["error"]["code"] == expected


@pytest.mark.parametrize("off", [-1, 1])
def test_another_size_than_declared_is_refused_by_storage(system: System, clips: dict[str, Path], off: int) -> None:
    async def work(http: Http, live: Live) -> None:
        made = await http.create("dive.webm", "video/webm", clips["one"].stat().st_size - off)
        with pytest.raises(UploadRefused) as raised:
            await upload(http.client, made.form, clips["one"])
        assert raised.value.code == "SIZE_MISMATCH"
        assert (await http.cancel(made.job_id, made.token)).status == "CANCELLED"

    system.talk(work)


def test_another_type_than_declared_is_refused_by_storage(system: System, clips: dict[str, Path]) -> None:
    async def work(http: Http, live: Live) -> None:
        made = await http.create("dive.webm", "video/webm", clips["one"].stat().st_size)
        form = made.form.model_copy(update={"fields": made.form.fields | {"Content-Type": "video/mp4"}})
        with pytest.raises(UploadRefused) as raised:
            await upload(http.client, form, clips["one"])
        assert raised.value.code == "UPLOAD_REFUSED"
        await http.cancel(made.job_id, made.token)

    system.talk(work)
