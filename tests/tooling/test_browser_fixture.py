"""The browser the journeys rely on."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_the_browser_speaks_vietnamese_in_vietnamese_time(browser_page: Page) -> None:
    browser_page.set_content("<p id=chao>Kính chào ông, bà</p>")

    expect(browser_page.locator("#chao")).to_have_text("Kính chào ông, bà")
    assert browser_page.evaluate("navigator.language") == "vi-VN"
    assert browser_page.evaluate("new Date(0).getHours()") == 8  # Sài Gòn in 1970 was UTC+8


def test_the_phone_is_narrow_and_has_touch(phone_page: Page) -> None:
    phone_page.set_content('<meta name="viewport" content="width=device-width">')

    assert phone_page.evaluate("innerWidth") == 390
    assert phone_page.evaluate("navigator.maxTouchPoints") > 0
