"""The bell, the list behind it, and the head's overdue list, as an officer meets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from intake import actions
from intake.accounts import IDLE, get_officer
from intake.clock import start_of_day
from intake.officer_notices import unseen_count
from intake.petition import Petition, PetitionKind
from intake.schedule import run_due_jobs
from tests.factories import NOW, TODAY, file, file_signed
from tests.integration.test_console import text_of
from tests.web import INSPECTORATE, Web, opened_web


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(database_url, tmp_path) as opened:
        # Reception days of the past are no business of these tests, but they hold all the same.
        run_due_jobs(opened.office, now=NOW)
        opened.now = NOW + timedelta(minutes=5)
        yield opened


def bell_of(answer: Any) -> str:
    """What the bell shows; "" when it shows no number."""
    found = re.search(r"<b data-count( hidden)?>([^<]*)</b>", answer.text)
    assert found, "no bell"
    return "" if found.group(1) else found.group(2)


def count(web: Web, username: str) -> int:
    return int(web.console(username).get("/console/notices/count").json()["unseen"])


def untaken_and_overdue(web: Web, days: int = 3, **changes: Any) -> Petition:
    """A petition nobody took, with its warnings written so many working days too late."""
    petition = file(web.office, **changes)
    assert petition.next_due is not None
    day = web.office.calendar.add_working_days(petition.next_due, days)
    web.now = start_of_day(day) + timedelta(hours=9)
    run_due_jobs(web.office, now=web.now)
    return petition


def test_every_page_shows_how_much_is_unseen_and_the_list_says_what(web: Web) -> None:
    quiet = count(web, "clerk")
    petition = file(web.office)
    run_due_jobs(web.office, now=web.now)
    clerk = web.console("clerk")
    for path in ("/console/petitions", "/console/overview", "/console/account", "/console/notices"):
        assert bell_of(clerk.get(path)) == str(quiet + 1)
    listed = clerk.get("/console/notices")
    first = listed.text.partition("<tbody>")[2].partition("</tr>")[0]
    assert f'href="/console/petitions/{petition.reference}"' in first
    assert "Đơn mới" in text_of(listed)
    assert "vừa xong" in first
    web.now += timedelta(minutes=65)
    assert "1 giờ trước" in text_of(web.console("clerk").get("/console/notices"))


def test_one_notice_is_marked_then_all_and_nobody_elses(web: Web) -> None:
    file(web.office), file(web.office)
    run_due_jobs(web.office, now=web.now)
    before, others = count(web, "clerk"), count(web, "colleague")
    clerk = web.console("clerk")
    page = clerk.get("/console/notices").text
    one = re.findall(r'name="notice" value="(\d+)"', page)[0]
    newest = re.findall(r'name="up_to" value="(\d+)"', page)[0]
    assert clerk.send("/console/notices/seen", notice=one).status_code == 303
    assert count(web, "clerk") == before - 1
    clerk.send("/console/notices/seen", up_to=newest)
    assert count(web, "clerk") == 0
    assert bell_of(clerk.get("/console/notices")) == ""
    assert "Đánh dấu đã xem tất cả" not in clerk.get("/console/notices").text
    assert count(web, "colleague") == others


def test_opening_the_petition_is_seeing_its_notice(web: Web) -> None:
    petition = file(web.office)
    run_due_jobs(web.office, now=web.now)
    before = count(web, "clerk")
    page = web.console("clerk").get(f"/console/petitions/{petition.reference}")
    assert bell_of(page) == ("" if before == 1 else str(before - 1))
    assert count(web, "clerk") == before - 1


def test_who_has_no_notices_reads_that_there_are_none(web: Web) -> None:
    page = web.console("admin").get("/console/notices")
    assert "Không có thông báo nào" in text_of(page)
    assert bell_of(page) == ""


def test_a_page_that_asks_by_itself_keeps_no_session_alive(web: Web) -> None:
    clerk = web.console("clerk")
    asked = 0
    while asked < 40:
        web.now += timedelta(minutes=1)
        answer = clerk.get("/console/notices/count")
        if answer.status_code != 200:
            break
        asked += 1
    assert timedelta(minutes=asked) == IDLE
    assert answer.status_code == 303


def test_a_denunciation_shows_its_reference_to_the_cleared_and_nothing_to_others(web: Web) -> None:
    petition = file_signed(
        web.office, PetitionKind.TC, agency=INSPECTORATE, agency_class="thanh-tra"
    )
    assert petition.next_due is not None
    day = web.office.calendar.add_working_days(petition.next_due, 3)
    web.now = start_of_day(day) + timedelta(hours=9)
    run_due_jobs(web.office, now=web.now)
    web.now += timedelta(hours=2)
    shown = text_of(web.console("inspector").get("/console/notices"))
    assert petition.reference in shown
    assert "hôm nay" in shown  # the day, not the hour
    assert "giờ trước" not in shown.partition(petition.reference)[2].partition("VLG-")[0]
    for hidden in ("Nghiệm", "0900000001", "xe buýt"):
        assert hidden not in shown
    for other in ("clerk", "head", "desk", "colleague", "admin", "reporter"):
        assert petition.reference not in web.console(other).get("/console/notices").text


def test_a_head_sees_what_is_overdue_with_untaken_petitions_first(web: Web) -> None:
    taken, office = file(web.office, now=NOW), web.office
    with office.store.write() as tx:
        head, clerk = get_officer(tx, "head"), get_officer(tx, "clerk")
        actions.assign(office, tx, head, taken.reference, to=clerk, now=NOW)
    untaken = untaken_and_overdue(web, now=NOW + timedelta(days=1))
    elsewhere = file(web.office, agency=INSPECTORATE, agency_class="thanh-tra")
    page = web.console("head").get("/console/overview").text
    late = page.partition("Đã quá hạn")[2].partition("Đến hạn trong 7 ngày")[0]
    shown = re.findall(r"<code>(VLG-[^<]+)</code>", late)
    assert shown == [untaken.reference, taken.reference]
    assert elsewhere.reference not in page
    assert "chưa phân công" in late


def test_the_count_costs_nothing_to_whoever_has_seen_everything(web: Web) -> None:
    with web.office.store.read() as tx:
        admin = get_officer(tx, "admin")
        assert unseen_count(web.office, tx, admin, today=TODAY) == 0
