"""The page on which an officer chooses how to be told, with a real mail server and a fake bot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from admin import wording
from admin.notify.commands import deliver_mails
from bot.channels import Channels
from intake import actions
from intake.accounts import get_officer
from intake.officer_contacts import Topic, Way, choice_of, contacts_of
from intake.schedule import run_due_jobs
from tests.factories import file
from tests.fakes import telegram
from tests.fakes.platforms import Clock, Town
from tests.fakes.telegram import FakeTelegram
from tests.integration.test_console import text_of
from tests.integration.test_digests import mail_server
from tests.web import Web, opened_web

PAGE = "/console/account"
ADDRESS = "an.nguyen@example.vn"


@pytest.fixture
def server() -> Iterator[Any]:
    with mail_server() as running:
        yield running


@pytest.fixture
def fake() -> Iterator[FakeTelegram]:
    with FakeTelegram() as running:
        yield running


@pytest.fixture
def web(database_url: str, tmp_path: Path, server: Any, fake: FakeTelegram) -> Iterator[Web]:
    settings = {
        "smtp_host": "127.0.0.1",
        "smtp_port": server.server_address[1],
        "smtp_security": "none",
        "smtp_from": "Tiếp Dân <khong-tra-loi@example.vn>",
        "telegram_token": SecretStr(telegram.TOKEN),
        "telegram_base_url": fake.base_url,
        "telegram_secret": SecretStr(telegram.SECRET),
        "public_url": "",
    }
    with opened_web(database_url, tmp_path, **settings) as opened:
        yield opened


def test_an_address_is_confirmed_by_mail_and_then_told(web: Web, server: Any) -> None:
    clerk = web.console("clerk")
    assert "hãy liên kết một cách nhận" in text_of(clerk.get(PAGE))
    assert clerk.send(f"{PAGE}/email", email="không phải thư").status_code == 422
    assert clerk.send(f"{PAGE}/email", email=ADDRESS).status_code == 303
    assert deliver_mails(web.office, now=web.now) == 1
    (mail,) = server.received
    assert mail["To"] == ADDRESS
    code = re.search(r"Mã xác nhận: (\d{6})", mail.get_content())
    assert code
    wrong = clerk.send(f"{PAGE}/email/confirm", code="000000" if code[1] != "000000" else "1")
    assert wrong.status_code == 401
    assert ADDRESS in wrong.text
    assert clerk.send(f"{PAGE}/email/confirm", code=code[1]).status_code == 303
    shown = clerk.get(PAGE)
    assert re.search(r'value="email" checked>', shown.text)
    assert 'value="digest" checked' in shown.text

    clerk.send(f"{PAGE}/channel", way="email", topics=["assigned"])
    run_due_jobs(web.office, now=web.now)
    petition = file(web.office, now=web.now)
    with web.office.store.write() as tx:
        head, officer = get_officer(tx, "head"), get_officer(tx, "clerk")
        actions.assign(web.office, tx, head, petition.reference, to=officer, now=web.now)
    run_due_jobs(web.office, now=web.now)
    assert deliver_mails(web.office, now=web.now) == 1
    told = server.received[-1]
    assert petition.reference in told["Subject"]
    assert petition.reference in told.get_content()
    assert "xe buýt" not in told.get_content()
    clerk.send(f"{PAGE}/test", way="email")
    deliver_mails(web.office, now=web.now)
    assert "tin thử" in server.received[-1].get_content()
    clerk.send(f"{PAGE}/unlink", way="email")
    with web.office.store.read() as tx:
        assert contacts_of(web.office, tx, officer.id) == {}
        assert choice_of(tx, officer.id).way is None


def test_a_chat_is_linked_from_the_page_by_link_picture_or_code(
    web: Web, fake: FakeTelegram
) -> None:
    clerk = web.console("clerk")
    nameless = clerk.send(f"{PAGE}/link", way="telegram")
    assert "của đơn vị và gửi mã này" in text_of(nameless)
    clock = Clock(web.now)
    channels = Channels(
        web.office, clock=clock, sleep=lambda seconds: clock.pass_by(seconds=seconds)
    )
    try:
        for chore in channels._chores:
            if "_learn_name" in chore.__qualname__:
                chore()
        shown = clerk.send(f"{PAGE}/link", way="telegram")
        link = re.search(r'href="https://t.me/t_bot\?start=(CB-\w{5}-\w{5})"', shown.text)
        assert link
        assert f'<code class="big">{link[1]}</code>' in shown.text
        assert 'src="data:image/svg+xml' in shown.text
        app = FastAPI()
        channels.add_routes(app)
        with TestClient(app) as client:
            town = Town(web.office, channels, client, clock, fake, None, None, {})  # type: ignore[arg-type]
            assert town.post("telegram", fake.text("4242", f"/start {link[1]}")) == 200
            town.work()
            assert "Đã liên kết" in fake.sent[-1].text
            assert "đã liên kết" in text_of(clerk.get(PAGE))
            clerk.send(f"{PAGE}/test", way="telegram")
            town.deliver()
            assert "tin thử" in fake.sent[-1].text
    finally:
        channels.stop()


def test_what_cannot_be_chosen_is_refused_in_words(web: Web) -> None:
    clerk = web.console("clerk")
    for path, fields in (
        ("channel", {"way": "telegram"}),
        ("channel", {"way": "fax"}),
        ("test", {"way": "email"}),
        ("link", {"way": "email"}),
        ("link", {"way": "zalo_bot"}),
        ("unlink", {"way": "fax"}),
    ):
        answer = clerk.send(f"{PAGE}/{path}", **fields)
        assert answer.status_code == 422, path
        assert "Cách nhận thông báo" in text_of(answer)
    with web.office.store.read() as tx:
        assert choice_of(tx, get_officer(tx, "clerk").id).way is None


def test_codes_cannot_be_asked_for_without_end(web: Web) -> None:
    clerk = web.console("clerk")
    answers = [clerk.send(f"{PAGE}/email", email=ADDRESS).status_code for _ in range(6)]
    assert answers == [303] * 5 + [429]


def test_who_gets_no_notices_is_offered_no_ways(web: Web) -> None:
    page = text_of(web.console("reporter").get(PAGE))
    assert "Đổi mật khẩu" in page
    assert "Gửi thêm qua" not in page


def test_an_office_without_ways_says_so(sqlite_url: str, tmp_path: Path) -> None:
    with opened_web(sqlite_url, tmp_path) as web:
        assert "chưa kết nối thư điện tử" in text_of(web.console("clerk").get(PAGE))


def test_every_way_and_topic_has_its_words() -> None:
    assert set(wording.WAYS) == set(Way)
    assert set(wording.TOPICS) == set(Topic)
