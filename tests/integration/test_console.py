"""The console in a browser's words: pages, forms without scripts, refusals that lose nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from intake import actions
from intake.attachments import add_attachment, check_file, write_file
from intake.notices import write_notice
from intake.petition import PetitionKind
from intake.status import Action, NoticeKind, PetitionStatus
from intake.store.petitions import get_petition
from intake.store.tables import attachments, notices, officers
from intake.unattended import unattended
from tests.factories import accepted, file, file_signed
from tests.web import BUILDING, CENTRE, INSPECTORATE, PASSWORD, Web, opened_web


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(database_url, tmp_path) as opened:
        yield opened


def text_of(answer: Any) -> str:
    """What a reader sees, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def page_of(reference: str) -> str:
    return f"/console/petitions/{reference}"


def status_of(web: Web, reference: str) -> PetitionStatus:
    with web.office.store.read() as tx:
        return get_petition(tx, reference).status


def test_an_officer_signs_in_sees_the_queue_and_signs_out(web: Web) -> None:
    petition = file(web.office)
    nobody = web.client()
    sent_away = nobody.get("/console/petitions")
    assert sent_away.status_code == 303
    assert sent_away.headers["location"] == "/console/login?next=/console/petitions"

    signed_in = nobody.post(
        "/console/login",
        data={"username": "clerk", "password": PASSWORD, "next": "/console/petitions"},
    )
    assert signed_in.status_code == 303
    assert signed_in.headers["location"] == "/console/petitions"
    cookie = signed_in.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie

    session = {"Cookie": cookie.partition(";")[0]}
    queue = nobody.get("/console/petitions", session)
    assert petition.reference in queue.text
    assert "Bà con ấp tôi cần mở tuyến xe buýt" in text_of(queue)
    csrf = queue.text.partition('name="csrf" value="')[2].partition('"')[0]
    assert nobody.post("/console/logout", session, data={"csrf": csrf}).status_code == 303
    assert nobody.get("/console/petitions", session).status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/console/login",
        "/chat",
        "/console\\x",
        "/consolex",
    ],
)
def test_signing_in_leads_nowhere_but_into_the_console(web: Web, target: str) -> None:
    answer = web.client().post(
        "/console/login", data={"username": "clerk", "password": PASSWORD, "next": target}
    )
    assert answer.headers["location"] == "/console"


def test_a_wrong_password_says_so_and_keeps_the_name(web: Web) -> None:
    answer = web.client().post("/console/login", data={"username": "clerk", "password": "sai"})
    assert answer.status_code == 401
    assert "Tên đăng nhập hoặc mật khẩu không đúng" in text_of(answer)
    assert 'value="clerk"' in answer.text
    assert "sai" not in re.findall(r'value="([^"]*)"', answer.text)


@pytest.mark.parametrize(
    ("username", "home"),
    [
        ("desk", "/console/petitions"),
        ("clerk", "/console/petitions"),
        ("head", "/console/overview"),
        ("reporter", "/console/reports"),
        ("admin", "/console/officers"),
    ],
)
def test_each_role_starts_where_its_work_is(web: Web, username: str, home: str) -> None:
    assert web.console(username).get("/console").headers["location"] == home


def test_the_petition_page_shows_dates_with_their_derivation_and_only_allowed_buttons(
    web: Web,
) -> None:
    petition = file(web.office)
    shown = web.console("clerk").get(page_of(petition.reference))
    words = text_of(shown)
    assert "Trả lời kết quả tiếp nhận cho công dân" in words
    assert "Luật 42/2013/QH13 Điều 28" in words
    assert "không tính thứ Bảy, Chủ nhật" in words
    offered = set(re.findall(r"/actions/([a-z-]+)\"", shown.text))
    assert {"accept", "forward", "reject"} <= offered
    assert offered.isdisjoint({"reroute", "suspend", "close", "receive-signed"})


