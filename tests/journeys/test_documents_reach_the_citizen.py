"""An officer on a telephone, without script, sends a decision; the citizen has it at once."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import DESKTOP, PageMaker
from tests.factories import BUS_LINE
from tests.journeys.test_chat_page import LONG, SMALL
from tests.papers import PDF, word
from tests.serving import ServerMaker

PASSWORD = "trinh-dien-2026"  # the demonstration's, printed at start
PICTURES = os.environ.get("TIEPDAN_TEST_PICTURES", "")


def shoot(page: Page, name: str, *, whole: bool = True) -> None:
    """A picture for whoever wants to look; nobody does in a plain run."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=whole)


def objections(page: Page) -> list[str]:
    found = [
        f"{fault['id']}: {node['html'][:160]}"
        for fault in Axe().run(page).response["violations"]
        for node in fault["nodes"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*found, *(["wider than the window"] if wide else [])]


def sign_in(page: Page, address: str, username: str) -> None:
    page.goto(f"{address}/console")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url(lambda url: "login" not in url)


def say(page: Page, text: str, answer: str) -> None:
    page.fill("#text", text)
    page.click("button.send")
    expect(page.locator("#log li.ours").last).to_contain_text(answer, timeout=LONG)


def refuses_at_once(page: Page, large: Path) -> None:
    """A file that is too large is refused before it travels; taken away, nothing is wrong."""
    large.write_bytes(PDF + bytes(5 * 1024 * 1024))
    said = "document.querySelector('#document_1').validationMessage"
    page.set_input_files("#document_1", large)
    assert "Lớn hơn 5 MB" in page.evaluate(said)
    page.set_input_files("#document_1", [])
    assert page.evaluate(said) == ""


@pytest.mark.parametrize("script", [False, True])
def test_a_decision_travels_from_the_officers_telephone_to_the_citizens(
    serve: ServerMaker, sqlite_url: str, new_page: PageMaker, tmp_path: Path, script: bool
) -> None:
    server = serve(demo=True, database_url=sqlite_url, data_dir=tmp_path / "data")
    citizen = new_page(**SMALL)
    citizen.goto(f"{server.address}/chat")
    say(citizen, BUS_LINE, "ở đâu")
    say(citizen, "xã Cầu Kè", "xem lại trước khi gửi")
    say(citizen, "gửi đơn", "Việc tiếp theo")
    found = re.search(r"VLG-\d{4}-\w{6}", citizen.locator(".receipt").first.inner_text())
    assert found is not None
    reference = found.group()

    officer = new_page(**SMALL, java_script_enabled=script)
    sign_in(officer, server.address, "xaydung")
    officer.goto(f"{server.address}/console/petitions/{reference}/actions/answer")
    if script:
        assert objections(officer) == []
        refuses_at_once(officer, tmp_path / "lớn.pdf")
    shoot(officer, f"form-360-{script}")
    officer.fill("[name=text]", "Từ tháng sau xe buýt chạy thêm một chuyến buổi sáng.")
    officer.check("[name=confirm]")
    scan = tmp_path / "Quyết định 125 mở tuyến xe buýt Cầu Kè – thành phố.pdf"
    scan.write_bytes(PDF)
    false = tmp_path / "Bảng giờ chạy.pdf"
    false.write_bytes(b"MZ this is a program")
    officer.set_input_files("#document_1", scan)
    officer.click("details summary:has-text('Thêm tệp')")
    officer.set_input_files("#document_2", false)
    officer.click("form[data-keep] button.main")
    expect(officer.get_by_role("alert")).to_contain_text("chỉ nhận PDF, Word")
    expect(officer.locator("[name=documents]")).to_be_checked()
    expect(officer.locator("[name=text]")).to_have_value(re.compile("buổi sáng"))
    shoot(officer, f"refused-360-{script}")

    false.with_suffix(".docx").write_bytes(word())
    officer.check("[name=confirm]")
    officer.set_input_files("#document_1", false.with_suffix(".docx"))
    officer.click("form[data-keep] button.main")
    expect(officer).to_have_url(re.compile(rf"/console/petitions/{reference}\?done=answer"))

    card = citizen.locator("#log a.document").first
    expect(card).to_contain_text("Quyết định 125", timeout=LONG)
    expect(citizen.locator("#log a.document")).to_have_count(2)
    assert objections(citizen) == []
    shoot(citizen, f"chat-360-{script}", whole=False)
    with citizen.expect_download() as download:
        card.click()
    assert download.value.suggested_filename == scan.name
    assert Path(download.value.path()).read_bytes() == PDF

    plain = citizen.context.browser.new_context(java_script_enabled=False, **DESKTOP)
    plain.add_cookies(citizen.context.cookies())
    page = plain.new_page()
    page.goto(f"{server.address}/chat")
    expect(page.locator("#log a.document")).to_have_count(2)
    page.locator("#log a.document").last.scroll_into_view_if_needed()
    shoot(page, f"chat-desktop-{script}", whole=False)
    plain.close()

    desk = new_page(**DESKTOP)
    sign_in(desk, server.address, "xaydung")
    desk.goto(f"{server.address}/console/petitions/{reference}")
    expect(desk.locator("#notices")).to_contain_text("đã hiện trong cuộc trò chuyện")
    assert objections(desk) == []
    shoot(desk, f"petition-{script}")
