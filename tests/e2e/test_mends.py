"""The page on every kind of screen and for every kind of reader: what must be in view, readable and recoverable."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.e2e.conftest import Visitor
from tests.e2e.test_page import SCORED_WITHIN_MS, is_upload, score_of, send

HAS_ALL_TO_PLAY = 4  # HTMLMediaElement.HAVE_ENOUGH_DATA

pytestmark = pytest.mark.stack

ANYBODY = {"access-control-allow-origin": "*"}
SIZES = {"phone": (390, 844), "small phone": (320, 568), "tablet": (768, 1024), "laptop": (1440, 900)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_the_verdict_arrives_in_view(visit: Visitor, clips: list[Path], size: str, motion: str) -> None:
    width, height = SIZES[size]

    def prepare(page: Page) -> None:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]

    one = visit(prepare=prepare)
    send(one, clips[0])
    score_of(one.page)
    expect(one.page.locator(".board")).to_be_in_viewport(ratio=1.0)


def test_a_sample_is_followed_to_its_verdict(visit: Visitor) -> None:
    one = visit(prepare=lambda page: page.set_viewport_size({"width": 390, "height": 844}))
    one.page.locator(".sample").first.click()
    score_of(one.page)
    expect(one.page.locator(".board")).to_be_in_viewport(ratio=1.0)


def test_whoever_went_elsewhere_stays_there(visit: Visitor, clips: list[Path]) -> None:
    held: list[Route] = []

    def hold(page: Page) -> None:
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(reduced_motion="reduce")
        page.route(lambda url: True, lambda route: held.append(route) if is_upload(route) else route.fallback())

    one = visit(prepare=hold)
    send(one, clips[0])
    expect(one.page.get_by_text("Uploading", exact=True)).to_be_visible()
    expect(one.page.locator(".board")).to_be_in_viewport(ratio=1.0)
    one.page.mouse.wheel(0, -5000)
    one.page.wait_for_function("() => window.scrollY === 0")
    held[0].continue_()
    score_of(one.page)
    assert one.page.evaluate("window.scrollY") == 0


def test_in_forced_colours_the_score_is_painted_and_unlit_lamps_are_not(visit: Visitor, clips: list[Path]) -> None:
    one = visit(prepare=lambda page: page.emulate_media(forced_colors="active"))
    send(one, clips[0])
    score_of(one.page)
    fills = one.page.evaluate(
        """() => ["lit", "unlit"].map((kind) => [...new Set(
            [...document.querySelectorAll(kind === "lit" ? ".board .lamp.lit" : ".board .lamp:not(.lit)")]
                .map((lamp) => getComputedStyle(lamp).fill))])"""
    )
    lit, unlit = fills
    assert unlit == ["none"]
    assert len(lit) == 1
    assert lit[0] not in ("none", background(one.page, ".board"))
    for bar in (".flaw-bar span", ".phase-flight", ".sight .lit"):
        expect(one.page.locator(bar).first).to_be_visible()
        assert background(one.page, bar) != background(one.page, "body")
    assert background(one.page, ".badge-lamp") != background(one.page, ".badge")


def background(page: Page, selector: str) -> str:
    """The colour that is really painted behind an element's content."""
    return str(page.locator(selector).first.evaluate("element => getComputedStyle(element).backgroundColor"))


def changed_push(change: Any) -> Any:
    """Prepares a page whose pushed scores are changed by `change` on their way."""

    def through(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def to_page(message: str | bytes) -> None:
            told = json.loads(message)
            if told.get("job", {}).get("result"):
                change(told["job"])
            route.send(json.dumps(told))

        server.on_message(to_page)

    return lambda page: page.route_web_socket(re.compile(r"^ws"), through)


def test_a_result_without_pictures_is_shown_and_completed(visit: Visitor, clips: list[Path]) -> None:
    one = visit(prepare=changed_push(lambda job: job["result"].pop("strip")))
    send(one, clips[0])
    score_of(one.page)
    expect(one.page.locator("img.strip")).to_be_visible()
    assert len(one.asked_for_jobs()) == 1


def test_a_score_without_its_result_is_read(visit: Visitor, clips: list[Path]) -> None:
    one = visit(prepare=changed_push(lambda job: job.pop("result")))
    send(one, clips[0])
    score_of(one.page)
    assert len(one.asked_for_jobs()) == 1


def test_one_result_that_cannot_be_drawn_costs_its_own_card_only(visit: Visitor, clips: list[Path]) -> None:
    broken: list[str] = []

    def break_first(job: dict[str, Any]) -> None:
        if not broken:
            broken.append(job["jobId"])
        if job["jobId"] == broken[0]:
            job["result"]["segments"] = 7

    one = visit(prepare=changed_push(break_first))
    send(one, clips[0])
    expect(one.page.get_by_text("This dive cannot be shown here")).to_be_visible(timeout=SCORED_WITHIN_MS)
    send(one, clips[1])
    score_of(one.page)
    # React itself reports what a boundary caught.
    one.console.clear()


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (409, {"error": {"code": "CONFLICT", "message": "There is no video of this job."}}, "The video was erased."),
        (503, {"error": {"code": "UNAVAILABLE", "message": "Later."}}, "The video cannot be fetched just now."),
    ],
    ids=["erased elsewhere", "service unavailable"],
)
def test_says_why_a_video_does_not_play(
    visit: Visitor, clips: list[Path], status: int, body: dict[str, Any], sentence: str
) -> None:
    one = visit(
        prepare=lambda page: page.route(
            "**/video", lambda route: route.fulfill(status=status, json=body, headers=ANYBODY)
        )
    )
    send(one, clips[0])
    score_of(one.page)
    expect(one.page.get_by_text(sentence)).to_be_visible()
    one.console.clear()  # the browser reports the status


