"""The published page: its files, its configuration and its policy."""

import json
from pathlib import Path
from typing import Any

import pytest

from divescore.stack.deploy import page
from divescore.stack.deploy.errors import NotBuilt, PageBroken

ENGINE = "http://127.0.0.1:4580"
SITE = page.Site("site", f"{ENGINE}/api", "ws://127.0.0.1:4580/live", ENGINE, 104_857_600)


class FakeS3:
    """Keeps what was put."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}

    def put_object(self, **arguments: Any) -> None:
        self.objects[arguments["Key"]] = arguments


def build(folder: Path) -> Path:
    (folder / "assets").mkdir()
    (folder / "assets" / "index-abc.js").write_text("page()")
    (folder / "index.html").write_text("<!doctype html><html><head><title>Divescore</title></head></html>")
    return folder


def test_a_page_that_is_not_built_is_not_published(tmp_path: Path) -> None:
    s3: Any = FakeS3()
    with pytest.raises(NotBuilt, match="make web"):
        page.publish(s3, tmp_path, SITE)
    assert s3.objects == {}


def test_files_go_up_with_their_type_and_lifetime(tmp_path: Path) -> None:
    s3: Any = FakeS3()
    assert page.publish(s3, build(tmp_path), SITE) == 3
    assert set(s3.objects) == {"index.html", "assets/index-abc.js", "config.json"}
    assert s3.objects["index.html"]["ContentType"] == "text/html; charset=utf-8"
    assert s3.objects["index.html"]["CacheControl"] == "no-cache"
    assert "immutable" in s3.objects["assets/index-abc.js"]["CacheControl"]
    assert {item["Bucket"] for item in s3.objects.values()} == {SITE.bucket}


def test_the_configuration_names_the_api_and_the_largest_video(tmp_path: Path) -> None:
    s3: Any = FakeS3()
    page.publish(s3, build(tmp_path), SITE)
    assert json.loads(s3.objects["config.json"]["Body"]) == {"api": SITE.api, "maxUploadBytes": 104_857_600}


def test_the_page_goes_last_so_that_whoever_loads_it_finds_what_it_names(tmp_path: Path) -> None:
    s3: Any = FakeS3()
    page.publish(s3, build(tmp_path), SITE)
    assert list(s3.objects)[-1] == "index.html"


def test_the_page_may_talk_to_its_own_stack_only(tmp_path: Path) -> None:
    s3: Any = FakeS3()
    page.publish(s3, build(tmp_path), SITE)
    html = s3.objects["index.html"]["Body"].decode()
    assert "connect-src 'self' http://127.0.0.1:4580 ws://127.0.0.1:4580;" in html
    assert html.index("Content-Security-Policy") < html.index("<title>")


def test_a_page_without_a_head_is_refused_before_anything_is_uploaded(tmp_path: Path) -> None:
    s3: Any = FakeS3()
    build(tmp_path)
    (tmp_path / "index.html").write_text("<html></html>")
    with pytest.raises(PageBroken, match="make web"):
        page.publish(s3, tmp_path, SITE)
    assert s3.objects == {}
