"""The stand-ins are checked with clients that we did not write."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import telegram
import zalo_sdk
import zalo_sdk.oa
import zalo_sdk.zns
from zalo_bot import Bot
from zalo_sdk.oa.ZaloMessage import ZaloMessageBody, ZaloRecipient

from tests.fakes import telegram as tg
from tests.fakes import zalo_bot, zalo_oa
from tests.fakes.telegram import FakeTelegram
from tests.fakes.zalo_bot import FakeZaloBot
from tests.fakes.zalo_oa import FakeZaloOa
from tests.papers import picture

# Both libraries leave sockets to the garbage collector and use names their own tools deprecate.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def oa() -> Iterator[FakeZaloOa]:
    with FakeZaloOa() as fake:
        yield fake


@pytest.fixture
def client(oa: FakeZaloOa) -> Any:
    return zalo_sdk.oa.Client(
        app_id=zalo_oa.APP_ID, secret_key=zalo_oa.APP_SECRET,
        access_token=oa.access, refresh_token=oa.refresh, endpoint_prefix=oa.address,
    )  # fmt: skip


def test_an_independent_client_sends_a_text_through_the_official_account(
    oa: FakeZaloOa, client: Any
) -> None:
    answer = client.send_message(ZaloRecipient(user_id="77"), ZaloMessageBody(text="xin chào"))

    assert answer["data"]["message_id"]
    assert [(sent.chat, sent.text) for sent in oa.sent] == [("77", "xin chào")]


def test_an_independent_client_meets_the_closed_window(oa: FakeZaloOa, client: Any) -> None:
    oa.refusals["77"] = -230

    with pytest.raises(zalo_sdk.ZaloOAException, match="past 7 days"):
        client.send_message(ZaloRecipient(user_id="77"), ZaloMessageBody(text="xin chào"))


def test_an_independent_client_meets_a_dead_token_and_renews_it_once(
    oa: FakeZaloOa, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = requests.post
    monkeypatch.setattr(
        requests, "post",
        lambda url, **how: post(url.replace("https://oauth.zaloapp.com", oa.address), **how),
    )  # fmt: skip
    oa.access = "another-0123456789"
    with pytest.raises(zalo_sdk.ZaloOAException, match="-216"):
        client.send_message(ZaloRecipient(user_id="77"), ZaloMessageBody(text="xin chào"))

    used = client.refresh_token
    access, refresh, _ = client.refresh_acccess_token()
    assert (access, refresh) == (oa.access, oa.refresh)
    client.refresh_token = used
    with pytest.raises(zalo_sdk.ZaloOAException, match="-14020"):
        client.refresh_acccess_token()


def test_an_independent_client_asks_for_quota(oa: FakeZaloOa, client: Any) -> None:
    assert client.get_zalo_user_quotas("77")["data"]
    assert client.get_user_detail("77")["data"]["user_id"] == "77"


def test_an_independent_client_uploads_a_file_and_a_picture(oa: FakeZaloOa, client: Any) -> None:
    pdf, png = b"%PDF-1.7 x", b"\x89PNG\r\n\x1a\n x"
    token = client.upload_file(pdf, "file", "don.pdf", "application/pdf")["data"]["token"]
    picture = client.upload_file(png, "image", "anh.png", "image/png")["data"]["attachment_id"]

    assert (oa.uploads[token].kind, oa.uploads[token].content) == ("file", pdf)
    assert (oa.uploads[picture].kind, oa.uploads[picture].content) == ("image", png)


@pytest.mark.parametrize(
    ("kind", "name", "content", "code"),
    [
        ("file", "anh.jpg", b"\xff\xd8\xff", "-201"),
        ("file", "don.pdf", b"%PDF" + bytes(5 * 1024 * 1024), "-210"),
        ("image", "don.pdf", b"%PDF", "-201"),
        ("image", "anh.jpg", b"\xff\xd8\xff" + bytes(1024 * 1024), "-210"),
    ],
)
def test_an_independent_client_meets_the_limits_of_uploads(
    oa: FakeZaloOa, client: Any, kind: str, name: str, content: bytes, code: str
) -> None:
    with pytest.raises(zalo_sdk.ZaloOAException, match=code):
        client.upload_file(content, kind, name, "application/octet-stream")
    assert not oa.uploads


def test_an_independent_client_sends_a_template_by_telephone(oa: FakeZaloOa) -> None:
    client = zalo_sdk.zns.Client(
        app_id=zalo_oa.APP_ID, secret_key=zalo_oa.APP_SECRET,
        access_token=oa.access, endpoint_prefix=oa.address,
    )  # fmt: skip
    answer = client.send_zns_message("84900000001", "4711", {"ma_don": "VLG"}, tracking_id="t")

    assert answer["data"]["msg_id"]
    assert oa.sent[-1].by == "phone"
    with pytest.raises(zalo_sdk.ZaloException):
        client.send_zns_message("0900000001", "4711", {})


def test_an_independent_bot_knows_itself_hears_and_answers() -> None:
    async def talk(fake: FakeZaloBot) -> tuple[str, str, str]:
        async with Bot(zalo_bot.TOKEN, base_url=fake.address) as bot:
            me = await bot.get_me()
            update = await bot.get_update(timeout=1)
            assert update.message is not None
            sent = await bot.send_message(update.message.chat.id, "chào ông/bà")
            return me.id, update.message.text, sent.message_id

    with FakeZaloBot() as fake:
        fake.waiting.append(fake.text("77", "xin chào"))
        known, heard, number = asyncio.run(talk(fake))

        assert known == zalo_bot.TOKEN.partition(":")[0]
        assert heard == "xin chào"
        assert number
        assert [(sent.chat, sent.text) for sent in fake.sent] == [("77", "chào ông/bà")]


def test_an_independent_client_sends_files_and_meets_telegrams_limits() -> None:
    async def talk(fake: FakeTelegram) -> tuple[str, int, list[str]]:
        refused = []
        async with telegram.Bot(tg.TOKEN, base_url=fake.base_url) as bot:
            sent = await bot.send_document(77, b"%PDF-1.7", filename="đơn.pdf", caption="số 1")
            shown = await bot.send_photo(77, picture(), caption="số 2")
            for long, caption in ((picture(3_000, 100), ""), (picture(), "x" * 1_025)):
                try:
                    await bot.send_photo(77, long, caption=caption)
                except telegram.error.BadRequest as error:
                    refused.append(error.message)
            assert sent.document is not None
            return sent.document.file_name or "", len(shown.photo), refused

    with FakeTelegram() as fake:
        name, sizes, refused = asyncio.run(talk(fake))

        assert (name, sizes) == ("đơn.pdf", 1)
        assert [(each.file, each.text) for each in fake.sent] == [
            ("document", "số 1"), ("photo", "số 2"),
        ]  # fmt: skip
        assert refused == ["Photo_invalid_dimensions", "Message caption is too long"]


def test_half_a_call_of_a_killed_caller_is_no_call() -> None:
    with FakeTelegram() as fake:
        host, _, port = fake.address.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as caller:
            caller.sendall(
                f"POST /bot{tg.TOKEN}/sendMessage HTTP/1.1\r\nhost: x\r\n"
                "content-type: application/json\r\ncontent-length: 50\r\n\r\n"
                '{"chat_id": "7"'.encode()
            )
            caller.shutdown(socket.SHUT_WR)
            assert caller.recv(100) == b""
        assert fake.calls == []
