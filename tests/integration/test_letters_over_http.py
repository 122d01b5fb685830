"""Letters for programs, and the law's refusals in the console, on both databases."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from intake.petition import Petition, Petitioner, PetitionKind
from tests.factories import accepted, file_signed
from tests.web import INSPECTORATE, Web, opened_web

CANARY = Petitioner(name="Canary Tố Giác", address="số 7 đường Canary")
SUMMARY = "Tóm tắt do cán bộ viết."


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(database_url, tmp_path) as opened:
        yield opened


def letters_of(petition: Petition) -> str:
    return f"/api/v1/petitions/{petition.reference}/letters"


def printed(document: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        parts = [archive.read(n).decode() for n in archive.namelist() if n.endswith(".xml")]
    return re.sub(r"<[^>]+>", "", " ".join(parts))


def denunciation(web: Web) -> Petition:
    return file_signed(web.office, PetitionKind.TC, agency=INSPECTORATE, petitioners=(CANARY,))


def test_a_letter_that_fits_is_listed_written_and_leaves_its_code_in_the_timeline(
    web: Web,
) -> None:
    petition = denunciation(web)
    inspector = web.api("inspector")
    listed = {row["code"]: row for row in inspector.get(letters_of(petition)).json()}
    assert "phieu-de-xuat-thu-ly" in listed
    assert "quyet-dinh-gia-han" not in listed
    assert listed["giay-bien-nhan"]["needs"] == ["summary", "documents"]
    written = inspector.post(
        f"{letters_of(petition)}/phieu-de-xuat-thu-ly", json={"summary": SUMMARY}
    )
    assert written.status_code == 200
    assert written.headers["content-disposition"].endswith("phieu-de-xuat-thu-ly.docx")
    text = printed(written.content)
    assert SUMMARY in text
    assert "Canary" not in text
    last = inspector.get(f"/api/v1/petitions/{petition.reference}/timeline").json()[-1]
    assert (last["event"], last["values"]) == ("letter_printed", {"letter": "phieu-de-xuat-thu-ly"})
    assert (
        "In văn bản"
        in web.console("inspector").get(f"/console/petitions/{petition.reference}").text
    )


def test_who_may_not_see_the_petition_gets_neither_list_nor_letter(web: Web) -> None:
    petition = denunciation(web)
    for username in ("clerk", "head", "desk"):
        caller = web.api(username)
        assert caller.get(letters_of(petition)).status_code == 404
        asked = caller.post(
            f"{letters_of(petition)}/phieu-de-xuat-thu-ly", json={"summary": SUMMARY}
        )
        assert asked.status_code == 404


@pytest.mark.parametrize(
    ("code", "body", "status"),
    [
        ("khong-co", {"summary": SUMMARY}, 404),
        ("quyet-dinh-gia-han", {"summary": SUMMARY}, 409),
        ("giay-bien-nhan", {"summary": SUMMARY}, 422),
        ("giay-bien-nhan", {"documents": "01 bản sao"}, 422),
    ],
)
def test_a_letter_that_does_not_fit_or_lacks_something_is_refused_and_not_recorded(
    web: Web, code: str, body: dict[str, str], status: int
) -> None:
    petition = denunciation(web)
    inspector = web.api("inspector")
    assert inspector.post(f"{letters_of(petition)}/{code}", json=body).status_code == status
    events = inspector.get(f"/api/v1/petitions/{petition.reference}/timeline").json()
    assert [row["event"] for row in events] == ["petition_filed"]


def test_the_console_proposes_a_summary_except_for_a_denunciation(web: Web) -> None:
    secret = file_signed(
        web.office, PetitionKind.TC, agency=INSPECTORATE, text="Lời tố cáo riêng của người viết."
    )
    ordinary = file_signed(web.office, PetitionKind.KN, text="Khiếu nại việc thu hồi giấy phép.")
    path = "/console/petitions/{}/letters/phieu-de-xuat-thu-ly"
    shown = web.console("inspector").get(path.format(secret.reference))
    assert shown.status_code == 200
    assert "Lời tố cáo riêng" not in shown.text
    shown = web.console("clerk").get(path.format(ordinary.reference))
    assert "Khiếu nại việc thu hồi giấy phép." in shown.text


def test_a_refusal_for_lateness_leads_to_the_rejection_with_its_ground_ticked(web: Web) -> None:
    petition = file_signed(web.office, PetitionKind.KN)
    clerk = web.console("clerk")
    path = f"/console/petitions/{petition.reference}/actions"
    assert 'name="decision_known_on"' in clerk.get(f"{path}/accept").text
    refused = clerk.send(f"{path}/accept", version="1", decision_known_on="2026-01-05")
    assert refused.status_code == 409
    assert "Đã hết thời hiệu khiếu nại" in unescape(refused.text)
    link = f"{path}/reject?ground=KN-11-6"
    assert link in refused.text
    assert re.search(r'value="KN-11-6"[^>]* checked', clerk.get(link).text)
    done = clerk.send(
        f"{path}/accept", version="1", decision_known_on="2026-01-05", obstacle="KN-9-disaster"
    )
    assert done.status_code == 303
    assert "Thiên tai" in clerk.get(f"/console/petitions/{petition.reference}").text


def test_a_group_s_form_asks_for_the_appointment_and_keeps_what_was_ticked(web: Web) -> None:
    petition = file_signed(web.office, PetitionKind.KN, people=6)
    clerk = web.console("clerk")
    path = f"/console/petitions/{petition.reference}/actions/accept"
    refused = clerk.send(path, version="1", appointment="yes")
    assert refused.status_code == 409
    assert "số người đại diện" in unescape(refused.text)
    assert re.search(r'name="appointment"[^>]* checked', refused.text)
    done = clerk.send(path, version="1", appointment="yes", all_signed="yes", representatives="2")
    assert done.status_code == 303


def test_a_step_is_offered_only_while_it_is_owed(web: Web) -> None:
    petition = accepted(web.office, PetitionKind.TC, agency=INSPECTORATE)
    api, console = web.api("inspector"), web.console("inspector")
    path = f"/console/petitions/{petition.reference}"
    shown = api.get(f"/api/v1/petitions/{petition.reference}").json()
    assert [row["event"] for row in shown["steps_owed"]] == ["acceptance_notified"]
    assert "record-step" in shown["allowed_actions"]
    assert 'value="acceptance_notified"' in console.get(f"{path}/actions/record-step").text
    sent = console.send(
        f"{path}/actions/record-step", version=str(petition.version), event="acceptance_notified"
    )
    assert sent.status_code == 303
    assert "thông báo việc thụ lý" in console.get(path).text
    # What may come about at any time stays on offer; what has been done does not.
    assert 'value="acceptance_notified"' not in console.get(f"{path}/actions/record-step").text
    shown = api.get(f"/api/v1/petitions/{petition.reference}").json()
    assert shown["steps_owed"] == []
