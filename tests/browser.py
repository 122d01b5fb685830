"""A real browser for tests: the machine's Chromium, driven by Playwright.

`browser_page` is a desktop window, `phone_page` a phone; `new_page` opens as many as a test
needs, each in a profile of its own (a citizen and an officer, say). Skipped where there is no
Chromium. When a test ends, its pages must have raised no script error, broken no rule of their
content security policy, and asked no other machine for anything.

The browser lives as long as a test module. While it does, Playwright's loop runs in the main
thread: a module with browser tests can't call `asyncio.run` itself.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

PROGRAM_VARIABLE = "TIEPDAN_TEST_CHROMIUM"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",  # root, as in containers, has no other way to start it
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's is often too small for a page
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone that hums
)
_HERE = ("127.0.0.1", "localhost", "::1")
_CIVIL = {"locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh"}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}

PageMaker = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium without any page."""
    program = _chromium()
    if program is None:
        names = ", ".join(_PROGRAMS)
        pytest.skip(f"NO BROWSER: {PROGRAM_VARIABLE} is not set and none of {names} is on PATH")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        try:
            yield running
        finally:
            running.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[PageMaker]:
    """Opens pages: `new_page(**PHONE)`; keywords are those of Playwright's `new_context`."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**{**_CIVIL, **DESKTOP, **options})
        contexts.append(context)
        context.route("**/*", lambda route: _only_here(route, faults))
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on(
            "console",
            lambda message: (
                faults.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)


@pytest.fixture
def browser_page(new_page: PageMaker) -> Page:
    """A desktop window, 1280 × 800, Vietnamese, in Việt Nam's time zone."""
    return new_page()


@pytest.fixture
def phone_page(new_page: PageMaker) -> Page:
    """A phone, 390 × 844 with touch, Vietnamese, in Việt Nam's time zone."""
    return new_page(**PHONE)


def _chromium() -> str | None:
    named = os.environ.get(PROGRAM_VARIABLE)
    if named:
        return named
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def _only_here(route: Route, faults: list[str]) -> None:
    host = urlsplit(route.request.url).hostname
    if host is None or host in _HERE:
        route.fallback()
    else:
        faults.append(f"asked another machine: {route.request.url}")
        route.abort()
