"""One petition from the first chat line to the report, in real browsers, on both databases.

A citizen writes on a telephone without tone marks, the server is killed in the middle of the
dialogue, an officer works in the console, the citizen reads each notice in the open chat, and the
number in the report grows by exactly this petition.
"""

import json
import re
import signal
import subprocess

import pytest
from playwright.sync_api import expect

from tests.browser import DESKTOP, PHONE
from tests.serving import PROGRAM

PASSWORD = "trinh-dien-2026"  # the demonstration's, printed at start
BUS_LINE = "ba con ap toi can mo tuyen xe buyt ra thanh pho, nho so giao thong xem giup"
PERIOD = "2026-10-01..2026-12-31"


class Citizen:
    """A person with a telephone."""

    def __init__(self, page, address):
        self.page = page
        page.goto(f"{address}/chat")

    def says(self, text, *, answer):
        """Type a message and wait for an answer that contains `answer`."""
        self.sends(text)
        expect(self.page.locator("#log li.ours").last).to_contain_text(answer, timeout=15_000)

    def sends(self, text):
        """Type a message and tap the button; Enter makes a new line on a telephone."""
        self.page.fill("#text", text)
        self.page.click("button.send")

    def reads(self, text):
        """Wait, without reloading, until a message with `text` is there."""
        expect(self.page.locator("#log li.ours", has_text=text).last).to_be_visible(timeout=20_000)


class Clerk:
    """An officer at a desk."""

    def __init__(self, page, address, username):
        self.page, self.address = page, address
        page.goto(f"{address}/console")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url)

    def finds(self, words, reference):
        """Search the queue, without tone marks, and open the petition."""
        self.page.goto(f"{self.address}/console/petitions?tab=all")
        self.page.fill("input[name=q]", words)
        self.page.keyboard.press("Enter")
        self.page.locator("main table tr", has_text=reference).locator("a").first.click()
        expect(self.page.locator("h1")).to_contain_text(reference)

    def does(self, reference, action, **fields):
        """Open an action's form, fill it and send it."""
        self.page.goto(f"{self.address}/console/petitions/{reference}/actions/{action}")
        for name, value in fields.items():
            self.page.fill(f"[name={name}]", value)
        for box in self.page.locator("input[name=confirm]").all():
            box.check()
        self.page.locator("form[data-keep] button.main").click()
        expect(self.page).to_have_url(re.compile(rf"/console/petitions/{reference}(\?|$)"))


def report(server_settings, *arguments):
    """Run `tiepdan report …` on the same installation; returns the parsed JSON it wrote."""
    target = server_settings["data_dir"] / "report.json"
    environment = {f"TIEPDAN_{name.upper()}": str(value) for name, value in server_settings.items()}
    subprocess.run(
        [str(PROGRAM), "report", *arguments, "-o", str(target)],
        env=environment, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return json.loads(target.read_text(encoding="utf-8"))


def received(settings):
    """Petitions received in the period at Sở Xây dựng, and the records behind the number."""
    section = report(
        settings, "section", "--agency", "vlg-so-xay-dung", "--period", PERIOD, "--regime", "ttcp",
        "--format", "json",
    )  # fmt: skip
    number = section["numbers"]["02/XLD.c1"]
    return number["value"], json.dumps(number["records"])


def test_a_petition_goes_from_a_chat_line_to_the_report(serve, database_url, new_page, tmp_path):
    settings = {"database_url": database_url, "data_dir": tmp_path / "data"}
    server = serve(demo=True, **settings)
    before, _ = received(settings)

    citizen = Citizen(new_page(**PHONE), server.address)
    citizen.says(BUS_LINE, answer="ở đâu")
    citizen.reads("Sở Xây dựng")
    server.restart(signal.SIGKILL)
    citizen.says("xa Cau Ke", answer="xem lại trước khi gửi")
    citizen.says("gui don", answer="Việc tiếp theo")
    receipt = citizen.page.locator(".receipt").first
    expect(receipt).to_contain_text("Luật")
    reference = re.search(r"VLG-\d{4}-\w{6}", receipt.inner_text()).group()

    clerk = Clerk(new_page(**DESKTOP), server.address, "xaydung")
    clerk.finds("tuyen xe buyt ra thanh pho", reference)
    expect(clerk.page.locator("main")).to_contain_text("mở tuyến xe buýt")  # the routing's reason
    expect(clerk.page.locator("main")).to_contain_text("Luật 42/2013/QH13 Điều 28")

    clerk.does(reference, "request-information", message="Bà con cần tuyến từ đâu đến đâu?")
    citizen.reads("Bà con cần tuyến từ đâu đến đâu?")
    citizen.says("tu ap My Hiep ra cho Cau Ke", answer=reference)
    citizen.says("1", answer="Đã thêm thông tin vào đơn")
    clerk.does(reference, "accept")
    citizen.reads("đã thụ lý đơn")
    clerk.does(reference, "answer", text="Sở đã khảo sát, mở tuyến từ quý I năm 2027.")
    citizen.reads("mở tuyến từ quý I năm 2027")
    clerk.does(reference, "close")

    after, behind = received(settings)
    assert after == before + 1
    assert reference in behind


def test_feedback_at_the_wrong_door_travels_on_and_the_citizen_hears_where_to(
    serve, database_url, new_page, tmp_path
):
    server = serve(demo=True, database_url=database_url, data_dir=tmp_path / "data")
    citizen = Citizen(new_page(**PHONE), server.address)
    citizen.says(BUS_LINE, answer="ở đâu")
    citizen.says("xã Cầu Kè", answer="xem lại trước khi gửi")
    citizen.says("Gửi đơn", answer="Việc tiếp theo")
    receipt = citizen.page.locator(".receipt").first.inner_text()
    reference = re.search(r"VLG-\d{4}-\w{6}", receipt).group()
    secret = re.search(r"\w{4}-\w{4}-\w{4}", receipt.replace(reference, "")).group()

    clerk = Clerk(new_page(**DESKTOP), server.address, "xaydung")
    page = clerk.page
    page.goto(f"{server.address}/console/petitions/{reference}/actions/forward")
    page.fill("#agency_q", "ubnd xa cau ke")
    page.click("button[name=search]")
    page.locator("#agencies input[name=agency]").first.check()
    page.fill("[name=reason]", "Đường xã quản lý.")
    for box in page.locator("input[name=confirm]").all():
        box.check()
    page.locator("form[data-keep] button.main").click()
    citizen.reads("Cầu Kè")

    other = Citizen(new_page(**PHONE), server.address)
    other.says("tra cuu", answer="mã")
    other.sends(f"{reference} {secret}")
    other.reads(reference)
    page.goto(f"{server.address}/console/petitions/{reference}")
    expect(page.locator("h1")).not_to_contain_text(reference)  # no longer this agency's to see


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_no_page_of_the_chat_scrolls_sideways(serve, sqlite_url, new_page, tmp_path, width):
    server = serve(demo=True, database_url=sqlite_url, data_dir=tmp_path / "data")
    page = new_page(viewport={"width": width, "height": 740})
    citizen = Citizen(page, server.address)
    citizen.says("đường vô ấp ngập cả tháng nay", answer="")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
