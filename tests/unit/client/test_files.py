"""Files before they are sent."""

import os
import threading
from pathlib import Path

import pytest

from divescore.client.errors import ClientError
from divescore.client.files import MOST_BYTES, NoVideo, name_of, refuse_what_is_no_video, regular

AVI = b"RIFF\x9a\x54\x02\x00AVI LIST" + bytes(64)


def test_names_are_text() -> None:
    assert name_of(Path(os.fsdecode(b"Spr\xfcnge\x1b[2J.mp4"))) == "Spr\ufffdnge\ufffd[2J.mp4"
    assert len(name_of(Path("a" * 300 + ".mp4"))) == 255
    assert name_of(Path("/")) == "video"


@pytest.mark.parametrize(
    ("name", "content", "refused"),
    [
        ("dive.mp4", b"%PDF-1.7", False),
        ("dive.dat", AVI, False),
        ("dive", b"%PDF-1.7", False),
        ("notes.txt", b"Dear judges", True),
        ("rules.pdf", b"%PDF-1.7", True),
        ("film.wmv", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", True),
        ("empty.txt", b"", False),
    ],
)
def test_only_what_neither_name_nor_bytes_call_a_video_is_refused(
    tmp_path: Path, name: str, content: bytes, refused: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    if not refused:
        refuse_what_is_no_video(path)
        return
    with pytest.raises(NoVideo) as caught:
        refuse_what_is_no_video(path)
    assert caught.value.code == "UNSUPPORTED_TYPE"


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(AVI * 1000))
    writer.start()
    with regular(pipe) as copy:
        assert copy.read_bytes() == AVI * 1000
    writer.join()
    assert not copy.exists()


def test_an_endless_device_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("divescore.client.files.MOST_BYTES", 1 << 20)
    with pytest.raises(ClientError) as caught, regular(Path("/dev/zero")):
        pass
    assert (caught.value.code, MOST_BYTES) == ("TOO_LARGE", 1 << 30)


def test_a_file_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "dive.avi"
    path.write_bytes(AVI)
    with regular(path) as same:
        assert same is path
