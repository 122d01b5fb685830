"""The office's documents: handed in, given with a notice, refused with a reason; nothing half."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from admin import wording
from admin.action_forms import FORMS, Telling
from admin.letters.letters import letters
from intake.accounts import get_officer
from intake.actions import carries_documents
from intake.documents import (
    LARGEST,
    Delivery,
    check_document,
    given_documents,
    hand_in,
    kept_documents,
    read_document,
)
from intake.errors import InvalidInput, TooMany
from intake.petition import Petition, PetitionKind
from intake.schedule import run_due_jobs
from intake.status import Action
from intake.store.petitions import get_petition
from intake.store.tables import documents, notices, timeline
from intake.timeline import entries_of
from tests.factories import file, file_signed
from tests.fakes.clamd import EICAR, FakeClamd
from tests.papers import PDF, old_word, picture, send_with, word
from tests.web import INSPECTORATE, Web, opened_web


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(database_url, tmp_path) as opened:
        yield opened


def text_of(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def page_of(petition: Petition) -> str:
    return f"/console/petitions/{petition.reference}"


def send(web: Web, petition: Petition, *files: tuple[str, bytes], **fields: Any) -> Any:
    """Send the form that asks the citizen for more, as a browser without script does."""
    clerk = web.console("clerk")
    given = {
        "csrf": clerk.csrf,
        "version": str(petition.version),
        "message": "Xin cho biết thêm",
        **fields,
    }
    parts = {f"document_{n}": (name, content) for n, (name, content) in enumerate(files, start=1)}
    return clerk.post(f"{page_of(petition)}/actions/request-information", data=given, files=parts)


def count(web: Web, table: Any, *conditions: Any) -> int:
    with web.office.store.read() as tx:
        query = select(func.count()).select_from(table).where(*conditions)
        return int(tx.execute(query).scalar_one())


def given(web: Web, petition: Petition) -> Any:
    with web.office.store.read() as tx:
        return given_documents(web.office, tx, petition.id)


@pytest.mark.parametrize("action", list(Action))
def test_exactly_the_actions_that_tell_the_citizen_something_take_documents(
    action: Action,
) -> None:
    assert issubclass(FORMS[action].form, Telling) is carries_documents(action)


def test_an_officer_sends_an_answer_with_its_decision_in_one_step(web: Web) -> None:
    petition = file(web.office)
    answer = send(web, petition, ("Giấy mời.pdf", PDF), ("sơ đồ.png", picture(kind="PNG")))

    assert answer.status_code == 303
    first, second = given(web, petition)
    assert [first.name, second.name] == ["Giấy mời.pdf", "sơ đồ.png"]
    assert [first.position, second.position] == [1, 2]
    assert read_document(web.office, first) == PDF
    with web.office.store.read() as tx:
        entry = entries_of(tx, petition.id)[-1]
        (notice,) = tx.execute(
            select(notices).where(notices.c.kind == "information_requested")
        ).all()
    assert {first.notice_id, second.notice_id} == {notice.id}
    assert entry.event == "documents_sent"
    assert entry.values == {"documents": [first.uid, second.uid], "notice": notice.number}
    shown = text_of(web.console("clerk").get(page_of(petition)))
    assert "văn bản Giấy mời.pdf; sơ đồ.png" in shown.replace(" :", "").replace(":", "")


def test_what_was_sent_lies_sealed_and_its_name_stands_nowhere_in_the_clear(
    web: Web, tmp_path: Path
) -> None:
    petition = file(web.office)
    send(web, petition, ("Tra loi ba Le Thi Kin.pdf", PDF))

    stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert all(b"%PDF-1.4" not in content for content in stored)
    with web.office.store.read() as tx:
        told = [str(row) for row in tx.execute(select(timeline)).all()]
    assert all("Kin" not in row for row in told)


def test_an_officer_takes_back_what_was_sent_as_a_download(web: Web) -> None:
    petition = file(web.office)
    send(web, petition, ("Giấy mời.pdf", PDF))
    (document,) = given(web, petition)

    answer = web.console("clerk").get(f"{page_of(petition)}/documents/{document.uid}")
    assert answer.content == PDF
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["content-security-policy"]
    stranger = web.console("inspector")
    assert stranger.get(f"{page_of(petition)}/documents/{document.uid}").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("quyet-dinh.pdf", b"MZ\x90\x00" + bytes(200), "chỉ nhận PDF, Word"),
        ("quyet-dinh.pdf", b"<html><script>1</script></html>", "chỉ nhận PDF, Word"),
        ("to-trinh.docx", word(macros=True), "không có macro"),
        ("to-trinh.doc", old_word(macros=True), "không có macro"),
        ("quyet-dinh.pdf", PDF + bytes(4 * LARGEST), "lớn hơn 5 MB"),
        ("anh.jpg", b"\xff\xd8\xff\xe0" + bytes(100), "tệp hỏng"),
        ("rong.pdf", b"", "chưa nhập"),
    ],
)
def test_a_file_that_may_not_go_out_is_refused_with_its_reason_and_what_was_typed_stays(
    web: Web, name: str, content: bytes, says: str
) -> None:
    petition = file(web.office)
    answer = send(web, petition, ("tốt.pdf", PDF), (name, content), message="Câu đã gõ")

    assert answer.status_code == 422
    assert f"Tệp thứ hai: {says}" in text_of(answer) or says in text_of(answer)
    assert "Câu đã gõ" in answer.text
    assert count(web, notices, notices.c.kind == "information_requested") == 0
    assert count(web, documents, documents.c.notice_id.is_not(None)) == 0
    assert "tốt.pdf" in answer.text  # the good one need not be chosen again


def test_a_fourth_document_is_one_too_many(web: Web) -> None:
    petition = file(web.office)
    files = [(f"tệp {n}.pdf", PDF + bytes([n])) for n in range(3)]
    refused = send(web, petition, *files, message="")
    kept = re.findall(r'name="documents" value="(\w+)" checked', refused.text)
    assert len(kept) == 3

    answer = send(web, petition, ("tệp 4.pdf", PDF), documents=kept)
    assert answer.status_code == 422
    assert "Tài liệu kèm theo: nhiều nhất 3 tệp" in text_of(answer)
    assert send(web, petition, documents=kept).status_code == 303
    assert len(given(web, petition)) == 3


def test_somebody_elses_change_leaves_nothing_behind_and_the_files_wait_for_a_second_try(
    web: Web,
) -> None:
    petition = file(web.office)
    before = count(web, timeline)
    stale = send(web, petition, ("Giấy mời.pdf", PDF), version="7")

    assert stale.status_code == 412
    assert count(web, timeline) == before
    assert given(web, petition) == []
    (uid,) = re.findall(r'name="documents" value="(\w+)" checked', stale.text)
    assert send(web, petition, documents=uid).status_code == 303
    assert [document.uid for document in given(web, petition)] == [uid]


def test_the_same_form_sent_twice_sends_its_documents_once(web: Web) -> None:
    petition = file(web.office)
    assert send(web, petition, ("Giấy mời.pdf", PDF)).status_code == 303
    assert send(web, petition, ("Giấy mời.pdf", PDF)).status_code == 412

    assert len(given(web, petition)) == 1
    assert count(web, notices, notices.c.kind == "information_requested") == 1
    assert count(web, timeline, timeline.c.event == "documents_sent") == 1


def test_a_form_with_files_and_without_its_token_is_turned_away_unread(web: Web) -> None:
    petition = file(web.office)
    for token in ("", "x" * 43):
        answer = send(web, petition, ("Giấy mời.pdf", PDF), csrf=token)
        assert answer.status_code == 403
    clerk = web.console("clerk")
    late = [
        ("version", (None, "1")),
        ("message", (None, "x" * 2_000)),
        ("csrf", (None, clerk.csrf)),
        ("document_1", ("a.pdf", PDF)),
    ]
    path = f"{page_of(petition)}/actions/request-information"
    assert clerk.post(path, files=late).status_code == 403
    assert count(web, documents) == 0


def test_nobody_gives_what_a_colleague_has_kept(web: Web) -> None:
    petition = file(web.office)
    with web.office.store.read() as tx:
        colleague = get_officer(tx, "colleague")
    kept = hand_in(web.office, colleague, petition.reference, PDF, "a.pdf", now=web.now)

    assert "a.pdf" not in web.console("clerk").get(page_of(petition)).text
    assert send(web, petition, documents=kept.uid).status_code == 422
    path = f"{page_of(petition)}/documents/{kept.uid}"
    assert web.console("clerk").get(path).status_code == 404
    assert web.console("colleague").get(path).content == PDF


def test_what_is_never_given_goes_after_a_day_and_what_others_need_stays(web: Web) -> None:
    petition, office = file(web.office), web.office
    with office.store.read() as tx:
        clerk, colleague = get_officer(tx, "clerk"), get_officer(tx, "colleague")
    shared = hand_in(office, clerk, petition.reference, PDF, "chung.pdf", now=web.now)
    lone = hand_in(office, clerk, petition.reference, PDF + b"1", "riêng.pdf", now=web.now)
    send_with(office, colleague, petition.reference, ("chung.pdf", PDF), now=web.now)

    run_due_jobs(office, now=web.now + timedelta(hours=23))
    with office.store.read() as tx:
        assert len(kept_documents(office, tx, clerk, petition.id)) == 2
    run_due_jobs(office, now=web.now + timedelta(days=2))
    with office.store.read() as tx:
        assert kept_documents(office, tx, clerk, petition.id) == []
    assert read_document(office, shared) == PDF
    with pytest.raises(InvalidInput):
        read_document(office, lone)


def test_an_officer_who_hands_in_without_end_is_stopped(web: Web) -> None:
    petition = file(web.office)
    with web.office.store.read() as tx:
        clerk = get_officer(tx, "clerk")

    def one(number: int) -> None:
        hand_in(web.office, clerk, petition.reference, PDF + b"%d" % number, "a.pdf", now=web.now)

    for number in range(60):
        one(number)
    with pytest.raises(TooMany):
        one(60)


def test_an_action_that_tells_nothing_this_time_takes_no_documents(web: Web) -> None:
    petition, clerk = file(web.office), web.console("clerk")
    answer = clerk.post(
        f"{page_of(petition)}/actions/reclassify",
        data={
            "csrf": clerk.csrf, "version": "1", "kind": str(petition.kind), "other_competence": "1",
        },
        files={"document_1": ("a.pdf", PDF)},
    )  # fmt: skip

    assert answer.status_code == 422
    assert "không được gửi thông báo" in text_of(answer)
    with web.office.store.read() as tx:
        assert get_petition(tx, petition.reference).version == 1


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("C:\\hồ sơ\\QĐ 12.PDF", PDF, "QĐ 12.pdf"),
        ("../../etc/passwd", PDF, "passwd.pdf"),
        ("anh.pdf", picture(), "anh.jpg"),
        ("anh.JPEG", picture(), "anh.jpeg"),
        ("công văn.doc", old_word(), "công văn.doc"),
        ("công văn.doc", word(), "công văn.docx"),
        ("", PDF, "document.pdf"),
        ("x" * 300 + ".pdf", PDF, "x" * 100 + ".pdf"),
    ],
)
def test_a_name_is_no_path_and_ends_as_the_content_is(
    name: str, content: bytes, shown: str
) -> None:
    assert check_document(content, name).name == shown


def test_a_picture_goes_out_without_anything_but_pixels() -> None:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "TAKEN AT HOME"
    Image.new("RGB", (20, 20)).save(out, "JPEG", exif=exif)
    checked = check_document(out.getvalue(), "anh.jpg")

    assert b"TAKEN AT HOME" in out.getvalue()
    assert b"TAKEN AT HOME" not in checked.content
    assert checked.original == out.getvalue()


def test_an_infected_document_is_refused_and_not_stored(database_url: str, tmp_path: Path) -> None:
    with (
        FakeClamd() as clamd,
        opened_web(database_url, tmp_path, clamd_url=clamd.url) as web,
    ):
        petition = file(web.office)
        answer = send(web, petition, ("tốt.pdf", PDF), ("xấu.pdf", PDF + EICAR))
        assert "Tệp thứ hai: có mã độc nên không được lưu" in text_of(answer)
        assert count(web, documents) == 1
        assert clamd.seen == [len(PDF), len(PDF + EICAR)]


def test_without_an_answer_of_the_antivirus_program_nothing_is_taken(
    database_url: str, tmp_path: Path
) -> None:
    with FakeClamd() as clamd:
        gone = clamd.url
    with opened_web(database_url, tmp_path, clamd_url=gone) as web:
        petition = file(web.office)
        answer = send(web, petition, ("tốt.pdf", PDF))
        assert "chương trình quét mã độc chưa trả lời" in text_of(answer)
        assert count(web, documents) == 0


# ---- letters --------------------------------------------------------------------------------


def test_a_letter_of_the_product_goes_with_a_notice_without_being_downloaded(web: Web) -> None:
    petition, clerk = file(web.office), web.console("clerk")
    page = clerk.get(page_of(petition))
    code = re.findall(rf"{page_of(petition)}/letters/([\w-]+)", page.text)[0]
    kept = clerk.send(
        f"{page_of(petition)}/letters/{code}", summary="Mở tuyến xe buýt", keep="yes",
        agency=INSPECTORATE, documents="đơn", ground="",
    )  # fmt: skip
    assert kept.status_code == 303, text_of(kept)
    shown = clerk.get(page_of(petition))
    (uid,) = set(re.findall(r"document=(\w+)#documents", shown.text))

    form = clerk.get(f"{page_of(petition)}/actions/request-information?document={uid}")
    assert f'value="{uid}" checked' in form.text
    assert send(web, petition, documents=uid).status_code == 303
    (document,) = given(web, petition)
    assert document.name == f"{letters()[code].title} {petition.reference}.docx"


# ---- the API --------------------------------------------------------------------------------


def upload(web: Web, petition: Petition, name: str, content: bytes, by: str = "clerk") -> Any:
    path = f"/api/v1/petitions/{petition.reference}/documents"
    return web.api(by).post(path, files={"file": (name, content)})


def test_a_program_uploads_names_the_upload_and_repeats_both_safely(web: Web) -> None:
    petition, clerk = file(web.office), web.api("clerk")
    first, again = (upload(web, petition, "Giấy mời.pdf", PDF) for _ in range(2))
    assert first.status_code == 201
    assert first.json() == again.json()
    assert first.json() == {
        "uid": first.json()["uid"],
        "name": "Giấy mời.pdf",
        "media_type": "application/pdf",
        "size": len(PDF),
        "delivery": "waiting",
    }

    told = {"message": "Xin bổ sung", "documents": [first.json()["uid"]]}
    assert clerk.act(petition.reference, "request-information", 1, **told).status_code == 200
    assert clerk.act(petition.reference, "request-information", 1, **told).status_code == 412
    assert clerk.act(petition.reference, "request-information", 2, **told).status_code == 422
    rows = clerk.get(f"/api/v1/petitions/{petition.reference}/notices").json()
    assert [[each["name"] for each in row["documents"]] for row in rows if row["documents"]] == [
        ["Giấy mời.pdf"]
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"MZ", "document_not_taken"),
        (PDF + bytes(LARGEST), "document_too_large"),
        (b"", "empty"),
    ],
)
def test_a_program_learns_why_an_upload_is_refused(web: Web, content: bytes, reason: str) -> None:
    answer = upload(web, file(web.office), "a.pdf", content)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["reason"] == reason


def test_an_upload_far_too_large_is_not_read_to_its_end(web: Web) -> None:
    assert upload(web, file(web.office), "a.pdf", bytes(LARGEST + 400_000)).status_code == 413


def test_who_may_not_know_of_a_petition_uploads_nothing_to_it(web: Web) -> None:
    petition = file(web.office)
    assert upload(web, petition, "a.pdf", PDF, by="inspector").status_code == 404
    assert upload(web, petition, "a.pdf", PDF, by="reporter").status_code == 403
    assert count(web, documents) == 0


def test_the_interface_tells_programs_of_uploads_and_documents(web: Web) -> None:
    told = web.client().get("/openapi.json").json()
    path = told["paths"]["/api/v1/petitions/{reference}/documents"]["post"]
    assert "multipart/form-data" in path["requestBody"]["content"]
    forms = told["components"]["schemas"]
    assert forms["Answer"]["properties"]["documents"]["maxItems"] == 3
    assert "documents" not in forms["Assign"]["properties"]


# ---- denunciations and other channels -------------------------------------------------------


def test_the_form_tells_how_documents_will_reach_the_citizen(web: Web) -> None:
    denunciation = file_signed(web.office, PetitionKind.TC, agency=INSPECTORATE)
    form = web.console("inspector").get(f"{page_of(denunciation)}/actions/request-information")
    assert wording.DOCUMENT_WAYS["secret"] in text_of(form)

    paper = file(web.office)
    form = web.console("clerk").get(f"{page_of(paper)}/actions/request-information")
    assert wording.DOCUMENT_WAYS["elsewhere"] in text_of(form)


def test_who_has_no_channel_is_offered_the_document_on_the_page_by_code(web: Web) -> None:
    petition = file(web.office)
    send(web, petition, ("Giấy mời.pdf", PDF))
    assert [document.delivery for document in given(web, petition)] == [Delivery.BY_CODE]