@pytest.mark.parametrize("action", list(Action))
def test_every_form_that_is_offered_opens(web: Web, action: Action) -> None:
    made = {
        Action.EXTEND: lambda: accepted(web.office, PetitionKind.KN),
        Action.SUSPEND: lambda: accepted(web.office, PetitionKind.KN),
        Action.ANSWER: lambda: accepted(web.office, PetitionKind.KN),
    }.get(action, lambda: file(web.office))()
    clerk = web.console("clerk")
    if action in (
        Action.RESUME,
        Action.CLOSE,
        Action.REOPEN,
        Action.RECORD_STEP,
        Action.TAKE_BACK_STEP,
    ):
        answered = {Action.RESUME: "suspend"}.get(action, "answer")
        made = accepted(web.office, PetitionKind.KN)
        with web.office.store.write() as tx:
            from intake.accounts import get_officer

            officer = get_officer(tx, "clerk")
            if answered == "suspend":
                actions.suspend(
                    web.office,
                    tx,
                    officer,
                    made.reference,
                    now=web.now,
                    ground="KN-11a-waiting",
                    document_number="1",
                )
            else:
                given = actions.Answer("Đúng.", "1", "true")
                actions.answer(web.office, tx, officer, made.reference, given, now=web.now)
            if action is Action.TAKE_BACK_STEP:
                step = "decision_sent"
                actions.record_step(
                    web.office, tx, officer, made.reference, event=step, now=web.now
                )
    if action in (Action.REROUTE, Action.REOPEN):
        clerk = web.console("head")
    form = clerk.get(f"{page_of(made.reference)}/actions/{action}")
    assert form.status_code == 200
    assert f'action="{page_of(made.reference)}/actions/{action}"' in form.text
    assert 'name="csrf"' in form.text
    assert 'name="version"' in form.text


def test_a_step_recorded_by_mistake_is_taken_back_on_its_page(web: Web) -> None:
    petition = accepted(web.office, PetitionKind.KN)
    clerk, where = web.console("clerk"), page_of(petition.reference)
    assert "Gỡ việc ghi nhầm" not in text_of(clerk.get(where))
    recorded = clerk.send(
        f"{where}/actions/record-step",
        version=str(petition.version),
        event="documents_requested",
        document_number="12/YC",
    )
    assert recorded.status_code == 303

    form = clerk.get(f"{where}/actions/take-back-step")
    assert "văn bản số 12/YC" in text_of(form)
    step = re.search(r'name="step" value="(\d+)"', form.text)
    assert step
    sent = clerk.send(
        f"{where}/actions/take-back-step",
        version=str(petition.version + 1),
        step=step[1],
        mistake="wrong_petition",
    )

    assert sent.status_code == 303
    shown = text_of(clerk.get(where))
    assert "Gỡ việc ghi nhầm" in shown
    assert "lý do Ghi nhầm đơn khác" in re.sub(r"[:\s]+", " ", shown)
    again = clerk.send(
        f"{where}/actions/take-back-step",
        version=str(petition.version + 2),
        step=step[1],
        mistake="wrong_petition",
    )
    assert again.status_code == 422


def test_a_form_sent_without_any_script_takes_the_action(web: Web) -> None:
    petition = file(web.office)
    clerk = web.console("clerk")
    sent = clerk.send(
        f"{page_of(petition.reference)}/actions/request-information",
        version="1",
        message="Tuyến nào, giờ nào?",
    )
    assert sent.status_code == 303
    assert sent.headers["location"] == f"{page_of(petition.reference)}?done=request-information"
    assert "Đã ghi: Yêu cầu bổ sung" in text_of(clerk.get(sent.headers["location"]))
    assert status_of(web, petition.reference) is PetitionStatus.AWAITING_INFORMATION


def test_a_conflict_keeps_what_was_typed_and_shows_what_changed(web: Web) -> None:
    petition = file(web.office)
    clerk = web.console("clerk")
    web.api("colleague").act(petition.reference, "assign", 1, to="colleague")
    sent = clerk.send(
        f"{page_of(petition.reference)}/actions/answer",
        version="1",
        text="Câu trả lời dài đã gõ xong.",
        confirm="yes",
    )
    assert sent.status_code == 412
    assert "Câu trả lời dài đã gõ xong." in sent.text
    assert "Phân công xử lý" in text_of(sent)
    assert 'name="version" value="2"' in sent.text
    again = clerk.send(
        f"{page_of(petition.reference)}/actions/answer",
        version="2",
        text="Câu trả lời dài đã gõ xong.",
        confirm="yes",
    )
    assert again.status_code == 303