def test_says_that_a_file_is_not_playable_here(visit: Visitor, clips: list[Path]) -> None:
    def spoil(page: Page) -> None:
        page.route(
            lambda url: "X-Amz-Signature" in url or "Signature=" in url,
            lambda route: route.fulfill(status=200, body=b"not a film", content_type="video/webm"),
        )

    one = visit(prepare=spoil)
    send(one, clips[0])
    score_of(one.page)
    expect(one.page.get_by_text("This browser does not play WEBM files of this kind.")).to_be_visible()


def test_plays_the_copy_of_a_film_that_does_not_play(visit: Visitor, clips: list[Path]) -> None:
    made: list[str] = []  # the copy comes some seconds after the score

    def spoil(page: Page) -> None:
        page.route(
            "**/film-itself", lambda route: route.fulfill(status=200, body=b"no film", content_type="video/webm")
        )
        page.route("**/copy-of-it", lambda route: route.fulfill(status=200, path=clips[0], content_type="video/webm"))

        def answer(route: Route) -> None:
            bucket = route.request.url.split("/jobs/")[0]
            body: dict[str, Any] = {"url": f"{bucket}/film-itself", "expiresAt": "2099-01-01T00:00:00.000Z"}
            copies = [{"url": f"{bucket}/{name}", "expiresAt": body["expiresAt"]} for name in made]
            route.fulfill(json=body | ({"rendition": copies[0]} if copies else {}))

        page.route("**/video", answer)

    one = visit(prepare=spoil)
    send(one, clips[0])
    score_of(one.page)
    expect(one.page.get_by_text("This browser does not play WEBM files of this kind.")).to_be_visible()
    made.append("copy-of-it")
    one.page.get_by_role("button", name="Try again").click()
    expect(one.page.get_by_text("A small copy: this browser does not play WEBM files of this kind.")).to_be_visible()
    expect(one.page.locator(".replay video")).to_have_js_property("readyState", HAS_ALL_TO_PLAY)


@pytest.mark.parametrize(("width", "zoom"), [(320, 1.0), (390, 2.0)], ids=["320 px", "390 px at 200 % text"])
def test_narrow_screens_and_large_text_break_no_word_and_scroll_nowhere_sideways(
    visit: Visitor, clips: list[Path], width: int, zoom: float
) -> None:
    one = visit(prepare=lambda page: page.set_viewport_size({"width": width, "height": 844}))
    page = one.page
    page.evaluate("size => { document.documentElement.style.fontSize = size }", f"{zoom * 100}%")
    send(one, clips[0])
    score_of(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert broken_words(page) == []


def broken_words(page: Page) -> list[str]:
    """Labels with a word that is laid out in two lines, so that it was broken by letters."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, dt, dd, .stations li, .badge, h1, h2, h3, label")]
            .filter((element) => {
                const style = getComputedStyle(element);
                if (element.offsetParent === null || style.overflow === "hidden") return false;
                const words = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
                for (let node = words.nextNode(); node !== null; node = words.nextNode()) {
                    for (const word of node.data.matchAll(/[A-Za-z0-9.½]+/g)) {
                        const range = document.createRange();
                        range.setStart(node, word.index);
                        range.setEnd(node, word.index + word[0].length);
                        const tops = [...range.getClientRects()].map((rect) => Math.round(rect.top));
                        if (new Set(tops).size > 1) return true;
                    }
                }
                return false;
            }).map((element) => element.textContent)"""
    )
    return found


