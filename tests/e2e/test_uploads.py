"""Large videos over a bad line, in a real browser: each arrives, and nothing that storage had is sent twice."""

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.conftest import WITHIN_MS, Visitor
from tests.e2e.line import BadLine, Cut, part_of, random_moments
from tests.e2e.test_page import is_upload, score_of, violations

pytestmark = pytest.mark.stack

MB = 1_000_000
# Above what a form may hold, so that it goes in parts.
SMALL, LARGE = 26 * MB, 60 * MB
# A stalled line is found out after 20 s, and each wait is 20 s at most.
ARRIVES_WITHIN_MS = 600_000
JOBS_KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('divescore.dive.'))"


def padded_film(clip: Path, path: Path, size: int) -> Path:
    """The film of `clip` as an MP4 of exactly `size` bytes: ISO boxes that are free to be ignored fill it up."""
    with av.open(str(clip)) as source, av.open(str(path), "w", format="mp4") as made:
        (pictures,) = source.streams.video
        stream = made.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = pictures.width, pictures.height, "yuv420p"
        for frame in source.decode(pictures):
            made.mux(stream.encode(frame))
        made.mux(stream.encode())
    left = size - path.stat().st_size
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", left, b"free"))
        file.truncate(size)
    return path


@pytest.fixture(scope="session")
def film(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """A dive's film of so many bytes."""
    folder = tmp_path_factory.mktemp("films")
    return lambda size: padded_film(clips[0], folder / f"film-{size}.mp4", size)


def through(browser: Browser, line: BadLine, url: str) -> Page:
    """A page whose every connection takes the bad line."""
    context = browser.new_context(proxy={"server": f"http://127.0.0.1:{line.port}", "bypass": "<-loopback>"})
    page = context.new_page()
    page.set_default_timeout(WITHIN_MS)
    page.goto(url)
    return page


def arrives(browser: Browser, stack: dict[str, Any], film: Path, moments: list[tuple[int, Cut]]) -> BadLine:
    """Sends the film while the line is cut at these moments; it has to be scored."""
    with BadLine(moments).running() as line:
        page = through(browser, line, stack["web"])
        try:
            page.set_input_files("input[type=file]", film)
            board = page.get_by_text(re.compile(r"^Score \d+\.\d\d points$"))
            expect(board).to_be_attached(timeout=ARRIVES_WITHIN_MS)
        finally:
            page.context.close()
    return line


def test_a_large_video_survives_a_bad_line(
    browser: Browser, stack: dict[str, Any], film: Callable[[int], Path]
) -> None:
    moments = [(2 * MB, Cut.RESET), (12 * MB, Cut.BUSY), (24 * MB, Cut.DROP)]
    traffic = arrives(browser, stack, film(SMALL), moments).traffic
    assert sum(traffic.cuts.values()) == len(moments)
    assert len(traffic.begun) > len({part.number for part in traffic.begun}) == 4
    assert traffic.again == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_twenty_cuts_at_random_moments(
    browser: Browser, stack: dict[str, Any], film: Callable[[int], Path], seed: int
) -> None:
    moments = random_moments(seed, [*Cut] * 5, mean_bytes=6 * MB)
    traffic = arrives(browser, stack, film(LARGE), moments).traffic
    assert traffic.again == [], traffic
    assert len({part.number for part in traffic.begun}) == 8
    assert len({part.upload_id for part in traffic.begun}) == 1, "the upload was begun anew"
    assert sum(traffic.cuts.values()) == len(moments), traffic.cuts


def test_pauses_goes_offline_and_is_reloaded_and_goes_on_each_time(
    visit: Visitor, film: Callable[[int], Path], tmp_path: Path
) -> None:
    held: list[Route] = []
    holding = [True]
    sent: list[int] = []

    def hold(route: Route) -> None:
        number = part_of(route.request.method, urlsplit(route.request.url).query)
        if number is None:
            route.fallback()
            return
        sent.append(number.number)
        if holding[0] and number.number > 1:
            held.append(route)
        else:
            route.fallback()

    path = film(SMALL)
    one = visit(prepare=lambda page: page.route("**/*partNumber=*", hold))
    page = one.page
    page.on("dialog", lambda dialog: dialog.accept())  # asks whether to leave
    page.set_input_files("input[type=file]", path)
    expect(page.get_by_text(re.compile(r"^8\.0 MB of 24\.8 MB"))).to_be_visible()
    jobs = page.evaluate(JOBS_KEPT)

    pause = page.get_by_role("button", name="Pause", exact=True)
    pause.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    resume = page.get_by_role("button", name="Resume", exact=True)
    expect(resume).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_text("Uploading", exact=True)).to_be_visible()

    page.context.set_offline(True)
    expect(page.get_by_text("No network", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("as soon as there is a network"))).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Uploading", exact=True)).to_be_visible()

    page.reload()
    expect(page.get_by_text("The upload was interrupted")).to_be_visible()
    assert violations(page) == []
    again = page.get_by_label("Choose the file again to go on")
    other = tmp_path / path.name
    other.write_bytes(path.read_bytes()[:-1] + b"x")
    again.set_input_files(other)
    expect(page.get_by_role("alert")).to_contain_text("is not the file whose sending was begun")
    holding[0] = False
    again.set_input_files(path)
    score_of(page)
    assert page.evaluate(JOBS_KEPT) == jobs
    assert sent.count(1) == 1
    assert {1, 2, 3, 4} == set(sent)
    one.console.clear()  # the browser reports what had no network


def test_retries_all_at_once(visit: Visitor, clips: list[Path]) -> None:
    broken = [True]

    def cut(route: Route) -> None:
        if is_upload(route) and broken[0]:
            route.abort("connectionreset")
        else:
            route.fallback()

    one = visit(prepare=lambda page: page.route(lambda url: True, cut))
    one.page.set_input_files("input[type=file]", clips[:2])
    expect(one.page.get_by_text("No connection", exact=True)).to_have_count(2)
    jobs = one.page.evaluate(JOBS_KEPT)
    retry = one.page.get_by_role("button", name="Retry all")
    expect(retry).to_be_visible()
    broken[0] = False
    retry.click()
    boards = one.page.get_by_text(re.compile(r"^Score \d+\.\d\d points$"))
    expect(boards).to_have_count(2)
    assert sorted(one.page.evaluate(JOBS_KEPT)) == sorted(jobs)
    one.console.clear()  # the browser reports the broken requests
