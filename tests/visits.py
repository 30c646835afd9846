"""A page of ours opened in a Chromium to which every host is unknown, and everything that went wrong in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

OFFLINE = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND"]


@contextlib.contextmanager
def offline_browser(path: str) -> Iterator[Any]:
    """The Chromium at *path*, driven by playwright; the test is skipped without it, or fails where it may not be."""
    if "chromium" not in os.environ.get("GRIDBEACON_REQUIRE", "").split(","):
        pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=OFFLINE)
        yield started
        started.close()


class Visit:
    """A page that was opened, and everything that went wrong in it."""

    def __init__(self, browser, path, **options):
        self.trouble, self.requests = [], []
        options = {"viewport": {"width": 1920, "height": 1080}, "reduced_motion": "reduce"} | options
        self.page = browser.new_page(**options)
        self.page.on("console", lambda m: self.trouble.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: self.trouble.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.url = Path(path).as_uri()
        self.page.goto(self.url)
        self.page.wait_for_selector("html[data-ready]", timeout=20_000)

    def calm(self):
        assert self.trouble == []
        assert [url for url in self.requests if url != self.url] == []
        self.page.close()

    def text(self, selector):
        return self.page.inner_text(selector)


def click_everything(visit):
    page = visit.page
    for row in page.query_selector_all("#rows .row-button"):
        row.click()
    page.click("#beyond summary")
    page.click("#beyond-rows .row-button")
    for state in range(1, 4):
        page.click(f"#states button:nth-child({state})")
        for x in range(60, 1260, 120):
            page.mouse.move(x, 640)
        page.mouse.click(640, 640)
    for button in ("#lang", "#theme", "#zoom-in", "#zoom-out", "#zoom-home"):
        page.click(button)
    page.fill("#search", "<")
    page.click("#about")
    page.keyboard.press("Escape")
    for beacon in page.query_selector_all(".beacon-icon[role=button]"):
        beacon.dispatch_event("click")
        beacon.dispatch_event("mouseover")
    page.hover("#bars .bar-slot:nth-child(3)")
    page.evaluate("GB.print(true)")
    page.evaluate("GB.print(false)")
