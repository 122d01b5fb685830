"""A planted identity never shows where it must not: in logs, lists, timelines, notices, pages.

The petitioner's name, address and telephone are unlike any other word; every page and endpoint is
called by every role, error paths included, and everything that came out is searched.
"""

from __future__ import annotations

import base64
import json
import logging
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog

from admin.app import OFFICERS_ROWS
from admin.observation import set_up_logs
from admin.policy import Door
from intake.petition import MAY_HOLD_DENUNCIATION, Petition, Petitioner, PetitionKind
from intake.text import fold
from tests.factories import TODAY, file
from tests.web import INSPECTORATE, OFFICERS, Web, opened_web

NAME = "Quỳnh Hoàng Yến Chích Chòe"
ADDRESS = "hẻm Bồ Câu Đưa Thư, số 7731"
PHONE = "0987654321"
CANARIES = (NAME, ADDRESS, PHONE)
IDENTITY = "/identity"


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(sqlite_url, tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def logs_as_in_production(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    root = logging.getLogger()
    level, handlers, noisy = root.level, root.handlers[:], logging.raiseExceptions
    set_up_logs("DEBUG")
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.raiseExceptions = noisy
    structlog.reset_defaults()


def planted(web: Web, kind: PetitionKind, **changes: object) -> Petition:
    people = (Petitioner(name=NAME, address=ADDRESS, phone=PHONE),)
    return file(web.office, kind, petitioners=people, **changes)


def forms_of(canary: str) -> Iterator[str]:
    """The shapes in which a text can travel."""
    plain = (canary, unicodedata.normalize("NFD", canary), fold(canary), canary.upper())
    for text in plain:
        yield text
        yield quote(text)
        yield json.dumps(text)[1:-1]
        yield base64.b64encode(text.encode()).decode().rstrip("=")[:-1]
        yield text.encode().hex()


def assert_clean(what: str, text: str) -> None:
    hits = [canary for canary in CANARIES for form in forms_of(canary) if form in text]
    assert hits == [], what


def everything_read(web: Web, petition: Petition) -> Iterator[tuple[str, str]]:
    """Every readable row of the policy, by every role and by nobody."""
    for username in (*OFFICERS, None):
        api = web.api(username) if username else web.client()
        console = web.console(username) if username else web.client()
        for row in OFFICERS_ROWS:
            if row.method != "GET" or "{username}" in row.path:
                continue
            path = row.path.replace("{reference}", petition.reference)
            path = path.replace("{uid}", "0" * 32).replace("{path:path}", "console.css")
            path = path.replace("{agency}", "vlg-so-xay-dung").replace("{regime}", "ttcp")
            path = path.replace("{period}", "2026-Q4").replace("{number}", "visits")
            path = path.replace("{form}", "md").replace("{code}", "thong-bao-tra-loi")
            for action in ("accept", "forward") if "{action}" in path else ("",):
                caller = console if row.door is Door.CONSOLE else api
                answer = caller.get(path.replace("{action}", action))
                yield f"{username} {path}", answer.text + json.dumps(dict(answer.headers))


@pytest.mark.parametrize("kind", [*MAY_HOLD_DENUNCIATION, PetitionKind.KNPA])
def test_no_page_list_timeline_or_log_names_the_petitioner(
    web: Web, kind: PetitionKind, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = kind.may_hold_denunciation
    agency = INSPECTORATE if secret else "vlg-so-xay-dung"
    signed = {"signed_on": TODAY} if secret else {}
    petition = planted(web, kind, agency=agency, **signed)
    officer = web.api("inspector" if secret else "clerk")
    assert officer.act(petition.reference, "request-information", 1, message="?").status_code == 200
    assert (
        officer.act(
            petition.reference,
            "assign",
            2,
            to="inspector" if secret else "colleague",
        ).status_code
        == 200
    )
    seen = 0
    for what, text in everything_read(web, petition):
        assert_clean(what, text)
        seen += petition.reference in text
    assert seen > 5
    opened = officer.post(
        f"/api/v1/petitions/{petition.reference}{IDENTITY}", json={"reason": "verify_identity"}
    )
    with pytest.raises(AssertionError):  # the search itself works
        assert_clean("identity", opened.text)
    captured = capsys.readouterr()
    assert '"event": "request"' in captured.err
    assert_clean("logs", captured.err + captured.out)


@pytest.mark.parametrize("kind", MAY_HOLD_DENUNCIATION)
def test_a_denunciation_does_not_exist_for_who_is_not_cleared(web: Web, kind: PetitionKind) -> None:
    petition = planted(
        web,
        kind,
        agency="vlg-so-xay-dung",
        signed_on=TODAY,
        text="Tố cáo ông Chim Sáo nhận tiền ở bến đò.",
    )
    for username, (_, _, cleared) in OFFICERS.items():
        assert not cleared or username == "inspector"
        for path in (
            f"/api/v1/petitions/{petition.reference}",
            "/api/v1/petitions?limit=100",
            f"/api/v1/petitions/{petition.reference}/timeline",
        ):
            answer = web.api(username).get(path)
            assert answer.status_code != 200 or petition.reference not in answer.text
            assert "Chim Sáo" not in answer.text
        for path in (
            "/console/petitions?tab=all",
            "/console/overview",
            f"/console/petitions/{petition.reference}",
        ):
            answer = web.console(username).get(path)
            assert "Chim Sáo" not in answer.text
            assert answer.status_code != 200 or petition.reference not in answer.text
        refused = web.api(username).post(
            f"/api/v1/petitions/{petition.reference}{IDENTITY}",
            json={"reason": "contact_petitioner"},
        )
        assert refused.status_code in (403, 404)


def test_the_accused_agency_learns_nothing_not_even_by_counting(web: Web) -> None:
    before = web.api("clerk").get("/api/v1/petitions").json()
    planted(
        web, PetitionKind.TC, agency=INSPECTORATE, accused=("vlg-so-xay-dung",), signed_on=TODAY
    )
    planted(web, PetitionKind.KNPA, agency="vlg-ban-tiep-cong-dan", accused=("vlg-so-xay-dung",))
    after = web.api("clerk").get("/api/v1/petitions").json()
    assert before == after
    assert web.api("head").get("/api/v1/petitions").json()["total"] == 0
    assert web.api("desk").get("/api/v1/petitions").json()["total"] == 1


def test_when_a_denouncer_wrote_is_known_by_the_day_only(web: Web) -> None:
    petition = planted(web, PetitionKind.TC, agency=INSPECTORATE, signed_on=TODAY)
    inspector = web.api("inspector")
    one = inspector.get(f"/api/v1/petitions/{petition.reference}").json()
    filed = inspector.get(f"/api/v1/petitions/{petition.reference}/timeline").json()[0]
    assert (one["received_on"], one["received_at"]) == (TODAY.isoformat(), None)
    assert (filed["on"], filed["at"]) == (TODAY.isoformat(), None)
    page = web.console("inspector").get(f"/console/petitions/{petition.reference}").text
    assert "09:00" not in page


def test_malformed_and_refused_input_is_not_repeated(
    web: Web, capsys: pytest.CaptureFixture[str]
) -> None:
    petition = file(web.office)
    clerk, nobody = web.api("clerk"), web.client()
    answers = [
        clerk.act(petition.reference, "accept", 1, on=NAME, document_number=ADDRESS * 9),
        clerk.post(
            f"/api/v1/petitions/{petition.reference}/actions/accept",
            {"If-Match": quote(NAME)},
            json={},
        ),
        clerk.post(
            f"/api/v1/petitions/{petition.reference}/actions/accept",
            {"If-Match": '"1"'},
            content=NAME.encode(),
        ),
        clerk.get("/api/v1/petitions", after=NAME),
        clerk.get("/api/v1/petitions", q=NAME),
        clerk.get("/api/v1/petitions", kind=NAME),
        clerk.get(f"/api/v1/petitions/{NAME}"),
        clerk.get(f"/{NAME}"),
        nobody.post("/api/v1/auth/token", data={"username": NAME, "password": ADDRESS}),
        nobody.get(f"/api/v1/petitions?q={NAME}"),
    ]
    for answer in answers:
        assert_clean(f"{answer.status_code}", answer.text)
    captured = capsys.readouterr()
    assert_clean("logs", captured.err + captured.out)


def test_an_error_nobody_foresaw_says_nothing_about_its_cause(
    web: Web, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError(f"{NAME} {ADDRESS} {PHONE}")

    monkeypatch.setattr("admin.api.petitions.worklist", explode)
    answer = web.api("clerk").get("/api/v1/petitions")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:tiepdan:problem:unexpected"
    assert_clean("answer", answer.text)
    captured = capsys.readouterr()
    line = next(json.loads(row) for row in captured.err.splitlines() if "unexpected" in row)
    assert line["error"] == "RuntimeError"
    assert line["where"][-1].endswith(":explode")
    assert_clean("logs", captured.err + captured.out)


def test_a_librarys_log_record_loses_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(NAME)
    except ValueError:
        logging.getLogger("some.library").exception("failed for %s", PHONE)
    line = json.loads(capsys.readouterr().err)
    assert (line["logger"], line["error"]) == ("some.library", "ValueError")
    assert_clean("logs", json.dumps(line, ensure_ascii=False))


def test_the_stored_files_hold_the_identity_only_sealed(web: Web) -> None:
    planted(web, PetitionKind.TC, agency=INSPECTORATE, signed_on=TODAY)
    planted(web, PetitionKind.KNPA)
    stored = [path for path in web.office.settings.data_dir.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite3" for path in stored)
    for path in stored:
        assert_clean(path.name, path.read_bytes().decode("utf-8", "replace"))
