"""Pictures of the page on the running local system, for the documentation and for whoever works on its look.

    python -m tests.e2e.screenshots                                            # all, under build/screenshots
    python -m tests.e2e.screenshots --out docs/images --look light progress scored   # those of the README

Everything shown is real: rendered clips, scored by the running system. Pushes of dives that are to be seen on their way
are held back between the socket and the page, since the system is faster than a camera.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, WebSocketRoute, expect, sync_playwright

from tests.browser import launch

ROOT = Path(__file__).resolve().parents[2]
DIVES = ("107B", "5253B", "405C", "626B")
SLOW_BYTES_PER_SECOND = 250_000
SCORED_WITHIN_MS = 60_000


@dataclass(frozen=True)
class Look:
    """A kind of screen."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]
    scale: float = 1.0


LOOKS = (
    Look("light", 1280, 940, "light"),
    Look("dark", 1280, 940, "dark"),
    Look("phone", 390, 844, "light", 2.0),
)


def open_page(browser: Browser, look: Look, web: str, prepare: Callable[[Page], None] | None = None) -> Page:
    """The page on such a screen, its fonts loaded."""
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        device_scale_factor=look.scale,
        color_scheme=look.scheme,
        reduced_motion="reduce",
        locale="en-GB",
    )
    page = context.new_page()
    if prepare is not None:
        prepare(page)
    page.goto(web)
    page.reload()  # with everything in the browser's cache, as on a second visit
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    return page


def empty(page: Page, clips: list[Path]) -> None:
    """Nothing sent yet."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('.sample img')].every((image) => image.complete && image.naturalWidth > 0)"
    )


def progress(page: Page, clips: list[Path]) -> None:
    """One dive with the worker, one in the queue, one being sent."""
    choose(page, clips[:1])
    # Which stages a short dive tells is up to the worker's pace; at least its start is always pushed.
    expect(page.get_by_text(re.compile("^(Scoring|Decoding the video|Fetching the video)$"))).to_be_visible(
        timeout=SCORED_WITHIN_MS
    )
    choose(page, clips[1:2])
    expect(page.get_by_text(re.compile("queue"))).to_have_count(1, timeout=SCORED_WITHIN_MS)
    session = page.context.new_cdp_session(page)
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": SLOW_BYTES_PER_SECOND},
    )
    choose(page, clips[2:3])
    # Two thirds of the first quarter of the rope.
    page.wait_for_function("() => document.querySelector('[role=progressbar]').ariaValueNow >= 16")
    show_dives(page)


def hold_back(page: Page) -> None:
    """Let the first dive come as far as the worker and the second as far as the queue."""
    order: list[str] = []

    def through(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def to_page(message: str | bytes) -> None:
            job: dict[str, Any] = json.loads(message).get("job", {})
            if job and job["jobId"] not in order:
                order.append(job["jobId"])
            first = bool(order) and job.get("jobId") == order[0]
            if job.get("status") == "SCORED" or (job.get("status") == "PROCESSING" and not first):
                return
            route.send(message)

        server.on_message(to_page)

    page.route_web_socket(re.compile("^ws"), through)


def scored(page: Page, clips: list[Path]) -> None:
    """A verdict."""
    page.get_by_label("Dive number").fill(DIVES[0])
    choose(page, clips[:1])
    board = page.get_by_text(re.compile(r"^Score \d+\.\d\d points$"))
    expect(board).to_be_attached(timeout=SCORED_WITHIN_MS)
    page.wait_for_function("() => document.querySelector('video[controls]')?.readyState >= 2")
    page.get_by_role("button", name=re.compile("^Flight")).click()
    page.wait_for_function("() => document.querySelector('video[controls]').currentTime > 0.5")
    page.locator("video[controls]").evaluate("video => video.pause()")
    page.wait_for_function(
        "() => { const video = document.querySelector('video'); return !video.seeking && video.readyState === 4; }"
    )
    page.wait_for_timeout(1500)  # the player's own sign of waiting fades slowly
    page.mouse.move(0, 0)
    show_dives(page)


def rejected(page: Page, clips: list[Path]) -> None:
    """A text file with a video's name, and one with its own."""
    with tempfile.TemporaryDirectory() as folder:
        renamed, plain = Path(folder, "training.mp4"), Path(folder, "notes.txt")
        for path in (renamed, plain):
            path.write_text("these are notes about a dive\n" * 40)
        choose(page, [renamed, plain])
        expect(page.get_by_text("NOT_A_VIDEO")).to_be_visible(timeout=SCORED_WITHIN_MS)
    show_dives(page)


SCENES: dict[str, tuple[Callable[[Page, list[Path]], None], Callable[[Page], None] | None]] = {
    "empty": (empty, None),
    "progress": (progress, hold_back),
    "scored": (scored, None),
    "rejected": (rejected, None),
}


def choose(page: Page, files: list[Path]) -> None:
    """Send files as the picker does."""
    page.set_input_files("input[type=file]", list(files))


def show_dives(page: Page) -> None:
    """Scroll so that the list of dives fills the picture."""
    page.evaluate("() => document.activeElement?.blur()")
    page.evaluate(
        "() => window.scrollTo(0, document.querySelector('#dives > h2').getBoundingClientRect().top + scrollY - 20)"
    )
    page.wait_for_timeout(700)  # the lane rope's floats glide


def render(folder: Path) -> list[Path]:
    """One clip of each dive number."""
    paths = []
    for seed, dive in enumerate(DIVES, start=4):
        path = folder / f"{dive}.webm"
        command = [str(Path(sys.executable).with_name("divescore")), "render", "--dive", dive, "--seed", str(seed)]
        subprocess.run(
            [*command, "--height", "10", "--execution", "25", "--out", str(path)], check=True, capture_output=True
        )
        paths.append(path)
    return paths


def main() -> None:
    """Make the pictures that were asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screenshots")
    parser.add_argument("--look", choices=[look.name for look in LOOKS], help="only this kind of screen")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCENES)}; all if none is given")
    options = parser.parse_args()
    home = Path(os.environ.get("DIVESCORE_HOME") or ROOT / ".divescore")
    web = str(json.loads((home / "stack.json").read_text())["web"])
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        clips = render(Path(folder))
        browser = launch(playwright)
        for name in options.names or SCENES:
            scene, prepare = SCENES[name]
            for look in LOOKS:
                if options.look not in (None, look.name):
                    continue
                page = open_page(browser, look, web, prepare)
                scene(page, clips)
                page.screenshot(path=options.out / f"page-{name}{'' if look.name == 'light' else f'-{look.name}'}.png")
                page.context.close()
        browser.close()


if __name__ == "__main__":
    main()
