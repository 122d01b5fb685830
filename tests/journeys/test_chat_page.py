"""The citizens' page in a real browser: nothing axe objects to, and nothing lost on a bad line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from intake.store import Store
from intake.store.tables import attachments, messages
from tests.browser import DESKTOP, PageMaker
from tests.database import migrate
from tests.factories import BUS_LINE
from tests.serving import PROGRAM, RunningServer

SMALL: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
LONG = 15_000  # milliseconds a loaded machine may take


class Served:
    """A server without a domain, and what it stored."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'tiepdan.sqlite3'}"
        migrate(self.url)
        environment = {
            "PATH": str(PROGRAM.parent),
            "TIEPDAN_DATABASE_URL": self.url,
            "TIEPDAN_DATA_DIR": str(folder),
        }
        command = [str(PROGRAM), "serve", "--host", "127.0.0.1"]
        self.server = RunningServer(command, environment, folder / "log")
        self.chat = f"{self.server.address}/chat"

    def count(self, table: Any, *conditions: Any) -> int:
        store = Store(self.url)
        try:
            with store.read() as tx:
                query = select(func.count()).select_from(table).where(*conditions)
                return int(tx.execute(query).scalar_one())
        finally:
            store.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("page"))
    yield running
    running.server.stop()
    assert "Traceback (most recent call last)" not in running.server.printed()


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG")
    return out.getvalue()


