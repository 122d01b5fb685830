"""The officers' API over HTTP, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from intake.accounts import Purpose, end_sessions
from intake.petition import PetitionKind
from intake.timeline import entries_of
from tests.factories import BUS_LINE, TODAY, file, file_signed
from tests.web import INSPECTORATE, PASSWORD, Web, opened_web

PROBLEM = "application/problem+json"


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(database_url, tmp_path) as opened:
        yield opened


def test_a_petition_lives_from_the_list_to_its_end(web: Web) -> None:
    petition = file(web.office)
    clerk = web.api("clerk")

    listed = clerk.get("/api/v1/petitions", open="true").json()
    assert [row["reference"] for row in listed["items"]] == [petition.reference]
    assert listed["total"] == 1
    assert listed["next"] is None

    one = clerk.get(f"/api/v1/petitions/{petition.reference}")
    assert one.headers["ETag"] == '"1"'
    shown = one.json()
    assert shown["text"] == BUS_LINE
    assert "accept" in shown["allowed_actions"]
    assert "reroute" not in shown["allowed_actions"]
    deadline = next(row for row in shown["deadlines"] if row["rule"] == shown["next_rule"])
    assert deadline["steps"]
    assert deadline["citation"]

    accepted = clerk.act(petition.reference, "accept", 1)
    assert accepted.status_code == 200
    assert accepted.headers["ETag"] == '"2"'
    asked = clerk.act(petition.reference, "request-information", 2, message="Mấy giờ đông khách?")
    assert asked.json()["status"] == "accepted"
    answered = clerk.act(petition.reference, "answer", 3, text="Sẽ mở tuyến từ tháng sau.")
    assert answered.json()["status"] == "answered"
    assert clerk.act(petition.reference, "close", 4).json()["status"] == "closed"

    events = [
        row["event"] for row in clerk.get(f"/api/v1/petitions/{petition.reference}/timeline").json()
    ]
    assert events == [
        "petition_filed",
        "petition_accepted",
        "information_requested",
        "petition_answered",
        "petition_closed",
    ]
    notices = clerk.get(f"/api/v1/petitions/{petition.reference}/notices").json()
    assert [row["kind"] for row in notices] == [
        "accepted",
        "information_requested",
        "answered",
        "closed",
    ]


def test_a_stale_version_changes_nothing(web: Web) -> None:
    petition = file(web.office)
    clerk = web.api("clerk")
    clerk.act(petition.reference, "assign", 1, to="colleague")
    refused = clerk.act(petition.reference, "accept", 1)
    assert refused.status_code == 412
    assert refused.headers["content-type"] == PROBLEM
    assert refused.json()["type"] == "urn:tiepdan:problem:version-conflict"
    assert refused.json()["values"]["actual"] == 2
    assert clerk.get(f"/api/v1/petitions/{petition.reference}").json()["status"] == "received"


def test_a_change_without_the_version_read_is_refused(web: Web) -> None:
    petition = file(web.office)
    refused = web.api("clerk").act(petition.reference, "accept", None)
    assert refused.status_code == 428
    assert refused.json()["type"].endswith("precondition-required")


def test_of_officers_who_act_at_once_exactly_one_succeeds(web: Web) -> None:
    petition = file(web.office)
    callers = [web.api("clerk") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        codes = list(
            pool.map(
                lambda caller: (
                    caller.act(petition.reference, "assign", 1, to="colleague").status_code
                ),
                callers,
            )
        )
    assert sorted(codes) == [200, 412, 412, 412, 412, 412]


def test_pages_of_the_list_hold_every_petition_once(web: Web) -> None:
    filed = {file(web.office).reference for _ in range(7)}
    clerk = web.api("clerk")
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = clerk.get("/api/v1/petitions", limit=3, **after).json()
        seen += [row["reference"] for row in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == 7
    assert set(seen) == filed


def test_a_made_up_page_position_is_malformed(web: Web) -> None:
    for cursor in ("x", "AAAA", "//", "é"):
        refused = web.api("clerk").get("/api/v1/petitions", after=cursor)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "after"


def test_the_search_needs_no_tone_marks(web: Web) -> None:
    petition = file(web.office)
    clerk = web.api("clerk")
    found = clerk.get("/api/v1/petitions", q="tuyen XE buyt").json()
    assert [row["reference"] for row in found["items"]] == [petition.reference]
    assert clerk.get("/api/v1/petitions", q="máy bay").json()["total"] == 0


def test_filters_narrow_list_and_total_alike(web: Web) -> None:
    old = file(web.office, now=web.now - timedelta(days=60))
    file(web.office)
    file_signed(web.office, PetitionKind.KN)
    clerk = web.api("clerk")

    def references(**chosen: object) -> list[str]:
        page = clerk.get("/api/v1/petitions", **chosen).json()
        assert page["total"] == len(page["items"])
        return [row["reference"] for row in page["items"]]

    assert references(overdue="true") == [old.reference]
    assert references(received_until=(TODAY - timedelta(days=1)).isoformat()) == [old.reference]
    assert len(references(kind="KN")) == 1
    assert len(references(assigned="none")) == 3
    assert references(agency=INSPECTORATE) == []


def test_another_agencys_petition_does_not_exist(web: Web) -> None:
    petition = file(web.office)
    inspector = web.api("inspector")
    absent = inspector.get("/api/v1/petitions/VLG-2611-ZZZZZZ")
    hidden = inspector.get(f"/api/v1/petitions/{petition.reference}")
    assert absent.status_code == hidden.status_code == 404
    assert absent.json()["detail"] == hidden.json()["detail"]
    assert inspector.act(petition.reference, "accept", 1).status_code == 404
    assert inspector.get("/api/v1/petitions").json()["total"] == 0


def test_a_refusal_by_law_names_the_provision_and_the_way_out(web: Web) -> None:
    petition = file(web.office)
    clerk = web.api("clerk")
    clerk.act(petition.reference, "accept", 1)
    refused = clerk.act(petition.reference, "extend", 2, document_number="1/QĐ", criteria=["x"])
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("law-refuses")
    assert refused.json()["values"]["rule"] == "no_extension"
    assert "answer" in refused.json()["values"]["allowed"]
    assert "Điều 28" in refused.json()["detail"]


def test_missing_items_are_named(web: Web) -> None:
    petition = file(web.office, PetitionKind.KN)
    refused = web.api("clerk").act(petition.reference, "accept", 1)
    assert refused.status_code == 409
    assert "signature" in refused.json()["values"]["items"]
    assert "chữ ký hoặc điểm chỉ" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"unheard": 1}, "unheard"),
        ({"on": "32/13/2026"}, "on"),
        ({"document_number": "x" * 81}, "document_number"),
    ],
)
def test_malformed_input_names_the_field(web: Web, body: dict[str, object], field: str) -> None:
    petition = file(web.office)
    refused = web.api("clerk").act(petition.reference, "accept", 1, **body)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == PROBLEM
    assert [row["field"] for row in refused.json()["errors"]] == [field]
    assert "x" * 81 not in refused.text


def test_an_identity_is_opened_with_a_reason_and_leaves_a_trace(web: Web) -> None:
    petition = file(web.office)
    clerk = web.api("clerk")
    path = f"/api/v1/petitions/{petition.reference}/identity"
    assert clerk.post(path, json={"reason": "curiosity"}).status_code == 422
    opened = clerk.post(path, json={"reason": "contact_petitioner"})
    assert opened.json()["people"][0]["phone"] == "0900000001"
    with web.office.store.read() as tx:
        last = entries_of(tx, petition.id)[-1]
    assert (last.event, last.actor) == ("identity_read", "clerk")
    assert dict(last.values) == {"reason": "contact_petitioner"}


def test_the_desk_sees_a_petition_but_not_who_sent_it_to_another_agency(web: Web) -> None:
    petition = file(web.office)
    desk = web.api("desk")
    shown = desk.get(f"/api/v1/petitions/{petition.reference}").json()
    assert shown["identity_openable"] is False
    refused = desk.post(
        f"/api/v1/petitions/{petition.reference}/identity", json={"reason": "contact_petitioner"}
    )
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("not-allowed")


def test_signing_in_gives_a_token_that_ends(web: Web) -> None:
    client = web.client()
    given = client.post("/api/v1/auth/token", data={"username": "clerk", "password": PASSWORD})
    assert given.json()["token_type"] == "bearer"
    headers = {"Authorization": f"Bearer {given.json()['access_token']}"}
    assert client.get("/api/v1/me", headers=headers).json()["username"] == "clerk"
    assert client.post("/api/v1/auth/revoke", headers=headers).status_code == 204
    ended = client.get("/api/v1/me", headers=headers)
    assert ended.status_code == 401
    assert ended.headers["WWW-Authenticate"].startswith("Bearer")


def test_wrong_name_and_wrong_password_get_one_answer(web: Web) -> None:
    client = web.client()
    answers = [
        client.post("/api/v1/auth/token", data={"username": name, "password": "sai hoàn toàn"})
        for name in ("clerk", "nobody")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_a_password_is_tried_five_times_a_minute_and_never_locked(web: Web) -> None:
    client = web.client()

    def attempt(password: str) -> int:
        return client.post(
            "/api/v1/auth/token", data={"username": "clerk", "password": password}
        ).status_code

    assert [attempt("sai") for _ in range(6)] == [401, 401, 401, 401, 401, 429]
    refused = client.post("/api/v1/auth/token", data={"username": "clerk", "password": PASSWORD})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    web.now += timedelta(minutes=1)
    assert attempt(PASSWORD) == 200


def test_a_session_ends_idle_after_half_an_hour_and_in_any_case_after_eight(web: Web) -> None:
    clerk = web.api("clerk")
    for _ in range(20):
        web.now += timedelta(minutes=24)
        status = clerk.get("/api/v1/me").status_code
        if status != 200:
            break
    assert status == 401
    other = web.api("clerk")
    web.now += timedelta(minutes=31)
    assert other.get("/api/v1/me").status_code == 401


def test_a_changed_account_ends_its_sessions_at_once(web: Web) -> None:
    clerk, admin = web.api("someone"), web.console("admin")
    assert clerk.get("/api/v1/me").status_code == 200
    changed = admin.send(
        "/console/officers/someone",
        display_name="X",
        role="agency_clerk",
        agency="vlg-so-y-te",
    )
    assert changed.status_code == 303
    assert clerk.get("/api/v1/me").status_code == 401


def test_a_machine_key_works_in_its_own_header_and_can_be_taken_back(web: Web) -> None:
    key = web.token("clerk", Purpose.KEY)
    client = web.client()
    assert client.get("/api/v1/me", headers={"X-API-Key": key}).status_code == 200
    web.now += timedelta(days=30)
    assert client.get("/api/v1/me", headers={"X-API-Key": key}).status_code == 200
    with web.office.store.write() as tx:
        end_sessions(tx, "clerk")
    assert client.get("/api/v1/me", headers={"X-API-Key": key}).status_code == 401


def test_a_console_cookie_opens_no_api_and_a_token_no_console(web: Web) -> None:
    console, api = web.console("clerk"), web.api("clerk")
    assert console.get("/api/v1/me").status_code == 401
    assert api.get("/console/petitions").status_code == 303


def test_agencies_are_found_by_old_names_without_tone_marks(web: Web) -> None:
    found = web.api("clerk").get("/api/v1/agencies", q="so giao thong van tai tra vinh").json()
    assert found[0]["code"] == "vlg-so-xay-dung"
    assert 0 < found[0]["score"] <= 100


def test_operators_endpoints_answer(web: Web) -> None:
    client = web.client()
    file(web.office)
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert ready["schema"]
    assert ready["storage"]["engine"] in ("sqlite", "postgresql")
    metrics = client.get("/metrics").text
    assert 'tiepdan_petitions{status="received"} 1.0' in metrics
    assert 'route="/readyz"' in metrics
    assert client.get("/docs").status_code == 200


def test_a_body_too_large_is_refused_before_it_is_read(web: Web) -> None:
    petition = file(web.office)
    clerk = web.api("clerk")
    path = f"/api/v1/petitions/{petition.reference}/actions/answer"
    said = clerk.post(path, json={"text": "x" * 400_000}, headers={"If-Match": '"1"'})
    assert said.status_code == 413
    pieces = (b"x" * 50_000 for _ in range(8))
    unsaid = clerk.post(path, content=pieces, headers={"If-Match": '"1"'})
    assert unsaid.status_code == 413


def test_storage_that_is_away_is_told_as_such(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    from intake.errors import StorageAway

    def away() -> None:
        raise StorageAway()

    clerk = web.api("clerk")
    monkeypatch.setattr(web.office.store, "read", away)
    refused = clerk.get("/api/v1/petitions")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert clerk.get("/readyz").status_code == 503
    assert clerk.get("/healthz").status_code == 200
