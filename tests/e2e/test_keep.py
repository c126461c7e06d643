"""The page in its languages, the player, and what a reader keeps of many dives."""

import json
import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.conftest import WITHIN_MS, Visit, Visitor, listen
from tests.e2e.test_page import SCORED_WITHIN_MS, is_upload, score_of, send, violations

pytestmark = pytest.mark.stack

PNG = b"\x89PNG\r\n\x1a\n"
SCORE = re.compile(r"^Score \d+\.\d\d points$")
HAN = re.compile(r"[\u4e00-\u9fff]")


def in_chinese(browser: Browser, stack: dict[str, Any]) -> Visit:
    """The page as a reader of Chinese opens it."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(WITHIN_MS)
    one = Visit(page, stack["api"])
    listen(one)
    page.goto(stack["web"])
    return one


def test_a_reader_of_chinese_finds_the_page_in_chinese(
    browser: Browser, stack: dict[str, Any], clips: list[Path]
) -> None:
    one = in_chinese(browser, stack)
    expect(one.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(one.page.get_by_role("heading", level=1)).to_have_text(HAN)
    send(one, clips[0])
    expect(one.page.get_by_text(re.compile(r"^得分 \d+\.\d\d 分$"))).to_be_attached(timeout=SCORED_WITHIN_MS)
    expect(one.page.locator(".facts")).to_contain_text(re.compile("翻腾.*体|抱膝"))
    assert one.page.title().endswith("\u2013 Divescore")
    assert violations(one.page) == []
    said = one.page.locator("#root").inner_text()
    # Names of files, formats, models and keys are the same everywhere; sentences are not.
    assert not re.search(r"\b[a-z]+ [a-z]+ [a-z]+\b", said), said
    assert one.console == []
    one.page.context.close()


def test_the_language_is_chosen_by_keyboard_and_kept(visit: Visitor) -> None:
    page = visit().page
    switch = page.get_by_role("button", name="中文")
    switch.focus()
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.get_by_role("button", name="English").press("Enter")
    expect(page.get_by_role("heading", name="Drop a dive. Watch the verdict arrive.")).to_be_visible()


@pytest.mark.parametrize("forced", ["none", "active"])
@pytest.mark.parametrize("tag", ["en", "zh-Hans"])
def test_many_dives_have_no_accessibility_violation(
    visit: Visitor, clips: list[Path], tag: str, forced: Literal["none", "active"]
) -> None:
    one = visit(prepare=lambda page: page.emulate_media(forced_colors=forced, reduced_motion="reduce"))
    send(one, clips[0])
    score_of(one.page)
    if tag != "en":
        one.page.get_by_role("button", name="中文").click()
        expect(one.page.locator("html")).to_have_attribute("lang", tag)
    one.page.locator(".keep > summary").click()
    one.page.locator(".player-keys > summary").click()
    assert violations(one.page) == []


def test_the_page_is_drawn_before_its_script_comes(visit: Visitor) -> None:
    def without_script(route: Route) -> None:
        # The visit waits for the page's load, which a script that is held would keep from ending.
        route.fulfill(body="", content_type="text/javascript")

    one = visit(prepare=lambda page: page.route(re.compile(r"/assets/index-.*\.js"), without_script))
    expect(one.page.get_by_role("heading", level=1)).to_be_visible()
    assert one.page.locator(".flight:visible, .drop:visible").count() > 0
    one = visit()
    expect(one.page.get_by_role("button", name="Choose videos")).to_be_enabled()
    expect(one.page.locator(".still")).to_have_count(0)
    assert len([url for _, url in one.requests if url.endswith("/config.json")]) == 1


def test_shows_the_files_own_picture_while_it_is_sent(visit: Visitor, clips: list[Path]) -> None:
    held: list[Route] = []

    def hold(page: Page) -> None:
        page.route(lambda url: True, lambda route: held.append(route) if is_upload(route) else route.fallback())

    one = visit(prepare=hold)
    send(one, clips[0])
    expect(one.page.locator(".poster video")).to_be_visible()
    expect(one.page).to_have_title(re.compile(r"^Uploading \u00b7 .*\u2013 Divescore$"))
    held[0].continue_()
    score_of(one.page)
    expect(one.page).to_have_title(re.compile(r"^\d+\.\d\d points \u00b7 .*\u2013 Divescore$"))


def test_the_player_steps_and_slows_by_keys(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    send(one, clips[0])
    score_of(one.page)
    one.page.wait_for_function("() => document.querySelector('video[controls]')?.readyState >= 2")
    video = one.page.locator("video[controls]")
    one.page.get_by_role("button", name="One frame on").click()
    for _ in range(4):
        one.page.keyboard.press(".")
    one.page.wait_for_function("() => !document.querySelector('video[controls]').seeking")
    assert video.evaluate("video => video.currentTime") == pytest.approx(5.5 / 25, abs=0.01)
    one.page.keyboard.press(",")
    one.page.wait_for_function("() => !document.querySelector('video[controls]').seeking")
    assert video.evaluate("video => video.currentTime") == pytest.approx(4.5 / 25, abs=0.01)
    one.page.keyboard.press("<")
    one.page.keyboard.press("<")
    expect(one.page.locator("button", has_text="\u00bc")).to_have_attribute("aria-pressed", "true")
    assert video.evaluate("video => video.playbackRate") == 0.25


def test_a_dive_is_kept_as_data_and_as_a_picture(visit: Visitor, clips: list[Path], tmp_path: Path) -> None:
    one = visit()
    send(one, clips[0])
    score = float(score_of(one.page).split()[1])
    one.page.get_by_text("Keep and compare").click()
    with one.page.expect_download() as saved:
        one.page.get_by_role("button", name="Save as data (JSON)").click()
    text = Path(saved.value.path()).read_text()
    assert saved.value.suggested_filename == clips[0].with_suffix(".json").name
    assert json.loads(text)["result"]["score"] == pytest.approx(score, abs=0.005)
    assert "token" not in text
    with one.page.expect_download() as drawn:
        one.page.get_by_role("button", name="Save as picture").click()
    assert Path(drawn.value.path()).read_bytes().startswith(PNG)


def test_few_dives_need_no_tools_and_many_have_them(visit: Visitor, clips: list[Path], tmp_path: Path) -> None:
    one = visit()
    send(one, *clips)
    expect(one.page.locator(".card-scored")).to_have_count(3, timeout=SCORED_WITHIN_MS)
    expect(one.page.get_by_role("searchbox")).to_have_count(0)
    note = tmp_path / "notes.txt"
    note.write_text("no video")
    send(one, note)
    one.page.get_by_role("searchbox").fill("107b")
    expect(one.page.locator("article")).to_have_count(1)
    one.page.get_by_role("searchbox").fill("")
    one.page.get_by_label("Show", exact=True).select_option("unscored")
    expect(one.page.locator("article h3")).to_have_text(["notes.txt"])
    one.page.get_by_label("Show", exact=True).select_option("scored")
    one.page.get_by_label("Sort by").select_option("best")
    expect(one.page.locator("article")).to_have_count(3)
    scores = [float(text.split()[1]) for text in one.page.get_by_text(SCORE).all_text_contents()]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    one.page.get_by_role("button", name="Fold all").click()
    expect(one.page.locator("article .board")).to_have_count(0)


def test_two_dives_are_played_in_step_from_their_take_offs(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    send(one, *clips[:2])
    expect(one.page.locator(".card-scored")).to_have_count(2, timeout=SCORED_WITHIN_MS)
    # One of them may be folded already: the newest is open.
    for button in one.page.get_by_role("button", name="Show", exact=True).all():
        button.click()
    for index in range(2):
        one.page.get_by_text("Keep and compare").nth(index).click()
        one.page.get_by_role("button", name="Compare", exact=True).first.click()
    videos = one.page.locator(".compare video")
    expect(videos).to_have_count(2)
    ready = "() => [...document.querySelectorAll('.compare video')].every((v) => v.readyState >= 2 && !v.seeking)"
    one.page.wait_for_function(ready)
    times = "[...document.querySelectorAll('.compare video')].map((video) => video.currentTime)"
    take_offs = one.page.evaluate(times)
    assert all(time > 0 for time in take_offs), "the model tells when the diver leaves the platform"
    one.page.get_by_label("Time from the take-off").fill("0.4")
    one.page.wait_for_function(ready)
    assert one.page.evaluate(times) == pytest.approx([time + 0.4 for time in take_offs], abs=0.05)
