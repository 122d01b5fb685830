"""Whole years of the working calendar entered in the console, and events recorded from its form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from intake import actions
from intake.petition import PetitionKind
from intake.store.petitions import get_petition
from tests.factories import NOW, accepted, file_signed, officer
from tests.web import Web, opened_web

PLAN = {
    "year": "2027",
    "decision": "Thông báo số 12/TB-BNV",
    "days_off": "04/01 thử\n04/02 - 11/02 Tết Nguyên đán",
    "days_worked": "20/02 làm bù cho ngày 11/02",
    "confirmed": "yes",
}


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(database_url, tmp_path) as opened:
        yield opened


def text_of(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def second_complaint(web: Web) -> str:
    """One whose term ends in 2027: 60 days from 3 November 2026 run to Saturday 2 January."""
    petition = file_signed(web.office, PetitionKind.KN, instance=2)
    clerk = officer(web.office)
    found = actions.CheckedFile(decision_known_on=NOW.date(), first_decision_number="5/QĐ")
    with web.office.store.write() as tx:
        actions.reclassify(
            web.office, tx, clerk, petition.reference, kind=PetitionKind.KN, remote=True, now=NOW
        )
        actions.accept(web.office, tx, clerk, petition.reference, file=found, now=NOW)
    return petition.reference


def test_an_administrator_pastes_a_year_and_sees_what_moved_and_why(web: Web) -> None:
    reference = second_complaint(web)
    admin = web.console("admin")
    before = text_of(admin.get("/console/calendar", year=2027))
    assert "Lịch năm 2027 chưa xác nhận" in before
    done = admin.send("/console/calendar/year", **PLAN)
    words = text_of(done)
    assert "1 đơn có hạn kế tiếp thay đổi theo Thông báo số 12/TB-BNV" in words
    assert f"{reference} : 04/01/2027 → 05/01/2027" in words
    assert "Đã xác nhận theo Thông báo số 12/TB-BNV" in words
    assert "chưa xác nhận" not in words
    assert "Thứ Bảy, 20/02/2027 làm việc theo quyết định" in words
    back = text_of(admin.send("/console/calendar/year/remove", year="2027"))
    assert "Lịch năm 2027 chưa xác nhận" in back


def test_the_next_year_is_opened_and_a_year_beyond_it_is_refused(web: Web) -> None:
    admin = web.console("admin")
    assert "Chưa có lịch của năm 2028" in text_of(admin.get("/console/calendar", year=2028))
    far = admin.send("/console/calendar/year", year="2030", decision="TB 1")
    assert "Năm: phải nhập lần lượt từng năm" in text_of(far)
    opened = text_of(admin.send("/console/calendar/year", year="2028", decision="TB 1"))
    assert "Đã nhập, chưa xác nhận theo TB 1" in opened
    confirmed = admin.send("/console/calendar/year", year="2028", decision="TB 2", confirmed="yes")
    assert "Đã xác nhận theo TB 2" in text_of(confirmed)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"days_off": "04/02 Tết\nmùng hai"}, "Các ngày nghỉ, dòng 2: không đúng quy cách"),
        ({"days_off": "06/02 Tết"}, "Các ngày nghỉ, dòng 1: là ngày nghỉ hằng tuần"),
        ({"days_worked": "19/02"}, "Các ngày làm bù, dòng 1: là ngày làm việc bình thường"),
        ({"decision": " "}, "Số quyết định: chưa nhập"),
        ({"year": "hai nghìn"}, "Năm: không đúng quy cách"),
    ],
)
def test_a_faulty_plan_is_refused_and_what_was_pasted_stays(
    web: Web, changed: dict[str, str], words: str
) -> None:
    refused = web.console("admin").send("/console/calendar/year", **{**PLAN, **changed})
    assert refused.status_code == 422
    assert words in text_of(refused)
    assert "04/02" in refused.text


def test_only_an_administrator_enters_a_year(web: Web) -> None:
    clerk = web.console("clerk")
    assert "Nhập lịch cả năm" not in clerk.get("/console/calendar", year=2027).text
    assert clerk.send("/console/calendar/year", **PLAN).status_code == 403


def test_an_officer_fixes_a_dialogue_from_the_form_and_sees_its_date(web: Web) -> None:
    petition = accepted(web.office, PetitionKind.KN)
    clerk = web.console("clerk")
    page = f"/console/petitions/{petition.reference}"
    form = clerk.get(f"{page}/actions/record-step")
    assert "Đối thoại Bắt đầu thời hạn: Thông báo đối thoại" in text_of(form)
    sent = clerk.send(
        f"{page}/actions/record-step", version=str(petition.version), event="dialogue",
        on="2026-12-07", at="", document_number="",
    )  # fmt: skip
    assert sent.status_code == 303
    shown = text_of(clerk.get(page))
    assert "Thông báo đối thoại 02/12/2026" in shown
    assert "việc: đối thoại" in shown


def test_an_officer_says_by_whom_a_complaint_was_passed_on(web: Web) -> None:
    petition = file_signed(web.office, PetitionKind.KN)
    clerk = web.console("clerk")
    page = f"/console/petitions/{petition.reference}"
    sent = clerk.send(
        f"{page}/actions/reclassify", version=str(petition.version), kind="KN", instance="",
        forwarded_by_elected_body="yes", other_competence="yes",
    )  # fmt: skip
    assert sent.status_code == 303
    with web.office.store.read() as tx:
        changed = get_petition(tx, petition.reference)
    assert (changed.facts, changed.own_competence) == (("forwarded_by_elected_body",), False)
    shown = text_of(clerk.get(page))
    assert "Thẩm quyền không thuộc cơ quan này" in shown
    assert "Đơn do cơ quan dân cử, đại biểu hoặc Ban Tiếp công dân chuyển đến" in shown
