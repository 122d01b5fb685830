"""An officer is told while a page stays open, on a telephone and by keyboard, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from intake.accounts import NewAccount, create_officer, hash_password
from intake.clock import utc_now
from intake.office import Office
from intake.officer_messages import write_officer_notices
from intake.officer_notices import NewNotice, OfficerNoticeKind
from intake.officers import SYSTEM, Officer
from intake.petition import Petition
from intake.status import Role
from tests.browser import DESKTOP, PHONE, PageMaker
from tests.factories import agency_of, build_office, file
from tests.serving import ServerMaker
from tests.web import PASSWORD

NARROW = {**PHONE, "viewport": {"width": 360, "height": 740}}
PAGES = ("notices", "account", "account/second-factor", "overview", "petitions")


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    built = build_office(sqlite_url, tmp_path / "data")
    yield built
    built.store.close()


@pytest.fixture
def clerk(office: Office) -> Officer:
    account = NewAccount("clerk", "Nguyễn Thị Thử Nghiệm", Role.AGENCY_CLERK, "vlg-so-xay-dung")
    assert account.agency == agency_of(office, "so-xay-dung")
    hashed = hash_password(PASSWORD)
    with office.store.write() as tx:
        return create_officer(office, tx, account, hashed, by=SYSTEM, now=utc_now())


def told(office: Office, officer: Officer) -> Petition:
    """A petition came, and the officer is told."""
    petition = file(office, now=utc_now())
    new = NewNotice(
        f"t:{petition.id}", officer.id, OfficerNoticeKind.NEW, petition.id, petition.agency
    )
    with office.store.write() as tx:
        assert write_officer_notices(office, tx, [new], now=utc_now()) == 1
    return petition


def sign_in(page: Page, address: str) -> None:
    page.goto(f"{address}/console/notices")
    page.fill("#username", "clerk")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/notices")


def look_again(page: Page) -> None:
    """As when the officer comes back to the window."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.parametrize("shape", [DESKTOP, NARROW], ids=["desk", "telephone"])
def test_the_bell_rings_on_an_open_page_and_nothing_moves(
    office: Office,
    clerk: Officer,
    serve: ServerMaker,
    new_page: PageMaker,
    shape: dict[str, object],
) -> None:
    server = serve(database_url=office.settings.database_url, data_dir=office.settings.data_dir)
    page = new_page(**shape)
    sign_in(page, server.address)
    expect(page.locator("main")).to_contain_text("Không có thông báo nào")
    count, neighbours = page.locator("[data-count]"), page.locator(".brand, .bell, .who, main")
    expect(count).to_be_hidden()
    # A letter of the fallback font is a little narrower: what moves then is not the bell's doing.
    page.evaluate("document.fonts.ready.then(() => true)")
    before = [box.bounding_box() for box in neighbours.all()]

    petition = told(office, clerk)
    look_again(page)
    expect(count).to_have_text("1")
    expect(count).to_be_visible()
    assert [box.bounding_box() for box in neighbours.all()] == before

    for path in PAGES:
        page.goto(f"{server.address}/console/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path

    page.locator(".bell").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/notices")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/petitions/{petition.reference}")
    expect(count).to_be_hidden()
