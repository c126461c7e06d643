"""Why a dive got its points, how much of it was seen, corrections and judges' marks, as a person meets them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit, Visitor
from tests.e2e.test_mends import ANYBODY, broken_words, changed_push
from tests.e2e.test_page import SCORED_WITHIN_MS, score_of, send, violations

pytestmark = pytest.mark.stack

SEVEN = ("8.5", "8.5", "8", "9", "8.5", "8.5", "7.5")
PLAYER = "document.querySelector('video[controls]')"
GUESSED: dict[str, Any] = {
    "score": 70.5,
    "execution": 22.38,
    "difficulty": 3.15,
    "evidence": 0.03,
    "interval": {"low": 30.2, "high": 90.4, "level": 0.9},
    "aspects": {
        "flaws": [
            {"name": "splash", "points": 0.32, "at": 2.0, "sureness": 0.03},
            {"name": "unseen", "points": 7.3, "at": None, "sureness": 0.97},
        ],
        "phases": [{"name": "flight", "start": 1.0, "end": 2.0}],
        "measures": [{"name": "angle at entry", "value": 12.3, "unit": "°", "error": 51.3}],
    },
}


def scored(visit: Visitor, clip: Path, prepare: Callable[[Page], None] | None = None) -> Visit:
    """Somebody with a scored dive."""
    one = visit(prepare=prepare)
    send(one, clip)
    score_of(one.page)
    return one


def result_with(change: dict[str, Any]) -> Any:
    """Prepares a page that is pushed results with these members."""
    return changed_push(lambda job: job["result"].update(change))


def methods(one: Visit) -> list[str]:
    """The calls that change a job, in their order."""
    return [method for method, url in one.requests if url.startswith(one.api) and method in ("PATCH", "PUT")]


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_flaw_plays_its_moment_slowly(visit: Visitor, clips: list[Path], by: str) -> None:
    page = scored(visit, clips[0]).page
    page.wait_for_function(f"() => {PLAYER}.readyState >= 2")
    flaws = page.get_by_role("region", name="What cost points").get_by_role("listitem")
    # Of some, the last of which is not timed, since nobody saw it.
    expect(flaws.filter(has_text="sure")).not_to_have_count(0)
    flaw = flaws.get_by_role("button").first
    at = float(re.findall(r"at (\d+\.\d) s", flaw.inner_text())[0])
    if by == "mouse":
        flaw.click()
    else:
        flaw.focus()
        page.keyboard.press("Enter")
    page.wait_for_function(f"at => {PLAYER}.currentTime >= at - 0.4 && {PLAYER}.currentTime < at + 1", arg=at)
    assert page.evaluate(f"{PLAYER}.playbackRate") == 0.25
    page.wait_for_function(f"at => {PLAYER}.currentTime > at", arg=at)
    expect(page.locator(".phase-names [aria-current]")).to_have_count(1)
    expect(page.locator("video[controls]")).to_be_in_viewport()


def test_points_lost_and_kept_make_thirty(visit: Visitor, clips: list[Path]) -> None:
    page = scored(visit, clips[0]).page
    said = page.get_by_text(re.compile(r"of 30 points lost")).inner_text()
    lost, whole, kept = (float(number) for number in re.findall(r"\d+(?:\.\d)?", said)[:3])
    assert whole == 30
    assert lost + kept == pytest.approx(30, abs=0.11)
    points = [float(text.replace("\u2212", "")) for text in page.locator(".flaw-points").all_inner_texts()]
    assert sum(points) == pytest.approx(lost, abs=0.05 * len(points) + 0.1)
    expect(page.get_by_role("region", name="What was measured").locator("dd")).to_have_count(6)
    for measured in page.get_by_role("region", name="What was measured").locator("dd").all_inner_texts():
        assert "±" in measured
    expect(page.get_by_text(re.compile(r"Its execution is higher than \d+% of theirs"))).to_be_visible()


def test_a_network_without_aspects_shows_its_segments(visit: Visitor, clips: list[Path]) -> None:
    page = scored(visit, clips[0], result_with({"aspects": None, "evidence": None})).page
    last = page.get_by_role("button", name=re.compile("^Go to ")).last
    page.wait_for_function(f"() => {PLAYER}.readyState >= 2")
    last.click()
    page.wait_for_function(f"() => {PLAYER}.currentTime > 1")
    expect(page.locator(".bars .current")).to_have_count(1)
    expect(page.locator(".flaws")).to_have_count(0)
    expect(page.get_by_text("Demo model: its own estimate")).to_be_visible()


def test_a_dive_that_was_seen_well_says_so(visit: Visitor, clips: list[Path]) -> None:
    page = scored(visit, clips[0], result_with({"evidence": 0.97})).page
    expect(page.get_by_text("Demo model: seen well")).to_be_visible()
    expect(page.locator(".sight .lit")).to_have_count(4)
    expect(page.get_by_text(re.compile(r"^\d\d% sure$")).first).to_be_visible()


def test_a_guess_is_called_one(visit: Visitor, clips: list[Path]) -> None:
    page = scored(visit, clips[0], result_with(GUESSED)).page
    expect(page.get_by_text("Demo model: mostly a guess from 1,412 real dives")).to_be_visible()
    expect(page.locator(".sight .lit")).to_have_count(0)
    # Known to thirty points: no decimals, and all figures of the score but the first are dim.
    expect(page.get_by_text("30 to 90", exact=True)).to_be_visible()
    expect(page.locator(".board-digits g.dim")).to_have_count(3)
    expect(page.get_by_text("In 90 of 100 cases the judges\u2019 score lies within.")).to_be_visible()
    expect(page.get_by_text("Most of what was lost was not seen.")).to_be_visible()
    expect(page.get_by_text("Too little was seen of this dive to place it among them.")).to_be_visible()
    expect(page.get_by_text("± 51°")).to_be_visible()


def test_a_correction_changes_the_board_here_and_in_another_tab(visit: Visitor, clips: list[Path]) -> None:
    one = scored(visit, clips[0])
    before = score_of(one.page)
    other = one.page.context.new_page()
    other.goto(one.page.url)
    assert score_of(other) == before

    one.page.get_by_role("button", name="Not this dive?").click()
    number = one.page.get_by_role("form", name="Correct the dive").get_by_label("Dive number")
    expect(number).to_be_focused()
    number.fill("101C")
    one.page.get_by_label("Board or platform").select_option("3")
    one.page.get_by_role("button", name="Score again").click()

    expect(one.page.get_by_text(re.compile(r"^Scored again: "))).to_be_visible()
    expect(one.page.get_by_text("Dive, as declared")).to_be_visible()
    expect(one.page.get_by_role("button", name="Not this dive?")).to_be_focused()
    after = score_of(one.page)
    assert after != before
    expect(one.page.locator(".board-sum .times dd")).to_have_text("1.4")
    expect(other.get_by_text(after)).to_be_attached()
    expect(other.get_by_text("Dive, as declared")).to_be_visible()
    assert methods(one) == ["PATCH"]

    one.page.get_by_role("button", name="Not this dive?").click()
    number.fill("")
    one.page.get_by_label("Board or platform").select_option("")
    one.page.get_by_role("button", name="Score again").click()
    expect(one.page.get_by_text(before)).to_be_attached()
    expect(other.get_by_text(before)).to_be_attached()
    expect(one.page.get_by_text("Dive, as the network saw it")).to_be_visible()


def test_what_cannot_be_is_told_beside_its_field(visit: Visitor, clips: list[Path]) -> None:
    one = scored(visit, clips[0])
    before = score_of(one.page)
    one.page.get_by_role("button", name="Not this dive?").click()
    form = one.page.get_by_role("form", name="Correct the dive")
    number, difficulty = form.get_by_label("Dive number"), form.get_by_label("Difficulty")

    number.fill("999Z")
    form.get_by_role("button", name="Score again").click()
    expect(number).to_be_focused()
    expect(number).to_have_accessible_description(re.compile("like 107B or 5253B"))
    assert methods(one) == []

    number.fill("109A")
    form.get_by_role("button", name="Score again").click()
    expect(number).to_have_accessible_description(re.compile("109B"))
    expect(number).to_have_attribute("aria-invalid", "true")

    number.fill("101C")
    difficulty.fill("5.9")
    form.get_by_role("button", name="Score again").click()
    expect(difficulty).to_have_accessible_description(re.compile("the table has"))
    expect(number).to_have_attribute("aria-invalid", "false")

    body = {"error": {"code": "AMENDED_TOO_OFTEN", "message": "This was changed 20 times."}}
    one.page.route(
        re.compile(r"/jobs/[^/]+$"),
        lambda route: (
            route.fulfill(status=409, json=body, headers=ANYBODY)
            if route.request.method == "PATCH"
            else route.fallback()
        ),
    )
    difficulty.fill("")
    form.get_by_role("button", name="Score again").click()
    expect(form.get_by_text("This was changed 20 times.")).to_be_visible()
    assert score_of(one.page) == before
    form.get_by_role("button", name="Leave it").click()
    expect(one.page.get_by_role("button", name="Not this dive?")).to_be_focused()
    one.console.clear()  # the browser reports each refusal


def give(page: Page, marks: tuple[str, ...]) -> None:
    """Types marks, one for each judge from the first on."""
    for judge, mark in enumerate(marks, start=1):
        page.get_by_label(f"Judge {judge}", exact=True).fill(mark)


def test_marks_need_consent_and_are_gone_with_the_video(visit: Visitor, clips: list[Path]) -> None:
    one = scored(visit, clips[0])
    page, before = one.page, score_of(one.page)
    page.get_by_role("button", name="Add the judges\u2019 marks").click()
    form = page.get_by_role("form", name="The judges\u2019 marks")
    give(page, SEVEN)
    expect(form.get_by_text("The three in the middle make an execution of 25.5.")).to_be_visible()
    form.get_by_role("button", name="Keep the marks").click()
    expect(form.get_by_text("Without your consent the marks are not kept.")).to_be_visible()
    expect(form.get_by_role("checkbox")).to_be_focused()
    assert methods(one) == []

    form.get_by_role("checkbox", name=re.compile("copies that were made before are not")).check()
    with page.expect_request(lambda request: request.method == "PUT") as sent:
        form.get_by_role("button", name="Keep the marks").click()
    assert sent.value.post_data_json == {"marks": [float(mark) for mark in SEVEN], "consent": True}
    expect(page.get_by_text(re.compile(r"Execution: the judges gave 25\.5, the model \d+\.\d\."))).to_be_visible()
    expect(page.get_by_text("as you agreed")).to_be_visible()
    assert score_of(page) == before

    page.reload()
    expect(page.get_by_text(re.compile(r"the judges gave 25\.5"))).to_be_visible()
    page.get_by_role("button", name="Erase the video now").click()
    expect(page.get_by_text("The video is erased.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"the judges gave"))).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("the judges\u2019 marks"))).to_have_count(0)


def test_the_marks_of_five_judges_go_as_their_execution(visit: Visitor, clips: list[Path]) -> None:
    page = scored(visit, clips[0]).page
    page.get_by_role("button", name="Add the judges\u2019 marks").click()
    form = page.get_by_role("form", name="The judges\u2019 marks")
    give(page, ("6", "7", "7.5"))
    form.get_by_role("checkbox").check()
    form.get_by_role("button", name="Keep the marks").click()
    expect(form.get_by_text("Give the marks of all seven judges, or of five.")).to_be_visible()
    give(page, ("6", "7", "7.5", "8", "9"))
    with page.expect_request(lambda request: request.method == "PUT") as sent:
        form.get_by_role("button", name="Keep the marks").click()
    assert sent.value.post_data_json == {"execution": 22.5, "consent": True}
    expect(page.get_by_text(re.compile(r"the judges gave 22\.5"))).to_be_visible()


def test_whoever_has_a_link_sees_why_and_corrects_nothing(visit: Visitor, clips: list[Path]) -> None:
    owner = scored(visit, clips[0])
    owner.page.get_by_role("button", name="Share").click()
    link = owner.page.locator(".share-link input").input_value()
    watcher = visit(link).page
    score_of(watcher)
    expect(watcher.get_by_role("region", name="What cost points")).to_be_visible()
    expect(watcher.get_by_role("button", name="Not this dive?")).to_have_count(0)
    expect(watcher.get_by_role("button", name=re.compile("the judges\u2019 marks"))).to_have_count(0)


@pytest.mark.parametrize("look", ["light", "dark", "forced"])
def test_the_verdict_and_its_forms_have_no_accessibility_violation(
    visit: Visitor, clips: list[Path], look: str
) -> None:
    def prefer(page: Page) -> None:
        page.emulate_media(
            color_scheme="dark" if look == "dark" else "light",
            forced_colors="active" if look == "forced" else "none",
            reduced_motion="reduce",
        )

    page = scored(visit, clips[0], prefer).page
    open_forms(page)
    assert violations(page) == []


@pytest.mark.parametrize(("width", "zoom"), [(320, 1.0), (390, 2.0)], ids=["320 px", "390 px at 200 % text"])
def test_the_verdict_and_its_forms_fit_narrow_screens_and_large_text(
    visit: Visitor, clips: list[Path], width: int, zoom: float
) -> None:
    one = visit(prepare=lambda page: page.set_viewport_size({"width": width, "height": 844}))
    one.page.evaluate("size => { document.documentElement.style.fontSize = size }", f"{zoom * 100}%")
    send(one, clips[0])
    score_of(one.page)
    open_forms(one.page)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= width
    assert broken_words(one.page) == []


def open_forms(page: Page) -> None:
    """A correction that cannot be sent and marks that do not count."""
    page.get_by_role("button", name="Not this dive?").click(timeout=SCORED_WITHIN_MS)
    page.get_by_role("form", name="Correct the dive").get_by_label("Dive number").fill("999Z")
    page.get_by_role("button", name="Add the judges\u2019 marks").click()
    give(page, ("8.25",))
    page.get_by_role("button", name="Keep the marks").click()
    expect(page.get_by_text("Without your consent the marks are not kept.")).to_be_visible()
