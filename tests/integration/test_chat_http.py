"""The web chat over HTTP: the contract's routes, the page without script, files, limits."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select
from starlette.testclient import TestClient

from admin.app import create_app
from bot.app import mount
from bot.bell import Bell
from bot.delivery import NoticeWriter
from bot.web_channel import COOKIE, WebChat
from intake import actions
from intake.attachments import attachments_of, read_attachment
from intake.conversations import Sender, find_conversation
from intake.office import Office
from intake.petition import Petition
from intake.store.petitions import content_of, petition_columns, petition_of
from intake.store.tables import attachments, messages, petitions
from tests.factories import NOW, build_office, officer
from tests.talking import STORY, to_summary

SESSION = "a-session-of-a-test"


@dataclass
class Chat:
    office: Office
    http: TestClient
    now: datetime = NOW

    def say(self, text: object, number: str | None = None, session: str = SESSION) -> Any:
        body = {"text": text, "client_message_id": number or f"n{self.now.timestamp()}"}
        self.now += timedelta(seconds=10)
        return self.http.post(f"/api/v1/chat/{session}/messages", json=body)

    def to_summary(self, story: str = STORY) -> None:
        to_summary(
            lambda text: [reply["topic"] for reply in self.say(text).json()["replies"]], story
        )

    def since(self, after: int = 0, session: str = SESSION) -> list[dict[str, Any]]:
        answer = self.http.get(f"/api/v1/chat/{session}/messages", params={"after": after})
        assert answer.status_code == 200
        return list(answer.json()["messages"])

    def newest(self) -> Petition:
        with self.office.store.read() as tx:
            query = select(*petition_columns()).order_by(petitions.c.id.desc()).limit(1)
            return petition_of(tx.execute(query).mappings().one())

    def count(self, table: Any) -> int:
        with self.office.store.read() as tx:
            return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def chat(database_url: str, tmp_path: Path) -> Iterator[Chat]:
    office = build_office(database_url, tmp_path)
    app = create_app(office, clock=lambda: chat.now, mounts=(mount,), work=False)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as http:
        chat = Chat(office, http)
        yield chat
    office.store.close()


def test_a_message_is_answered_with_replies_and_choices(chat: Chat) -> None:
    answer = chat.say("menu")

    assert answer.status_code == 200
    (reply,) = answer.json()["replies"]
    assert "tra cứu" in reply["text"]
    assert reply["choices"] == ["Gửi đơn mới", "Tra cứu đơn", "Gặp cán bộ"]


def test_a_repeated_number_repeats_the_answer_and_does_nothing_else(chat: Chat) -> None:
    chat.to_summary()
    first = chat.say("gửi", number="confirm").json()
    rows = chat.count(messages)

    again = chat.say("gửi", number="confirm").json()

    assert again == first
    assert chat.count(messages) == rows
    assert chat.count(petitions) == 1


def test_messages_since_are_in_order_and_of_both_sides(chat: Chat) -> None:
    chat.say("xin chào")
    chat.say("menu")

    found = chat.since()

    assert [message["direction"] for message in found] == ["in", "out", "in", "out"]
    assert [m["id"] for m in chat.since(found[1]["id"])] == [m["id"] for m in found[2:]]


def test_an_unknown_session_is_an_empty_one(chat: Chat) -> None:
    assert chat.since(session="nobody-ever-was-here") == []


@pytest.mark.parametrize("session", ["short", "x" * 15, "x" * 200, "a b c d e f g h i j", "ă" * 20])
def test_a_malformed_session_is_refused(chat: Chat, session: str) -> None:
    assert chat.say("xin chào", session=session).status_code == 422
    assert chat.http.get(f"/api/v1/chat/{session}/messages").status_code == 422


def test_the_server_mints_sessions_nobody_guesses(chat: Chat) -> None:
    minted = {chat.http.post("/api/v1/chat").json()["session"] for _ in range(20)}

    assert len(minted) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", session) for session in minted)
    assert chat.say("xin chào", session=minted.pop()).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"text"', b'{"text": 7}', b'{"text": null}', b"\xff\xfe\x00",
        b'{"no": "text"}', b'{"text": "a", "client_message_id": 7}',
        b'{"text": "a", "client_message_id": "has a blank"}',
        b'{"text": "a", "client_message_id": "\\ud800"}', b"[" * 100_000,
    ],
    ids=range(13),
)  # fmt: skip
def test_a_malformed_body_is_refused_and_nothing_is_stored(chat: Chat, body: bytes) -> None:
    answer = chat.http.post(f"/api/v1/chat/{SESSION}/messages", content=body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert chat.count(messages) == 0


def test_a_body_beyond_all_measure_is_too_large(chat: Chat) -> None:
    body = json.dumps({"text": "x" * 1_100_000}).encode()

    assert chat.http.post(f"/api/v1/chat/{SESSION}/messages", content=body).status_code == 413
    assert chat.count(messages) == 0


def test_a_long_message_is_answered_politely_and_kept_short(chat: Chat) -> None:
    answer = chat.say("đường hư " * 12_000)

    assert "dài quá" in answer.json()["replies"][0]["text"]
    assert len(chat.since()[0]["text"]) <= 2_000


def test_lone_surrogates_and_nul_are_stored_without_harm(chat: Chat) -> None:
    chat.to_summary()
    body = b'{"text": "sua noi dung: \\ud800 duong vao ap 5 xa long huu hu nang \\u0000 qua"}'
    answer = chat.http.post(f"/api/v1/chat/{SESSION}/messages", content=body)
    chat.say("gửi")

    assert answer.status_code == 200
    with chat.office.store.read() as tx:
        stored = content_of(tx, chat.office.sealer, chat.newest()).text
    assert stored == "duong vao ap 5 xa long huu hu nang qua"


def test_a_flooder_is_told_once_and_then_kept_out(chat: Chat) -> None:
    answers = []
    for number in range(24):
        body = {"text": "xin chào", "client_message_id": str(number)}
        answers.append(chat.http.post(f"/api/v1/chat/{SESSION}/messages", json=body))

    assert [answer.status_code for answer in answers] == [200] * 21 + [429] * 3
    assert "nhắn nhanh quá" in answers[20].json()["replies"][0]["text"]
    assert int(answers[21].headers["retry-after"]) > 0
    chat.now += timedelta(minutes=2)
    assert chat.say("xin chào").status_code == 200


def test_an_officers_notice_is_in_the_next_look(chat: Chat) -> None:
    chat.to_summary()
    last = chat.say("gửi").json()["replies"][-1]["id"]
    petition = chat.newest()
    with chat.office.store.write() as tx:
        by = officer(chat.office, agency=petition.agency)
        actions.accept(chat.office, tx, by, petition.reference, now=chat.now)

    (notice,) = chat.since(last)
    assert notice["notice"]
    assert petition.reference in notice["text"]
    assert chat.since(notice["id"]) == []


def test_a_stream_brings_notices_once_with_their_ids(chat: Chat) -> None:
    chat.to_summary()
    last = chat.say("gửi").json()["replies"][-1]["id"]
    petition = chat.newest()
    with chat.office.store.write() as tx:
        by = officer(chat.office, agency=petition.agency)
        actions.accept(chat.office, tx, by, petition.reference, now=chat.now)
    bell = Bell()
    routes = WebChat(chat.office, NoticeWriter(chat.office, clock=lambda: chat.now), bell)

    async def listen() -> list[str]:
        stream = routes._stream(SESSION, last, _Connected())  # type: ignore[arg-type]
        heard = [await anext(stream) for _ in range(2)]
        bell.close()
        return [*heard, *[part async for part in stream]]

    heard = asyncio.run(listen())

    assert heard[0] == "retry: 3000\n\n"
    assert heard[1].startswith("id: ")
    assert json.loads(heard[1].split("data: ")[1])["notice"] is True
    assert len(heard) == 2


class _Connected:
    async def is_disconnected(self) -> bool:
        return False


# ---- the page -------------------------------------------------------------------------------


def test_the_page_works_without_script(chat: Chat) -> None:
    page = chat.http.get("/chat")
    assert page.status_code == 200
    assert "Ông/bà cần phản ánh việc gì?" in page.text

    def say(text: str, field: str = "text") -> list[str]:
        number = re.search(r'name="client_message_id" value="([^"]+)"', chat.http.get("/chat").text)
        assert number is not None
        sent = chat.http.post("/chat", data={field: text, "client_message_id": number.group(1)})
        assert (sent.status_code, sent.headers["location"]) == (303, "/chat#end")
        return [m["topic"] for m in chat.since(session=chat.http.cookies[COOKIE]) if "topic" in m]

    to_summary(say)
    say("Gửi đơn", "choice")

    page = chat.http.get("/chat")
    assert chat.newest().reference in page.text
    assert "/chat/qr/" in page.text
    assert chat.count(petitions) == 1


def test_the_page_allows_no_foreign_or_inline_code(chat: Chat) -> None:
    chat.say(f"<script>alert(1)</script> {STORY}", session="x" * 32)
    chat.http.cookies.set(COOKIE, "x" * 32)
    page = chat.http.get("/chat")
    policy = page.headers["content-security-policy"]

    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "<script>alert" not in page.text
    assert not re.search(r"\son\w+=|style=|javascript:", page.text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text)
    assert page.headers["cache-control"] == "no-store"


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(chat: Chat) -> None:
    cookie = chat.http.get("/chat").headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_another_sites_form_is_refused(chat: Chat) -> None:
    chat.http.get("/chat")

    refused = chat.http.post("/chat", data={"text": "x"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert refused.status_code == 403
    assert chat.count(messages) == 0


def test_looking_never_changes_anything(chat: Chat) -> None:
    for path in ("/chat", "/chat?ma=VLG-2611-7K3QDM", "/chat/qr/VLG-2611-7K3QDM.svg"):
        assert chat.http.get(path).status_code == 200

    assert chat.count(messages) == 0


def test_the_qr_code_leads_to_the_page_and_holds_no_secret(chat: Chat) -> None:
    picture = chat.http.get("/chat/qr/VLG-2611-7K3QDM.svg")

    assert picture.headers["content-type"] == "image/svg+xml"
    assert "VLG-2611-7K3QDM" in chat.http.get("/chat?ma=vlg-2611-7k3qdm").text
    assert chat.http.get("/chat/qr/anything.svg").status_code == 404


def test_static_files_are_ours_only(chat: Chat) -> None:
    for address in re.findall(r'"(/static/chat/[^"]+)"', chat.http.get("/chat").text):
        assert chat.http.get(address).status_code == 200
    for path in ("../app.py", "%2e%2e/app.py", "nothing.css", "fonts"):
        assert chat.http.get(f"/static/chat/{path}").status_code == 404


# ---- files ----------------------------------------------------------------------------------


def photo(size: tuple[int, int] = (40, 30)) -> bytes:
    """A JPEG that says where and with what it was taken."""
    picture = Image.new("RGB", size, (200, 30, 30))
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    exif[0x8825] = {1: "N", 2: (9.0, 56.0, 1.0)}
    out = io.BytesIO()
    picture.save(out, format="JPEG", exif=exif)
    assert b"SECRET-CAMERA" in out.getvalue()
    return out.getvalue()


def send_file(chat: Chat, content: bytes, name: str = "anh.jpg", number: str = "f1") -> Any:
    answer = chat.http.post(
        f"/api/v1/chat/{SESSION}/attachments",
        files={"file": (name, content)},
        data={"client_message_id": number},
    )
    chat.now += timedelta(seconds=10)
    return answer


def test_a_photo_is_kept_without_what_it_says_about_place_and_device(chat: Chat) -> None:
    assert send_file(chat, photo()).status_code == 200
    chat.to_summary()
    chat.say("gửi")

    with chat.office.store.read() as tx:
        (stored,) = attachments_of(chat.office, tx, chat.newest().id)
    content = read_attachment(chat.office, stored)
    assert (stored.media_type, stored.name) == ("image/jpeg", "anh.jpg")
    assert b"SECRET-CAMERA" not in content
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (40, 30)
        assert not picture.getexif()


def test_a_repeated_upload_is_one_file(chat: Chat) -> None:
    first = send_file(chat, photo()).json()

    assert send_file(chat, photo()).json() == first
    assert chat.count(attachments) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.jpg", b""),
        ("page.jpg", b"<html><script>alert(1)</script></html>"),
        ("picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("program.jpg", b"MZ\x90\x00" + b"\x00" * 200),
        ("cut.jpg", photo()[:40]),
        ("archive.docx", b"PK\x03\x04" + b"\x00" * 60),
    ],
    ids=["empty", "page", "svg", "program", "cut", "archive"],
)
def test_what_is_no_photo_or_document_is_refused(chat: Chat, name: str, content: bytes) -> None:
    answer = send_file(chat, content, name)

    assert answer.status_code == 422
    assert chat.count(attachments) == 0
    assert chat.count(messages) == 0


def test_a_file_beyond_the_limit_is_too_large(chat: Chat) -> None:
    answer = send_file(chat, b"%PDF-1.7\n" + b"0" * (21 * 1024 * 1024), "a.pdf")

    assert answer.status_code == 413


def test_a_files_name_never_names_a_place_in_our_store(chat: Chat) -> None:
    send_file(chat, photo(), "../../etc/\u202epasswd.jpg")
    chat.to_summary()
    chat.say("gửi")

    with chat.office.store.read() as tx:
        (stored,) = attachments_of(chat.office, tx, chat.newest().id)
    assert stored.name == "passwd.jpg"


def test_a_denunciation_given_up_takes_its_files_along(chat: Chat) -> None:
    send_file(chat, photo())
    chat.say("Tôi tố cáo ông chủ tịch xã Long Hữu nhận hối lộ 50 triệu đồng khi làm sổ đỏ cho dân")
    folder = chat.office.settings.data_dir / "attachments"
    assert [path for path in folder.rglob("*") if path.is_file()]

    chat.say("thôi xóa giúp tôi")

    assert chat.count(attachments) == 0
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_in_the_pages_form_works_without_script(chat: Chat) -> None:
    chat.http.get("/chat")
    sent = chat.http.post("/chat", data={"text": STORY}, files={"file": ("a.jpg", photo())})
    refused = chat.http.post("/chat", data={"text": ""}, files={"file": ("a.jpg", b"no picture")})

    assert sent.headers["location"] == "/chat#end"
    assert refused.headers["location"] == "/chat?loi=file"
    assert "Tệp này không nhận được" in chat.http.get("/chat?loi=file").text
    assert chat.count(attachments) == 1


def test_the_receipt_holds_codes_and_the_way_back(chat: Chat) -> None:
    chat.to_summary()
    receipt = chat.say("gửi").json()["replies"][0]["receipt"]
    petition = chat.newest()

    assert receipt["reference"] == petition.reference
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}", receipt["secret"])
    assert receipt["secret"] not in receipt["qr"]
    with chat.office.store.read() as tx:
        found = find_conversation(tx, chat.office.sealer, Sender("web", "web", SESSION))
    assert found is not None
    assert petition.conversation_id == found.id