def test_removing_says_what_stays_and_can_be_taken_back(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    send(one, clips[0])
    score = score_of(one.page)
    one.page.get_by_role("button", name="Remove from this page").click()
    expect(one.page.get_by_text("can then no longer be erased from here")).to_be_visible()
    undo = one.page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    undo.click()
    assert score_of(one.page) == score
    one.page.get_by_role("button", name="Remove from this page").click()
    expect(one.page.locator("article")).to_have_count(0)
    assert one.page.evaluate("document.activeElement.id") == "dives"


def test_erasing_can_be_taken_back_and_is_done_when_the_page_is_left(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    send(one, clips[0])
    score_of(one.page)
    one.page.get_by_role("button", name="Erase the video now").click()
    one.page.get_by_role("button", name="Undo").click()
    expect(one.page.get_by_role("button", name="Erase the video now")).to_be_visible()
    assert [method for method, _ in one.requests if method == "DELETE"] == []
    one.page.get_by_role("button", name="Erase the video now").click()
    home = one.page.url
    one.page.goto("about:blank")
    one.page.goto(home)
    expect(one.page.get_by_text("The video is erased.")).to_be_visible()
    one.console.clear()  # the browser reports that a video was asked for that was just erased


def test_a_number_that_is_none_is_asked_about(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    one.page.get_by_label("Dive number").fill("999Z")
    send(one, clips[0])
    expect(one.page.get_by_text("999Z is no dive number.")).to_be_visible()
    assert [url for _, url in one.requests if url.startswith(one.api)] == []
    one.page.get_by_role("textbox", name="Dive number").fill("107B")
    one.page.get_by_role("button", name="Send", exact=True).click()
    score_of(one.page)
    expect(one.page.get_by_text("Dive, as declared")).to_be_visible()


def test_a_number_holds_for_several_files_only_when_they_say_so(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    one.page.get_by_label("Dive number").fill("107B")
    send(one, *clips[:2])
    expect(one.page.get_by_text("107B: is that every one of these 2 videos?")).to_be_visible()
    one.page.get_by_role("button", name="No, send without it").click()
    expect(one.page.get_by_text(re.compile(r"^Score \d+\.\d\d points$"))).to_have_count(2, timeout=SCORED_WITHIN_MS)
    expect(one.page.get_by_text("Dive, as declared")).to_have_count(0)


def test_a_sample_takes_the_number_that_was_typed(visit: Visitor) -> None:
    one = visit()
    one.page.get_by_label("Dive number").fill("405C")
    one.page.locator(".sample").first.click()
    score_of(one.page)
    expect(one.page.get_by_text("Dive, as declared")).to_be_visible()
    expect(one.page.locator(".number")).to_have_text("405C")


def test_a_second_tab_hears_of_the_firsts_dives(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    other = one.page.context.new_page()
    other.goto(one.page.url)
    send(one, clips[0])
    score = score_of(one.page)
    assert score_of(other) == score


def test_a_clock_that_is_wrong_by_a_year_forgets_nothing(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    send(one, clips[0])
    score = score_of(one.page)
    one.page.clock.install(time="2031-01-01T00:00:00Z")
    one.page.reload()
    assert score_of(one.page) == score


def test_going_back_from_a_shared_link_shows_the_own_dives(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    send(one, clips[0])
    score_of(one.page)
    home = one.page.url
    one.page.get_by_role("button", name="Share").click()
    link = one.page.locator(".share-link input").input_value()
    one.page.goto(home.rstrip("/") + "/#" + link.partition("#")[2])
    expect(one.page.get_by_role("heading", name="You are watching a dive")).to_be_visible()
    expect(one.page.get_by_text("Its score arrives here by itself")).to_have_count(0)
    one.page.go_back()
    expect(one.page.get_by_role("heading", name="Your dives")).to_be_visible()


def test_a_configuration_that_is_out_of_reach_for_a_moment_is_no_dead_end(visit: Visitor) -> None:
    tries: list[Route] = []

    def fail_once(route: Route) -> None:
        tries.append(route)
        if len(tries) == 1:
            route.abort("connectionreset")
        else:
            route.fallback()

    one = visit(prepare=lambda page: page.route("**/config.json", fail_once))
    # The head of the page is there at once; what is sent needs the configuration.
    one.page.wait_for_function(
        "() => document.querySelector('[inert]') === null && document.querySelector('input[type=file]') !== null"
    )
    assert len(tries) == 2
    one.console.clear()  # the browser reports the broken request


def test_a_drop_on_a_shared_page_is_taken(visit: Visitor, clips: list[Path]) -> None:
    owner = visit()
    send(owner, clips[0])
    score_of(owner.page)
    owner.page.get_by_role("button", name="Share").click()
    link = owner.page.locator(".share-link input").input_value()
    watcher = visit(link).page
    score_of(watcher)
    watcher.evaluate(
        """() => {
            const carried = new DataTransfer();
            carried.items.add(new File(["no video"], "notes.txt", { type: "text/plain" }));
            window.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, cancelable: true, bubbles: true }));
        }"""
    )
    expect(watcher.locator("article")).to_have_count(2)
    assert watcher.url == link
