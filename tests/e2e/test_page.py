"""The page in a real browser, over the real API, queues, worker and socket."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.e2e.conftest import Visit, Visitor

pytestmark = pytest.mark.stack

SCORED_WITHIN_MS = 60_000
REJECTED_WITHIN_MS = 20_000
ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"


def send(visit: Visit, *files: Path) -> None:
    visit.page.set_input_files("input[type=file]", list(files))


def is_upload(route: Route) -> bool:
    """Whether this is a video on its way to the bucket."""
    return route.request.method == "POST" and "multipart/form-data" in route.request.headers.get("content-type", "")


def score_of(page: Page) -> str:
    """The score that a screen reader would read, as soon as it is there."""
    board = page.get_by_text(re.compile(r"^Score \d+\.\d\d points$"))
    expect(board).to_be_attached(timeout=SCORED_WITHIN_MS)
    return str(board.text_content())


def test_shows_pushed_stages_and_the_score_without_polling(visit: Visitor, clips: list[Path]) -> None:
    one = visit()

    def hold(route: Route) -> None:
        if is_upload(route):
            # On loopback a small clip is uploaded before a socket can open, and its first states would be missed.
            time.sleep(1.0)
        route.continue_()

    one.page.route("**/*", hold)
    send(one, clips[0])
    score = score_of(one.page)

    assert float(score.split()[1]) > 0
    assert one.pushed()[-1] == "SCORED"
    assert {"QUEUED", "PROCESSING"} <= set(one.pushed())
    assert one.stages()[-1] == "Scored"
    assert one.asked_for_jobs() == []
    assert len(one.sockets) == 1
    expect(one.page.get_by_text("Live", exact=True)).to_be_visible()
    expect(one.page.get_by_role("log")).to_contain_text(re.compile(r"scored \d+\.\d\d points"))
    expect(one.page.get_by_text("not from real ones")).to_be_visible()


def test_plays_the_video_over_its_timeline(visit: Visitor, clips: list[Path]) -> None:
    page = visit().page
    page.set_input_files("input[type=file]", clips[0])
    video = page.locator("video[controls]")
    expect(video).to_be_visible(timeout=SCORED_WITHIN_MS)
    page.wait_for_function("() => document.querySelector('video[controls]').readyState >= 2")
    page.get_by_role("button", name=re.compile("^Entry")).click()
    page.wait_for_function("() => document.querySelector('video[controls]').currentTime > 1")
    expect(page.locator(".phase-part.current")).to_have_count(1)


@pytest.mark.parametrize("content", [b"this is no video\n" * 50], ids=["text"])
def test_tells_why_a_renamed_text_file_is_rejected(visit: Visitor, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.mp4"
    path.write_bytes(content)
    one = visit()
    send(one, path)
    expect(one.page.get_by_text("NOT_A_VIDEO")).to_be_visible(timeout=REJECTED_WITHIN_MS)
    expect(one.page.get_by_text("The video was rejected")).to_be_visible()
    assert one.pushed()[-1] == "REJECTED"
    assert one.asked_for_jobs() == []


def test_refuses_a_text_file_before_sending_anything(visit: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("this is no video")
    one = visit()
    send(one, path)
    expect(one.page.get_by_text("UNSUPPORTED_TYPE")).to_be_visible()
    assert [url for _, url in one.requests if url.startswith(one.api)] == []


def test_takes_several_at_once_and_scores_each(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    send(one, *clips)
    boards = one.page.get_by_text(re.compile(r"^Score \d+\.\d\d points$"))
    expect(boards).to_have_count(len(clips), timeout=SCORED_WITHIN_MS)
    assert len(one.sockets) == 1
    assert one.asked_for_jobs() == []


def test_a_reload_in_the_middle_still_brings_the_score(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    send(one, clips[0])
    # Leave the moment the whole file is sent: its score comes while nobody listens, or right after.
    one.page.wait_for_function("() => Object.values(localStorage).some((entry) => JSON.parse(entry).sent)")
    one.page.reload()
    score_of(one.page)
    # One request for the ticket of the new connection; everything else was pushed.
    assert len(one.asked_for_jobs()) <= 1


def test_recovers_when_its_connection_is_killed(visit: Visitor, clips: list[Path]) -> None:
    routes: list[WebSocketRoute] = []

    def through(route: WebSocketRoute) -> None:
        routes.append(route)
        route.connect_to_server()

    one = visit(prepare=lambda page: page.route_web_socket(re.compile(r"^ws"), through))
    send(one, *clips)
    expect(one.page.get_by_text("Live", exact=True)).to_be_visible()
    routes[0].close(code=1001)
    expect(one.page.get_by_text("Live", exact=True)).to_be_visible()
    boards = one.page.get_by_text(re.compile(r"^Score \d+\.\d\d points$"))
    expect(boards).to_have_count(len(clips), timeout=SCORED_WITHIN_MS)
    assert len(routes) >= 2


def test_brings_the_score_over_http_where_sockets_are_blocked(visit: Visitor, clips: list[Path]) -> None:
    one = visit(prepare=lambda page: page.route_web_socket(re.compile(r"^ws"), lambda route: route.close()))
    send(one, clips[0])
    score_of(one.page)
    assert one.pushes == []
    assert one.asked_for_jobs() != []


def test_cancels_an_upload(visit: Visitor, clips: list[Path]) -> None:
    held: list[Route] = []

    def hold_uploads(page: Page) -> None:
        page.route(
            lambda url: True,
            lambda route: held.append(route) if is_upload(route) else route.fallback(),
        )

    one = visit(prepare=hold_uploads)
    send(one, clips[0])
    expect(one.page.get_by_text("Uploading", exact=True)).to_be_visible()
    one.page.get_by_role("button", name="Cancel").click()
    expect(one.page.get_by_text("Cancelled", exact=True)).to_be_visible()
    assert len(held) == 1


def test_sends_again_by_itself_after_the_connection_broke(visit: Visitor, clips: list[Path]) -> None:
    broken: list[Route] = []

    def break_once(route: Route) -> None:
        if is_upload(route) and not broken:
            broken.append(route)
            route.abort("connectionreset")
        else:
            route.fallback()

    one = visit(prepare=lambda page: page.route(lambda url: True, break_once))
    send(one, clips[0])
    score_of(one.page)
    assert len(broken) == 1
    # The browser itself reports the broken request, and nothing else.
    assert [line for line in one.console if "ERR_CONNECTION_RESET" not in line] == []
    one.console.clear()


def test_a_shared_link_shows_the_score_to_somebody_else(visit: Visitor, clips: list[Path]) -> None:
    owner = visit()
    send(owner, clips[0])
    score = score_of(owner.page)
    owner.page.get_by_role("button", name="Share").click()
    link = owner.page.locator(".share-link input").input_value()
    assert "#share=" in link

    watcher = visit(link)
    expect(watcher.page.get_by_role("heading", name="You are watching a dive")).to_be_visible()
    assert score_of(watcher.page) == score
    expect(watcher.page.get_by_role("button", name="Erase the video now")).to_have_count(0)


def test_erases_the_video_and_keeps_the_score(visit: Visitor, clips: list[Path]) -> None:
    one = visit()
    send(one, clips[0])
    score = score_of(one.page)
    one.page.get_by_role("button", name="Erase the video now").click()
    expect(one.page.get_by_text("The video is erased.")).to_be_visible()
    expect(one.page.locator("video[controls]")).to_have_count(0)
    assert score_of(one.page) == score


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_has_no_accessibility_violation(visit: Visitor, clips: list[Path], tmp_path: Path, scheme: str) -> None:
    notes = tmp_path / "notes.mp4"
    notes.write_text("this is no video")

    def prefer(page: Page) -> None:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]

    one = visit(prepare=prefer)
    expect(one.page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(one.page) == []
    send(one, clips[0], notes)
    expect(one.page.get_by_text("NOT_A_VIDEO")).to_be_visible(timeout=REJECTED_WITHIN_MS)
    score_of(one.page)
    assert violations(one.page) == []


def violations(page: Page) -> list[str]:
    """What axe finds, as `rule: element`."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


def test_works_by_keyboard_alone(visit: Visitor) -> None:
    page = visit().page
    # Listening makes the browser hand its file chooser over; that takes effect a little later.
    page.on("filechooser", lambda _: None)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the dives")).to_be_focused()
    chooser = page.get_by_role("button", name="Choose videos")
    for _ in range(5):
        page.keyboard.press("Tab")
        if chooser.evaluate("element => element === document.activeElement"):
            break
    expect(chooser).to_be_focused()
    with page.expect_file_chooser():
        page.keyboard.press("Enter")