def say(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.click("button.send")


def answered(page: Page, text: str) -> None:
    expect(page.locator("#log li.ours").last).to_contain_text(text, timeout=LONG)


def pick(page: Page, label: str) -> None:
    page.locator("#choices button", has_text=label).click()


def objections(page: Page, state: str) -> list[str]:
    """What axe finds wrong, and what sticks out of the window."""
    found = [
        f"{state}: {fault['id']}: {node['html'][:160]}"
        for fault in Axe().run(page).response["violations"]
        for node in fault["nodes"]
    ]
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*found, *([f"{state}: {width} px too wide"] if width > 0 else [])]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, DESKTOP], ids=["360px", "desktop"])
def test_every_state_of_the_page_is_accessible(
    served: Served, new_page: PageMaker, size: dict[str, Any], scheme: str
) -> None:
    page = new_page(**size, color_scheme=scheme)
    page.goto(served.chat)
    found = objections(page, "start")

    say(page, BUS_LINE)
    answered(page, "ở đâu")
    found += objections(page, "dialogue")
    page.set_input_files("#file", [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"}])
    expect(page.locator("#status")).not_to_be_empty(timeout=LONG)
    found += objections(page, "a file refused")
    pick(page, "Bỏ qua")
    answered(page, "xem lại trước khi gửi")
    found += objections(page, "summary")
    pick(page, "Gửi đơn")
    expect(page.locator(".receipt")).to_be_visible(timeout=LONG)
    found += objections(page, "receipt")
    page.context.set_offline(True)
    say(page, "tra cứu")
    expect(page.locator(".retry")).to_be_visible(timeout=LONG)
    found += objections(page, "offline")
    page.context.set_offline(False)
    expect(page.locator(".waiting, .retry")).to_have_count(0, timeout=LONG)

    assert not found, "\n".join(found)


def test_what_was_written_without_a_line_is_sent_once_when_it_is_back(
    served: Served, new_page: PageMaker
) -> None:
    page = new_page(**SMALL)
    page.goto(served.chat)
    expect(page.locator("#empty")).to_be_visible()
    before = served.count(messages, messages.c.direction == "in")
    page.context.set_offline(True)
    say(page, "xin chào")
    expect(page.locator("#status")).to_contain_text("mạng", timeout=LONG)
    expect(page.locator(".mine.failed .retry")).to_be_visible()

    page.context.set_offline(False)

    expect(page.locator("#log li.ours")).to_have_count(1, timeout=LONG)
    expect(page.locator(".failed, .waiting, .retry")).to_have_count(0)
    assert served.count(messages, messages.c.direction == "in") == before + 1


def test_an_upload_shows_how_far_it_is_and_becomes_one_file(
    served: Served, new_page: PageMaker
) -> None:
    page, held = new_page(**SMALL), list[Any]()
    page.goto(served.chat)
    before = served.count(attachments)
    page.route("**/attachments", lambda route: held.append(route))

    page.set_input_files(
        "#file", [{"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo()}]
    )
    expect(page.locator("#status progress")).to_be_visible(timeout=LONG)
    expect(page.locator("#status")).to_contain_text("anh.jpg")
    held[0].continue_()

    expect(page.locator("#log li.ours").last).to_be_visible(timeout=LONG)
    expect(page.locator("#status progress")).to_have_count(0)
    assert served.count(attachments) == before + 1


def test_the_same_device_finds_the_conversation_again(served: Served, new_page: PageMaker) -> None:
    page = new_page(**SMALL)
    page.goto(served.chat)
    say(page, BUS_LINE)
    answered(page, "ở đâu")

    page.reload()

    expect(page.locator("#log li.mine")).to_contain_text("xe buýt")
    pick(page, "Bỏ qua")
    answered(page, "xem lại trước khi gửi")


def test_the_essentials_work_without_script(served: Served, new_page: PageMaker) -> None:
    page = new_page(**SMALL, java_script_enabled=False)
    page.goto(served.chat)
    say(page, BUS_LINE)
    answered(page, "ở đâu")
    pick(page, "Bỏ qua")
    page.set_input_files(
        "#file", [{"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo()}]
    )
    page.click("button.send")
    answered(page, "xem lại trước khi gửi")
    pick(page, "Gửi đơn")

    card = page.locator(".receipt")
    expect(card).to_contain_text("VLG-", timeout=LONG)
    expect(card.locator("img")).to_have_attribute("src", "/chat/qr/" + card.locator(
        ".code").first.inner_text() + ".svg")  # fmt: skip


def test_a_shared_position_leads_to_the_nearest_communes(
    served: Served, new_page: PageMaker
) -> None:
    page = new_page(
        **SMALL,
        geolocation={"latitude": 9.9347, "longitude": 106.3453},
        permissions=["geolocation"],
    )
    page.goto(served.chat)
    say(page, BUS_LINE)
    answered(page, "ở đâu")

    page.click("#locate")

    expect(page.locator("#log li.mine").last).to_contain_text("9.93470, 106.34530", timeout=LONG)
    expect(page.locator("#choices button")).not_to_have_count(0, timeout=LONG)
    assert any("Trà Vinh" in label for label in page.locator("#choices button").all_inner_texts())


def test_a_place_that_is_not_allowed_to_be_read_is_said_so(
    served: Served, new_page: PageMaker
) -> None:
    page = new_page(**SMALL)
    page.goto(served.chat)

    page.click("#locate")

    expect(page.locator("#status")).to_contain_text("ghi tên ấp, xã", timeout=LONG)
    expect(page.locator("#locate")).to_be_enabled()


def test_a_recording_is_heard_over_then_sent_and_kept_to_be_heard(
    served: Served, new_page: PageMaker
) -> None:
    page = new_page(**SMALL, permissions=["microphone"])
    page.goto(served.chat)
    before = served.count(attachments, attachments.c.media_type == "audio/webm")

    page.click("#record")
    expect(page.locator("#recorder .live")).to_contain_text("0:01", timeout=LONG)
    page.get_by_role("button", name="Xong").click()
    expect(page.locator("#recorder audio")).to_be_visible(timeout=LONG)
    found = objections(page, "a recording")
    page.get_by_role("button", name="Gửi ghi âm").click()

    expect(page.locator("#log li.ours")).to_be_visible(timeout=LONG)
    expect(page.locator("#recorder")).to_be_hidden()
    expect(page.locator("#log .failed")).to_have_count(0)
    assert served.count(attachments, attachments.c.media_type == "audio/webm") == before + 1
    assert not found, "\n".join(found)


def test_a_recording_that_is_dropped_leaves_nothing(served: Served, new_page: PageMaker) -> None:
    page = new_page(**SMALL, permissions=["microphone"])
    page.goto(served.chat)
    before = served.count(attachments)
    page.click("#record")
    expect(page.locator("#recorder .live")).to_be_visible(timeout=LONG)

    page.get_by_role("button", name="Bỏ", exact=True).click()

    expect(page.locator("#recorder")).to_be_hidden(timeout=LONG)
    expect(page.locator("#record")).to_be_enabled()
    expect(page.locator("#log li")).to_have_count(0)
    assert served.count(attachments) == before
