"""Register and reports over HTTP: what each role may do, and that every door shows one number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import file
from tests.web import BUILDING, Web, opened_web

REPORT = f"/console/reports/{BUILDING}/ttcp/2026-Q3"
QUESTION = {"agency": BUILDING, "period": "2026-Q3", "regime": "ttcp"}


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(sqlite_url, tmp_path) as opened:
        yield opened


def enter(web: Web, people: int = 1, on: str = "2026-07-01") -> None:
    answer = web.console("clerk").send(
        "/console/receptions",
        on=on,
        regime="regular",
        received_by="staff",
        people=str(people),
        mode="in_person",
        name="Bà Canary",
        content="chuyện riêng Canary",
    )
    assert answer.status_code == 303, answer.text


def test_a_visit_entered_on_the_page_is_in_the_register_the_number_and_the_report(web: Web) -> None:
    enter(web, people=6)
    assert "01/07/2026" in web.console("clerk").get("/console/receptions?from=2026-06-01").text
    reporter = web.api("reporter")
    numbers = reporter.get("/api/v1/statistics", **QUESTION).json()["numbers"]
    assert numbers["01/TCD.c2"]["value"] == 6
    page = web.console("reporter").get(REPORT)
    assert page.status_code == 200
    assert "01 đoàn với 06 người" in re.sub(r"<[^>]+>", "", page.text)
    behind = reporter.get("/api/v1/statistics/01-TCD.c2", **QUESTION).json()
    assert [row["amount"] for row in behind["rows"]] == [6]


def test_screen_api_and_document_show_one_number(web: Web) -> None:
    enter(web, people=3)
    reporter = web.api("reporter")
    section = reporter.get("/api/v1/reports/section", **QUESTION, draft=True).json()
    forms = reporter.get("/api/v1/reports/forms", **QUESTION, draft=True).json()
    numbers = reporter.get("/api/v1/statistics", **QUESTION).json()["numbers"]
    for form in forms["forms"]:
        for name, cell in form["rows"][-1]["cells"].items():
            key = f"{form['code']}.{name}"
            assert cell["value"] == numbers[key]["value"] == section["numbers"][key]["value"]


def test_reporting_staff_read_numbers_but_no_visitor_and_no_petition(web: Web) -> None:
    enter(web)
    petition = file(web.office)
    reporter = web.console("reporter")
    texts = [
        reporter.get(path).text
        for path in (REPORT, f"{REPORT}/numbers/01-TCD.c1", "/console/reports")
    ]
    texts.append(reporter.get(f"/console/reports/{BUILDING}/ttcp/2026-Q4/numbers/02-XLD.c1").text)
    assert petition.reference in texts[-1]
    assert f"/console/petitions/{petition.reference}" not in texts[-1]
    for text in texts:
        assert "Canary" not in text
        assert "Thử Nghiệm" not in text
        assert "xe buýt" not in text
    assert reporter.get("/console/receptions").status_code == 403


def test_another_agencys_numbers_do_not_exist_for_a_stranger(web: Web) -> None:
    asked = {**QUESTION, "agency": "vlg-so-noi-vu"}
    assert web.api("reporter").get("/api/v1/statistics", **asked).status_code == 404
    assert web.api("inspector").get("/api/v1/statistics", **QUESTION).status_code == 404
    assert web.console("admin").get(REPORT).status_code == 403


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"period": "2026-Q9"}, 422),
        ({"period": "x"}, 422),
        ({"regime": "x"}, 422),
        ({"agency": "x"}, 422),
        ({"scope": "x"}, 422),
        ({"period": "2030-Q1"}, 422),
    ],
)
def test_an_impossible_question_is_a_problem_not_a_crash(web: Web, changes, status) -> None:
    answer = web.api("reporter").get("/api/v1/statistics", **{**QUESTION, **changes})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_report_without_data_is_refused_and_a_draft_is_marked(web: Web) -> None:
    reporter = web.api("reporter")
    for path, form in (("section", "json"), ("section", "docx"), ("forms", "xlsx")):
        refused = reporter.get(f"/api/v1/reports/{path}", **QUESTION, format=form)
        assert refused.status_code == 409
        assert refused.json()["type"].endswith("report-blocked")
        draft = reporter.get(f"/api/v1/reports/{path}", **QUESTION, format=form, draft=True)
        assert draft.status_code == 200
        assert "attachment" in draft.headers["content-disposition"]


def test_confirming_zeros_and_fixing_the_numbers_on_the_page(web: Web) -> None:
    enter(web)
    reporter = web.console("reporter")
    refused = reporter.send(f"{REPORT}/snapshot", note="")
    assert refused.status_code == 409
    assert reporter.send(f"{REPORT}/confirm").status_code == 303
    assert "Đã xác nhận" in reporter.get(REPORT).text
    assert reporter.send(f"{REPORT}/snapshot", note="").status_code == 303
    enter(web)
    page = reporter.get(REPORT).text
    assert "Số liệu đã chốt" in page
    assert "nay đã khác" in page
    numbers = web.api("reporter").get("/api/v1/statistics", **QUESTION).json()
    assert numbers["numbers"]["01/TCD.c1"]["value"] == 1
    assert numbers["source"]["kind"] == "snapshot"
    live = web.api("reporter").get("/api/v1/statistics", **QUESTION, live=True).json()
    assert live["numbers"]["01/TCD.c1"]["value"] == 2


def test_a_refused_visit_shows_its_reason_and_keeps_what_was_typed(web: Web) -> None:
    answer = web.console("clerk").send(
        "/console/receptions",
        on="2026-07-01",
        regime="periodic",
        received_by="staff",
        people="2",
        mode="in_person",
        name="Ông Ba",
    )
    assert answer.status_code == 422
    assert "không khớp với loại ngày tiếp" in answer.text
    assert 'value="Ông Ba"' in answer.text


@pytest.mark.parametrize("people", ["", "0", "-1", "x", "²", "1" * 40])
def test_an_impossible_number_of_people_is_refused(web: Web, people: str) -> None:
    answer = web.console("clerk").send(
        "/console/receptions",
        on="2026-07-01",
        regime="regular",
        received_by="staff",
        people=people,
        mode="in_person",
    )
    assert answer.status_code == 422


def test_days_and_entries_have_their_pages(web: Web) -> None:
    clerk = web.console("clerk")
    announced = clerk.send(
        "/console/receptions/days",
        on="2026-11-05",
        regime="periodic",
        chair="head",
        notice_number="12/TB",
        notice_on="2026-01-09",
    )
    assert announced.status_code == 303
    page = clerk.get("/console/receptions/days").text
    uid = page.split("/console/receptions/days/")[1].split('"')[0]
    assert clerk.send(f"/console/receptions/days/{uid}", outcome="nobody_came").status_code == 303
    assert "không có công dân đến" in clerk.get("/console/receptions/days").text
    entered = clerk.send(
        "/console/receptions/entries",
        entry="enforcement_due",
        on="2026-11-05",
        of="complaint",
        number="5/QĐ",
        state_money="1.234,5",
    )
    assert entered.status_code == 303
    asked = {**QUESTION, "period": "2026-Q4"}
    numbers = web.api("reporter").get("/api/v1/statistics", **asked).json()["numbers"]
    assert numbers["05/KQTH.c3"]["value"] == 1234.5
    assert web.console("reporter").get("/console/receptions/entries").status_code == 200


def test_the_register_over_the_api(web: Web) -> None:
    clerk = web.api("clerk")
    made = clerk.post(
        "/api/v1/receptions",
        json={"regime": "regular", "received_by": "staff", "people": 2, "on": "2026-07-01"},
    )
    assert made.status_code == 201, made.text
    uid = made.json()["uid"]
    assert clerk.get(f"/api/v1/receptions/{uid}").json()["people"] == 2
    assert [row["uid"] for row in clerk.get("/api/v1/receptions").json()] == [uid]
    void = clerk.post(f"/api/v1/receptions/{uid}/void", json={"reason": "wrong_data"})
    assert void.json()["status"] == "void"
    assert web.api("inspector").get(f"/api/v1/receptions/{uid}").status_code == 404
    wrong = clerk.post("/api/v1/receptions", json={"regime": "regular", "received_by": "head"})
    assert wrong.status_code == 422


def test_typed_totals_are_checked_over_the_api(web: Web) -> None:
    typed = {
        "reception": {
            "total": {"visits": 419},
            "regular": {"visits": 78},
            "periodic": {"visits": 342},
        }
    }
    found = web.api("reporter").post("/api/v1/reports/check", content=json.dumps(typed).encode())
    assert [row["rule"] for row in found.json()] == ["E01"]
    bad = web.api("reporter").post("/api/v1/reports/check", content=b"{")
    assert bad.status_code == 422


def test_the_choice_page_leads_to_the_report(web: Web) -> None:
    reporter = web.console("reporter")
    page = reporter.get("/console/reports")
    assert page.status_code == 200
    leads = reporter.get("/console/reports", regime="ttcp", period="Q3", year=2026)
    assert leads.status_code == 303
    assert leads.headers["location"] == REPORT
    own = reporter.get(
        "/console/reports", regime="ttcp", period="Q3", **{"from": "2026-01-01", "to": "2026-02-01"}
    )
    assert own.headers["location"].endswith("2026-01-01..2026-02-01")
    assert reporter.get(own.headers["location"]).status_code == 200


def test_the_choice_page_offers_the_periods_on_the_desk(web: Web) -> None:
    page = web.console("reporter").get("/console/reports").text
    for period in ("2026-Q3", "2026-Q4", "2026-NAM"):
        assert f'href="/console/reports/{BUILDING}/ttcp/{period}"' in page
    assert f"/console/reports/{BUILDING}/ttcp/2026-Q1" not in page


def test_known_regimes_are_listed_with_their_sources(web: Web) -> None:
    rows = web.api("reporter").get("/api/v1/reports").json()
    assert {"ttcp", "dan-van", "local"} <= {row["regime"] for row in rows}
    assert all(row["source"] for row in rows)
