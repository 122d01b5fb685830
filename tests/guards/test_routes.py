"""Every route has a row in the policy table, and every row means what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import update

from admin.app import OFFICERS_ROWS, create_app
from admin.policy import Door, Policy, Row
from intake.accounts import OFFICER_ROLES
from intake.status import Role
from intake.store.tables import officers
from tests.factories import file
from tests.web import BUILDING, OFFICERS, PASSWORD, Web, in_process, opened_web

CITIZENS_PATHS = ("/chat", "/api/v1/chat", "/webhooks/", "/open311/", "/static/chat/")
UNSAFE = tuple(row for row in OFFICERS_ROWS if row.method != "GET")
GUARDED = tuple(row for row in OFFICERS_ROWS if row.roles is not None)
OF_ROLE = {role: username for username, (role, _, _) in reversed(OFFICERS.items())}


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(sqlite_url, tmp_path) as opened:
        yield opened


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    return {
        (method, context.path)
        for context in iter_route_contexts(app.routes)
        if context.path is not None
        for method in (context.methods or ("GET",))
        if method != "HEAD"
    }


def test_every_route_has_exactly_one_row_and_every_row_a_route(web: Web) -> None:
    rows = [(row.method, row.path) for row in OFFICERS_ROWS]
    assert len(rows) == len(set(rows))
    assert set(rows) == routes_of(web.app)


def test_what_is_mounted_besides_serves_citizens_paths_only(web: Web) -> None:
    whole = create_app(web.office, work=False)
    mounted = routes_of(whole) - routes_of(web.app)
    strangers = [path for _, path in mounted if not path.startswith(CITIZENS_PATHS)]
    assert strangers == []


def test_a_route_without_a_row_is_not_reachable(web: Web) -> None:
    web.app.add_api_route("/forgotten", lambda: {"open": True})
    assert web.client().get("/forgotten").status_code == 404


def test_only_named_doors_stand_open() -> None:
    opened = {row.path for row in OFFICERS_ROWS if row.door is Door.OPEN}
    assert opened == {
        "/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/static/admin/{path:path}",
        "/api/v1/auth/token",
    }


def test_the_policy_prefers_a_literal_path_to_a_parameter() -> None:
    policy = Policy(
        [Row("GET", "/a/{x}", Door.API, frozenset()), Row("GET", "/a/b", Door.OPEN, None)]
    )
    found = policy.match("GET", "/a/b").row
    assert found is not None
    assert found.path == "/a/b"


def concrete(web: Web, row: Row, reference: str) -> str:
    path = row.path.replace("{reference}", reference).replace("{username}", "someone")
    path = path.replace("{action}", "accept").replace("{uid}", "0" * 32)
    path = path.replace("{agency}", BUILDING).replace("{regime}", "ttcp")
    path = path.replace("{period}", "2026-Q3").replace("{number}", "visits").replace("{form}", "md")
    path = path.replace("{code}", "phieu-huong-dan")
    return path.replace("{path:path}", "console.css")


def call(web: Web, row: Row, username: str | None, reference: str) -> tuple[int, str]:
    """Status and problem code of a well-formed request by an officer (None: nobody)."""
    path = concrete(web, row, reference)
    if row.door is Door.API:
        client = web.api(username) if username else web.client()
        answer = client.request(
            row.method, path, headers={"If-Match": '"1"'}, json={} if row.method == "POST" else None
        )
        problem = (
            answer.json().get("type", "")
            if "problem" in answer.headers.get("content-type", "")
            else ""
        )
        return answer.status_code, problem.rpartition(":")[2]
    client = web.console(username) if username else web.client()
    data = {"csrf": client.csrf} if row.method == "POST" else None
    answer = client.request(row.method, path, data=data)
    marked = answer.text.partition('data-problem="')[2].partition('"')[0]
    return answer.status_code, marked


@pytest.mark.parametrize("role", OFFICER_ROLES)
def test_each_role_passes_exactly_the_doors_of_its_rows(web: Web, role: Role) -> None:
    wrong = []
    reference = file(web.office).reference
    for row in GUARDED:
        assert row.roles is not None
        status, code = call(web, row, OF_ROLE[role], reference)
        passed = code not in ("forbidden", "not-signed-in", "cross-site")
        if passed is not (role in row.roles) or status >= 500:
            wrong.append((row.method, row.path, status, code))
    assert wrong == []


def test_nobody_passes_a_guarded_door_without_signing_in(web: Web) -> None:
    reference = file(web.office).reference
    answers = {(row.method, row.path): call(web, row, None, reference) for row in GUARDED}
    assert {status for status, _ in answers.values()} <= {401, 303}
    assert all(
        status == 303
        for (method, path), (status, _) in answers.items()
        if method == "GET" and path.startswith("/console")
    )


def test_a_closed_account_passes_no_door(web: Web) -> None:
    reference = file(web.office).reference
    api, console = web.api("someone"), web.console("someone")
    with web.office.store.write() as tx:
        tx.execute(update(officers).where(officers.c.username == "someone").values(active=False))
    for row in GUARDED:
        caller = api if row.door is Door.API else console
        answer = caller.request(row.method, concrete(web, row, reference))
        assert answer.status_code in (401, 303), row


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-CSRF-Token": "made-up"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=["no token", "wrong token", "other origin", "null origin", "cross-site", "same-site"],
)
def test_every_unsafe_console_request_from_elsewhere_is_refused(
    web: Web, headers: dict[str, str]
) -> None:
    petition = file(web.office)
    foreign = "Origin" in headers or "Sec-Fetch-Site" in headers
    for row in UNSAFE:
        if row.door not in (Door.CONSOLE, Door.SIGN_IN) or (row.roles is None and not foreign):
            continue
        role = next(iter(row.roles)) if row.roles else Role.ADMINISTRATOR
        caller = web.console(OF_ROLE[role])
        # A stolen token does not help a foreign page; without one nothing else helps.
        body = {"csrf": caller.csrf} if foreign else {}
        answer = caller.request(
            row.method, concrete(web, row, petition.reference), data=body, headers=headers
        )
        assert answer.status_code == 403, row
        assert 'data-problem="cross-site"' in answer.text


def test_every_answer_carries_the_protecting_headers(web: Web) -> None:
    petition = file(web.office)
    for row in OFFICERS_ROWS:
        _, path = row.method, concrete(web, row, petition.reference)
        headers = web.client().request(row.method, path).headers
        assert headers["x-content-type-options"] == "nosniff", row
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-request-id"]
        if not path.startswith("/static"):
            assert headers["cache-control"] == "no-store", row


def test_behind_https_the_cookie_belongs_to_this_host_alone(
    sqlite_url: str, tmp_path: Path
) -> None:
    with opened_web(sqlite_url, tmp_path) as plain:
        settings = plain.office.settings.model_copy(update={"public_url": "https://td.example"})
        office = replace(plain.office, settings=settings)
        app = create_app(office, clock=lambda: plain.now, mounts=(), work=False)
        answer = in_process(app).post(
            "/console/login",
            data={"username": "clerk", "password": PASSWORD},
            headers={"Origin": "https://td.example"},
        )
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-tiepdan=")
        for attribute in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
            assert attribute in cookie
        assert "Domain" not in cookie
        assert answer.headers["strict-transport-security"]
