"""When a reader on a slow line sees the page: 400 kbit/s and 400 ms to the server, by Chromium's network emulation.

    make web && python -m tests.bench.first_paint

Serves web/dist compressed, as the distribution does, on this machine alone; prints one JSON document. Exit code 1 when
the first paint comes later than promised. Not part of the tests: it counts on the machine's pace.
"""

import gzip
import json
import mimetypes
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import launch

DIST = Path(__file__).resolve().parents[2] / "web" / "dist"
BYTES_PER_SECOND = 400_000 // 8
LATENCY_MS = 400
PROMISED_SECONDS = 4.0
CONFIGURATION = {"api": "http://127.0.0.1:9", "maxUploadBytes": 104_857_600}
PAINTS = """() => new Promise((done) => {
  const found = {};
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) found.largest = entry.startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });
  for (const entry of performance.getEntriesByType("paint")) found[entry.name] = entry.startTime;
  const shift = { sum: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) shift.sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done({ ...found, shift: shift.sum }), 500);
})"""


class Handler(BaseHTTPRequestHandler):
    """The built page, compressed where that helps."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/config.json":
            body, kind = json.dumps(CONFIGURATION).encode(), "application/json"
        else:
            file = DIST / (path.lstrip("/") or "index.html")
            if not file.is_file():
                self.send_error(404)
                return
            body, kind = file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        packed = (
            gzip.compress(body) if kind.startswith("text/") or kind.endswith(("javascript", "json", "xml")) else body
        )
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(packed)))
        self.send_header("cache-control", "no-cache")
        if packed is not body:
            self.send_header("content-encoding", "gzip")
        self.end_headers()
        self.wfile.write(packed)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the document that is printed says it all."""


def measure(browser: Browser, url: str, locale: str) -> dict[str, float]:
    """Seconds until paints, and until the page can be used, for a first visit."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale=locale, service_workers="block")
    page: Page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": False})
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_PER_SECOND,
            "uploadThroughput": BYTES_PER_SECOND,
        },
    )
    received = 0

    def count(event: dict[str, Any]) -> None:
        nonlocal received
        received += int(event["encodedDataLength"])

    session.on("Network.loadingFinished", count)
    page.goto(url, wait_until="commit")
    page.wait_for_selector("#root > .masthead", timeout=60_000)
    usable = page.evaluate("performance.now()")
    page.wait_for_timeout(1_000)
    paints = page.evaluate(PAINTS)
    context.close()
    return {
        "firstPaint": round(paints["first-contentful-paint"] / 1000, 2),
        "largestPaint": round(paints["largest"] / 1000, 2),
        "usable": round(usable / 1000, 2),
        "layoutShift": round(paints["shift"], 4),
        "kilobytes": round(received / 1000, 1),
    }


def main() -> int:
    """Measure both languages; 1 when the promise is broken."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    with sync_playwright() as playwright:
        browser = launch(playwright)
        found = {locale: measure(browser, url, locale) for locale in ("en-GB", "zh-CN")}
        browser.close()
    server.shutdown()
    line = {"bytesPerSecond": BYTES_PER_SECOND, "latencyMs": LATENCY_MS, "promisedSeconds": PROMISED_SECONDS}
    sys.stdout.write(json.dumps({"line": line, "visits": found}, indent=2) + "\n")
    return int(any(visit["firstPaint"] > PROMISED_SECONDS for visit in found.values()))


if __name__ == "__main__":
    sys.exit(main())