def test_when_the_action_is_gone_what_was_typed_is_still_shown(web: Web) -> None:
    petition = file(web.office)
    web.api("colleague").act(petition.reference, "answer", 1, text="Đã trả lời trước.")
    sent = web.console("clerk").send(
        f"{page_of(petition.reference)}/actions/request-information",
        version="1",
        message="Câu hỏi đã gõ.",
    )
    assert sent.status_code == 409
    assert "Câu hỏi đã gõ." in sent.text
    assert "<textarea" not in sent.text


def test_what_cannot_be_taken_back_needs_a_tick(web: Web) -> None:
    petition = file(web.office)
    clerk = web.console("clerk")
    path = f"{page_of(petition.reference)}/actions/reject"
    refused = clerk.send(path, version="1", ground="KNPA-UNCLEAR", explanation="Chưa rõ chỗ nào.")
    assert refused.status_code == 422
    assert "Ô xác nhận: chưa nhập" in text_of(refused)
    assert "Chưa rõ chỗ nào." in refused.text
    assert status_of(web, petition.reference) is PetitionStatus.RECEIVED
    assert clerk.send(path, version="1", ground="KNPA-UNCLEAR", confirm="yes").status_code == 303


def test_a_refusal_by_law_is_explained_and_offers_what_is_allowed(web: Web) -> None:
    petition = file_signed(web.office, PetitionKind.KN)
    sent = web.console("clerk").send(
        f"{page_of(petition.reference)}/actions/forward",
        version="1",
        agency="vlg-so-y-te",
        reason="Không thuộc thẩm quyền.",
        confirm="yes",
    )
    assert sent.status_code == 409
    assert "hướng dẫn người khiếu nại gửi đúng nơi" in text_of(sent)
    assert f"{page_of(petition.reference)}/actions/guide" in sent.text


def test_the_agency_picker_works_without_script_and_keeps_the_reason(web: Web) -> None:
    petition = file(web.office)
    searched = web.console("clerk").send(
        f"{page_of(petition.reference)}/actions/forward",
        version="1",
        search="1",
        agency_q="so tai nguyen moi truong ben tre",
        reason="Lý do đang gõ dở",
    )
    assert searched.status_code == 200
    assert 'value="vlg-so-nong-nghiep-moi-truong"' in searched.text
    assert "Lý do đang gõ dở" in searched.text
    assert status_of(web, petition.reference) is PetitionStatus.RECEIVED


def test_after_forwarding_away_the_officer_is_back_at_the_queue(web: Web) -> None:
    petition = file(web.office)
    clerk = web.console("clerk")
    sent = clerk.send(
        f"{page_of(petition.reference)}/actions/forward",
        version="1",
        agency="vlg-so-y-te",
        reason="Đúng thẩm quyền hơn.",
        confirm="yes",
    )
    assert sent.headers["location"] == "/console/petitions?done=forward"
    assert clerk.get(page_of(petition.reference)).status_code == 404


def test_opening_an_identity_is_recorded_before_it_is_shown(web: Web) -> None:
    petition = file(web.office)
    clerk = web.console("clerk")
    page = clerk.get(page_of(petition.reference))
    assert "Lê Thị Thử Nghiệm" not in page.text
    opened = clerk.send(f"{page_of(petition.reference)}/identity", reason="contact_petitioner")
    assert "Lê Thị Thử Nghiệm" in opened.text
    assert "Xem thông tin người gửi" in text_of(opened)
    assert clerk.send(f"{page_of(petition.reference)}/identity", reason="").status_code == 422


def test_tabs_count_what_their_lists_hold(web: Web) -> None:
    file(web.office, now=web.now - timedelta(days=60))
    file(web.office)
    accepted(web.office)
    queue = web.console("clerk").get("/console/petitions")
    counts = dict(re.findall(r"tab=(\w+)[^>]*>[^<]+<b>(\d+)</b>", queue.text))
    assert counts == {
        "due": "3",
        "overdue": "1",
        "mine": "0",
        "unassigned": "2",
        "waiting": "0",
        "not_told": "0",
        "all": "3",
    }
    for tab, count in counts.items():
        listed = web.console("clerk").get("/console/petitions", tab=tab)
        assert listed.text.count('class="what"') == int(count)


def test_an_empty_queue_says_what_it_means(web: Web) -> None:
    assert "Không có đơn quá hạn" in text_of(
        web.console("clerk").get("/console/petitions", tab="overdue")
    )
    assert "Không có đơn nào khớp với bộ lọc" in text_of(
        web.console("clerk").get("/console/petitions", q="không có gì")
    )


def test_likely_duplicates_are_shown_to_who_may_see_them(web: Web) -> None:
    first, second = file(web.office), file(web.office)
    page = web.console("clerk").get(page_of(second.reference))
    assert first.reference in page.text
    assert "giống 100 %" in text_of(page)


def test_who_was_not_told_is_shown_with_the_reason_and_tried_again(web: Web) -> None:
    petition = file(web.office)
    with web.office.store.write() as tx:
        write_notice(
            tx, web.office.sealer, petition, NoticeKind.CLOSED,
            {"reference": petition.reference}, now=web.now,
        )  # fmt: skip
        tx.execute(update(notices).values(state="held", last_error="WindowClosed"))
    clerk, path = web.console("clerk"), page_of(petition.reference)

    page = text_of(clerk.get(path))
    assert "chưa báo được cho người dân" in page
    assert "đã lâu người dân không nhắn" in page
    assert petition.reference in clerk.get("/console/petitions", tab="not_told").text
    number = re.search(r"/notices/(\d+)/retry", clerk.get(path).text)
    assert number is not None
    assert clerk.send(f"{path}/notices/{number[1]}/retry").status_code == 303

    assert "Cho gửi lại thông báo" in text_of(clerk.get(path))
    assert petition.reference not in clerk.get("/console/petitions", tab="not_told").text
    assert clerk.send(f"{path}/notices/{number[1]}/retry").status_code == 422


def test_a_recording_is_marked_to_be_heard_until_it_was_taken(web: Web) -> None:
    checked = check_file(b"OggS\x00\x02" + b"\x00" * 64, "tin-thoai.ogg")
    digest = write_file(web.office, checked)
    with web.office.store.write() as tx:
        uid = add_attachment(web.office, tx, checked, digest, conversation_id=None, now=web.now)
    petition = file(web.office, attachments=(uid,))
    clerk, path = web.console("clerk"), page_of(petition.reference)

    assert "cần nghe" in text_of(clerk.get(path))
    clerk.get(f"{path}/attachments/{uid}")

    assert "cần nghe" not in text_of(clerk.get(path))


@pytest.mark.parametrize(
    ("scan", "clamd", "shown", "given"),
    [
        ("waiting", "", "chưa quét mã độc", 200),
        ("waiting", "tcp://127.0.0.1:1", "chờ quét mã độc", 422),
        ("clean", "tcp://127.0.0.1:1", "đã quét, không thấy mã độc", 200),
        ("infected", "", "có mã độc, đã cách ly (Eicar)", 422),
    ],
)
def test_what_the_antivirus_program_said_decides_what_is_given_out(
    web: Web, monkeypatch: pytest.MonkeyPatch, scan: str, clamd: str, shown: str, given: int
) -> None:
    checked = check_file(b"%PDF-1.4\n%%EOF\n", "đơn.pdf")
    digest = write_file(web.office, checked)
    with web.office.store.write() as tx:
        uid = add_attachment(web.office, tx, checked, digest, conversation_id=None, now=web.now)
        finding = "Eicar" if scan == "infected" else ""
        tx.execute(update(attachments).values(scan=scan, scan_finding=finding))
    petition = file(web.office, attachments=(uid,))
    monkeypatch.setattr(web.office.settings, "clamd_url", clamd)
    clerk, path = web.console("clerk"), page_of(petition.reference)

    assert shown in text_of(clerk.get(path))
    assert clerk.get(f"{path}/attachments/{uid}").status_code == given


def test_a_file_is_only_ever_downloaded(web: Web) -> None:
    checked = check_file(b"%PDF-1.4\n%%EOF\n", 'đơn "ký"\r\n.pdf')
    digest = write_file(web.office, checked)
    with web.office.store.write() as tx:
        uid = add_attachment(web.office, tx, checked, digest, conversation_id=None, now=web.now)
    petition = file(web.office, attachments=(uid,))
    clerk = web.console("clerk")
    got = clerk.get(f"{page_of(petition.reference)}/attachments/{uid}")
    assert got.content == checked.content
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert "sandbox" in got.headers["content-security-policy"]
    other = file(web.office)
    assert clerk.get(f"{page_of(other.reference)}/attachments/{uid}").status_code == 404


def test_a_letter_is_filled_in_and_counts_as_a_reading_of_the_identity(web: Web) -> None:
    petition = file_signed(web.office, PetitionKind.KN)
    clerk = web.console("clerk")
    path = f"{page_of(petition.reference)}/letters/phieu-de-xuat-thu-ly"
    assert path in clerk.get(page_of(petition.reference)).text
    assert clerk.get(path).status_code == 200
    empty = clerk.send(path, number="12", summary=" ")
    assert empty.status_code == 422
    assert "Tóm tắt nội dung: chưa nhập" in text_of(empty)
    assert 'value="12"' in empty.text
    written = clerk.send(path, number="12", summary="Khiếu nại việc thu hồi giấy phép.")
    assert written.content[:2] == b"PK"
    assert written.headers["content-disposition"].endswith("phieu-de-xuat-thu-ly.docx")
    assert "Soạn văn bản gửi người gửi" in text_of(clerk.get(page_of(petition.reference)))
    assert clerk.get(f"{page_of(petition.reference)}/letters/unheard-of").status_code == 404


def test_what_a_citizen_wrote_is_text_and_never_markup(web: Web) -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }} ' OR 1=1 -- \" onload="
    petition = file(web.office, text=hostile)
    clerk = web.console("clerk")
    for path in (
        "/console/petitions",
        page_of(petition.reference),
        f"{page_of(petition.reference)}/actions/accept",
    ):
        page = clerk.get(path)
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text
        assert "{{ 7*7 }}" in page.text


def test_the_head_sees_who_has_what(web: Web) -> None:
    file(web.office, now=web.now - timedelta(days=60))
    accepted(web.office)
    words = text_of(web.console("head").get("/console/overview"))
    assert "1 Quá hạn" in words
    assert "Chưa phân công" in words


def test_the_administrator_hears_of_petitions_that_nobody_may_take_up(web: Web) -> None:
    admin = web.console("admin")
    assert "chưa ai nhận được" not in text_of(admin.get("/console/officers"))
    file(web.office)
    file(web.office, agency="vlg-so-y-te")
    file(web.office, PetitionKind.TC, agency=BUILDING)
    file(web.office, PetitionKind.MIXED, agency=BUILDING)
    file(web.office, PetitionKind.TC, agency=INSPECTORATE)

    told = text_of(admin.get("/console/officers"))

    assert "Sở Xây dựng : 2 đơn tố cáo hoặc có thể có nội dung tố cáo" in told
    assert "Sở Y tế : 1 đơn, cơ quan chưa có cán bộ nào" in told
    assert "Thanh tra tỉnh :" not in told
    with web.office.store.read() as tx:
        assert [row.agency for row in unattended(tx)] == [BUILDING, "vlg-so-y-te"]
    admin.send(
        "/console/officers",
        username="duoc.giao",
        display_name="Người Được Giao",
        role="agency_clerk",
        agency=BUILDING,
        handles_denunciations="yes",
    )
    assert "Sở Xây dựng :" not in text_of(admin.get("/console/officers"))


def test_a_closed_account_takes_nothing_up(web: Web) -> None:
    with web.office.store.write() as tx:
        tx.execute(update(officers).where(officers.c.username == "desk").values(active=False))
    file(web.office, agency=CENTRE)

    told = text_of(web.console("admin").get("/console/officers"))
    assert re.search(r"Tiếp công dân [^:]*: 1 đơn, cơ quan chưa có cán bộ nào", told)


def test_an_administrator_opens_changes_and_closes_an_account(web: Web) -> None:
    admin = web.console("admin")
    made = admin.send(
        "/console/officers",
        username="moi",
        display_name="Người Mới",
        role="agency_clerk",
        agency=INSPECTORATE,
    )
    password = made.text.partition('id="password">')[2].partition("<")[0]
    assert len(password) >= 12
    signed_in = web.client().post("/console/login", data={"username": "moi", "password": password})
    assert signed_in.status_code == 303
    taken = admin.send(
        "/console/officers", username="moi", display_name="Khác", role="agency_clerk", agency=CENTRE
    )
    assert taken.status_code == 422
    assert "Tên đăng nhập: đã có người dùng" in text_of(taken)
    closed = admin.send(
        "/console/officers/moi", display_name="Người Mới", role="agency_clerk", agency=INSPECTORATE
    )
    assert closed.status_code == 303
    session = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    assert web.client().get("/console/petitions", session).status_code == 303


def test_nobody_changes_the_own_account(web: Web) -> None:
    refused = web.console("admin").send(
        "/console/officers/admin", display_name="X", role="head", agency=CENTRE, active="yes"
    )
    assert refused.status_code == 422
    assert "không thể chọn chính mình" in text_of(refused)


def test_a_machine_key_is_shown_once_and_can_be_taken_back(web: Web) -> None:
    admin = web.console("admin")
    made = admin.send("/console/officers/clerk/keys", label="máy chủ một cửa")
    key = re.search(r"tdk_[\w-]+", made.text)
    assert key is not None
    headers = {"X-API-Key": key[0]}
    assert web.client().get("/api/v1/me", headers).json()["username"] == "clerk"
    page = admin.get("/console/officers/clerk")
    assert key[0] not in page.text
    hashed = page.text.partition('name="token_hash" value="')[2].partition('"')[0]
    admin.send("/console/officers/clerk/keys/remove", token_hash=hashed)
    assert web.client().get("/api/v1/me", headers).status_code == 401


def test_an_officer_changes_the_own_password(web: Web) -> None:
    clerk = web.console("someone")
    short = clerk.send("/console/account", current_password=PASSWORD, password="ngắn")
    assert "Mật khẩu: quá ngắn" in text_of(short)
    wrong = clerk.send("/console/account", current_password="sai", password="một câu khác hẳn")
    assert wrong.status_code == 401
    done = clerk.send("/console/account", current_password=PASSWORD, password="một câu khác hẳn")
    assert done.status_code == 303
    assert clerk.get("/console/account").status_code == 303


def test_a_calendar_decision_moves_open_dates_and_lists_them(web: Web) -> None:
    petition = file(web.office)
    ended = file(web.office)
    web.api("clerk").act(ended.reference, "answer", 1, text="Xong.")
    admin = web.console("admin")
    decided = admin.send(
        "/console/calendar",
        day="2026-11-05",
        working="no",
        reason="Bão số 9",
        decision="QĐ 12/QĐ-UBND",
    )
    words = text_of(decided)
    assert f"{petition.reference} : 17/11/2026 → 18/11/2026" in words
    assert ended.reference not in words
    shown = web.api("clerk").get(f"/api/v1/petitions/{petition.reference}").json()
    assert shown["next_due"] == "2026-11-18"
    assert "QĐ 12/QĐ-UBND" in text_of(admin.get("/console/calendar", year=2026))
    back = admin.send("/console/calendar/remove", day="2026-11-05")
    assert "18/11/2026 → 17/11/2026" in text_of(back)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"day": "2026-11-07", "working": "no", "reason": "x", "decision": "y"},
            "Ngày: không có gì thay đổi",
        ),
        (
            {"day": "mai", "working": "no", "reason": "x", "decision": "y"},
            "Ngày: không đúng quy cách",
        ),
        (
            {"day": "2026-11-05", "working": "no", "reason": "x", "decision": " "},
            "Số quyết định: chưa nhập",
        ),
        (
            {"day": "2031-11-05", "working": "no", "reason": "x", "decision": "y"},
            "Chưa có lịch làm việc của năm",
        ),
    ],
)
def test_a_calendar_decision_that_makes_no_sense_is_refused(
    web: Web, fields: dict[str, str], words: str
) -> None:
    refused = web.console("admin").send("/console/calendar", **fields)
    assert refused.status_code in (409, 422)
    assert words in text_of(refused)


def test_an_expired_login_changes_nothing_and_says_so(web: Web) -> None:
    petition = file(web.office)
    clerk = web.console("clerk")
    web.now += timedelta(hours=9)
    sent = clerk.send(f"{page_of(petition.reference)}/actions/accept", version="1")
    assert sent.status_code == 401
    assert "phiên làm việc đã hết hạn" in text_of(sent)
    assert "Chưa có gì bị thay đổi" in text_of(sent)
    assert status_of(web, petition.reference) is PetitionStatus.RECEIVED
    part = clerk.get("/console/petitions", {"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == "/console/login"
