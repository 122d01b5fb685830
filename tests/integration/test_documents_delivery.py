"""Documents behind their notice on every channel: in order, once, and honest about what is left."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from bot.channel_data import limits, zalo_errors
from bot.outbound import Outbound, tries_before_giving_up
from bot.zalo_oa import ZaloOaChannel
from intake import actions
from intake.conversations import Sender, open_conversation
from intake.documents import Delivery, given_documents
from intake.limits import Limit, spend
from intake.notices import NoticeState
from intake.petition import MAY_HOLD_DENUNCIATION, PetitionKind, Source
from intake.status import Action
from intake.store.petitions import get_petition
from intake.store.tables import conversations, documents, notices
from tests.factories import file, officer
from tests.fakes import zalo_oa
from tests.fakes.platforms import ChannelCitizen, Town, open_town
from tests.integration.test_channel_crashes import Crash, once
from tests.integration.test_channel_delivery import ACCOUNTS, TEMPLATES, last_notice, morning
from tests.papers import PDF, old_word, picture, send_with, word

PAGE = "https://tiepdan.example.vn"
OA = 1  # place of the Official Account among the town's outbounds


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    templates = tmp_path / "templates.toml"
    templates.write_text(TEMPLATES, "utf-8")
    with open_town(sqlite_url, tmp_path, zalo_oa_templates=templates, public_url=PAGE) as opened:
        opened.clock.now = morning(opened.clock.now)
        yield opened


def filed(
    town: Town, channel: str, user: str = "77", kind: PetitionKind = PetitionKind.KNPA
) -> str:
    """A petition of a person who has just written through the channel; the reference."""
    office, now = town.office, town.clock.now
    with office.store.write() as tx:
        conversation = open_conversation(
            office.store, tx, office.sealer, Sender(channel, ACCOUNTS[channel], user),
            language="vi", now=now,
        )  # fmt: skip
        tx.execute(
            update(conversations)
            .where(conversations.c.id == conversation.id)
            .values(last_inbound_at=now)
        )
    return file(
        office, kind, now=now, conversation_id=conversation.id, source=Source(channel)
    ).reference


def send(town: Town, reference: str, *papers: tuple[str, bytes], **how: Any) -> None:
    by = officer(town.office, denunciations=True)
    send_with(town.office, by, reference, *papers, now=town.clock.now, **how)


def delivered(town: Town, reference: str) -> list[Delivery]:
    with town.office.store.read() as tx:
        petition = get_petition(tx, reference)
        return [each.delivery for each in given_documents(town.office, tx, petition.id)]


def state(town: Town) -> str:
    return str(last_notice(town).state)


def try_again(town: Town, reference: str) -> None:
    with town.office.store.write() as tx:
        actions.retry_notice(
            town.office, tx, officer(town.office), reference, last_notice(town).number,
            now=town.clock.now,
        )  # fmt: skip


def uploads(town: Town) -> int:
    return sum("/upload/" in call.path for call in town.zalo_oa.calls)


# ---- Telegram -------------------------------------------------------------------------------


def test_telegram_brings_the_words_and_then_each_document_in_order(town: Town) -> None:
    reference = filed(town, "telegram")
    photo = picture()
    send(town, reference, ("Giấy mời.pdf", PDF), ("sơ đồ.jpg", photo), ("Mẫu.docx", word()))
    town.deliver()

    words, *files = town.telegram.sent
    number = last_notice(town).number
    assert f"tin số {number}" in words.text
    assert "• Giấy mời.pdf\n• sơ đồ.jpg\n• Mẫu.docx" in words.text
    assert [(sent.file, sent.name) for sent in files] == [
        ("document", "Giấy mời.pdf"), ("photo", "sơ đồ.jpg"), ("document", "Mẫu.docx"),
    ]  # fmt: skip
    assert files[0].content == PDF
    assert files[0].text == (f"Giấy mời.pdf\nKèm tin số {number} về đơn {reference}, tệp 1/3")
    assert state(town) == NoticeState.SENT
    assert delivered(town, reference) == [Delivery.SENT] * 3


def test_a_picture_telegram_would_refuse_as_a_photo_goes_as_a_file(town: Town) -> None:
    reference = filed(town, "telegram")
    send(town, reference, ("băng dài.png", picture(3_000, 100, kind="PNG")))
    town.deliver()

    assert [sent.file for sent in town.telegram.sent[1:]] == ["document"]
    assert state(town) == NoticeState.SENT


def test_who_blocked_the_bot_gets_nothing_and_officers_see_it(town: Town) -> None:
    reference = filed(town, "telegram")
    town.telegram.blocked.add("77")
    send(town, reference, ("Giấy mời.pdf", PDF))
    town.deliver()

    assert state(town) == NoticeState.HELD
    assert delivered(town, reference) == [Delivery.WAITING]


def test_what_telegram_lost_on_the_way_is_sent_again_and_the_words_are_not(town: Town) -> None:
    reference = filed(town, "telegram")
    send(town, reference, ("Giấy mời.pdf", PDF), ("Phụ lục.docx", word()))
    failing = [2]

    def plan(call: Any) -> str:
        if call.path.endswith("/sendDocument") and failing[0]:
            failing[0] -= 1
            return "503"
        return "ok"

    town.telegram.plan = plan
    town.deliver()
    assert state(town) == NoticeState.READY
    town.clock.pass_by(minutes=5)
    town.deliver()
    town.clock.pass_by(minutes=5)
    town.deliver()

    assert [sent.name for sent in town.telegram.sent] == ["", "Giấy mời.pdf", "Phụ lục.docx"]
    assert state(town) == NoticeState.SENT


# ---- Zalo -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"), [("QĐ 12.pdf", PDF), ("QĐ.docx", word()), ("QĐ.doc", old_word())]
)
def test_zalo_is_given_the_file_first_and_then_the_message_that_names_it(
    town: Town, name: str, content: bytes
) -> None:
    reference = filed(town, "zalo_oa")
    send(town, reference, (name, content))
    town.deliver()

    words, sent = town.zalo_oa.sent
    assert f"• {name}" in words.text
    assert (sent.file, sent.name, sent.content) == ("file", name, content)
    assert (state(town), delivered(town, reference)) == (NoticeState.SENT, [Delivery.SENT])


def test_a_large_picture_is_made_small_enough_for_zalo_and_stays_whole_elsewhere(
    town: Town,
) -> None:
    reference = filed(town, "zalo_oa")
    large = picture(1800, 1200, noise=True)
    assert len(large) > zalo_oa.LARGEST_IMAGE
    send(town, reference, ("ảnh.jpg", large))
    town.deliver()

    sent = town.zalo_oa.sent[-1]
    assert sent.file == "image"
    assert 0 < len(sent.content) <= zalo_oa.LARGEST_IMAGE
    assert f"tin số {last_notice(town).number}" in sent.text
    with town.office.store.read() as tx:
        (document,) = given_documents(town.office, tx, get_petition(tx, reference).id)
    assert document.size > zalo_oa.LARGEST_IMAGE
    with Image.open(io.BytesIO(sent.content)) as shown:
        assert shown.size[0] * 2 == shown.size[1] * 3


def test_a_crash_between_upload_and_message_uploads_no_second_time(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = filed(town, "zalo_oa")
    send(town, reference, ("Giấy mời.pdf", PDF))
    once(monkeypatch, ZaloOaChannel, "_send_uploaded", before=True, error=Crash())
    with pytest.raises(Crash):
        town.deliver()
    assert uploads(town) == 1
    town.clock.pass_by(minutes=5)
    town.deliver()

    assert uploads(town) == 1
    assert [sent.file for sent in town.zalo_oa.sent] == ["", "file"]
    assert state(town) == NoticeState.SENT


POINTS: dict[str, tuple[Any, str, bool]] = {
    "after the words, before they are noted": (ZaloOaChannel, "send_notice", False),
    "after the words are noted": (Outbound, "_enclose", True),
    "before the upload": (ZaloOaChannel, "_upload", True),
    "after the upload": (ZaloOaChannel, "_upload", False),
    "after the file is sent, before it is noted": (ZaloOaChannel, "send_document", False),
    "after the file is noted": (Outbound, "_enclose", False),
    "before the last settlement": (Outbound, "_settle_told", True),
}


@pytest.mark.parametrize("point", POINTS)
def test_wherever_the_worker_dies_everything_arrives_and_repeats_are_few(
    town: Town, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    owner, name, before = POINTS[point]
    reference = filed(town, "zalo_oa")
    send(town, reference, ("Giấy mời.pdf", PDF), ("Mẫu.docx", word()))
    once(monkeypatch, owner, name, before=before, error=Crash())
    with pytest.raises(Crash):
        town.deliver()
    town.clock.pass_by(minutes=5)
    town.deliver()

    sent = [each.name for each in town.zalo_oa.sent]
    assert list(dict.fromkeys(sent)) == ["", "Giấy mời.pdf", "Mẫu.docx"]
    doubled = 1 if point in (
        "after the words, before they are noted", "after the file is sent, before it is noted",
    ) else 0  # fmt: skip
    assert len(sent) == 3 + doubled
    assert uploads(town) == 2
    assert state(town) == NoticeState.SENT


def test_an_upload_zalo_no_longer_keeps_is_made_anew_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = filed(town, "zalo_oa")
    send(town, reference, ("Giấy mời.pdf", PDF))
    once(monkeypatch, ZaloOaChannel, "_send_uploaded", before=True, error=Crash())
    with pytest.raises(Crash):
        town.deliver()
    town.zalo_oa.forget_uploads()
    town.clock.pass_by(minutes=5)
    town.deliver()

    assert uploads(town) == 2
    assert town.zalo_oa.sent[-1].content == PDF
    assert state(town) == NoticeState.SENT


def test_after_a_week_an_upload_is_not_even_tried(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = filed(town, "zalo_oa")
    send(town, reference, ("Giấy mời.pdf", PDF))
    once(monkeypatch, ZaloOaChannel, "_send_uploaded", before=True, error=Crash())
    with pytest.raises(Crash):
        town.deliver()
    town.clock.pass_by(days=7, minutes=1)
    town.zalo_oa.expires_in = "9000000"
    ChannelCitizen(town, "zalo_oa", "77").say("xin chào")
    town.deliver()

    sent = [call for call in town.zalo_oa.calls if b'"token"' in call.body]
    assert len(sent) == 1
    assert state(town) == NoticeState.SENT


@pytest.mark.parametrize(
    ("code", "then"),
    [
        (-32, NoticeState.READY),  # too fast
        (-221, NoticeState.READY),  # an operator must see to it
        (-201, NoticeState.DEAD),  # ours: a repeat changes nothing
        (-210, NoticeState.DEAD),
    ],
)
def test_a_refused_upload_is_met_by_what_its_code_means(
    town: Town, code: int, then: NoticeState
) -> None:
    reference = filed(town, "zalo_oa")
    town.zalo_oa.upload_refusal = code
    send(town, reference, ("Giấy mời.pdf", PDF))
    town.deliver()

    assert state(town) == then
    assert len(town.zalo_oa.sent) == 1
    assert last_notice(town).words_sent_at is not None

    town.zalo_oa.upload_refusal = 0
    if then == NoticeState.DEAD:
        try_again(town, reference)
    town.clock.pass_by(minutes=30)
    town.deliver()
    assert [sent.file for sent in town.zalo_oa.sent] == ["", "file"]
    assert state(town) == NoticeState.SENT


def test_a_dead_token_is_renewed_for_an_upload_too(town: Town) -> None:
    reference = filed(town, "zalo_oa")
    send(town, reference, ("Giấy mời.pdf", PDF))
    used = town.zalo_oa.access

    def plan(call: Any) -> str:
        if "/upload/" in call.path and town.zalo_oa.access == used:
            town.zalo_oa.access = "another-0123456789"
        return "ok"

    town.zalo_oa.plan = plan
    town.deliver()
    assert town.zalo_oa.refreshes == 1
    assert state(town) == NoticeState.SENT


def test_the_months_uploads_are_counted_and_what_is_beyond_waits(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    month = Limit(limits("zalo_oa")["uploads_a_month"], timedelta(days=30))
    with town.office.store.write() as tx:
        for _ in range(month.count):
            spend(town.office.store, tx, "uploads:zalo_oa", month, now=town.clock.now)
    reference = filed(town, "zalo_oa")
    send(town, reference, ("Giấy mời.pdf", PDF))
    town.deliver()

    assert uploads(town) == 0
    assert (state(town), last_notice(town).last_error) == (NoticeState.HELD, "UploadsUsedUp")
    printed = capsys.readouterr()
    assert "zalo_uploads_used_up" in printed.out + printed.err


def test_outside_the_window_a_template_goes_at_once_and_the_document_with_the_next_contact(
    town: Town,
) -> None:
    reference = filed(town, "zalo_oa")
    town.clock.pass_by(days=8)
    town.clock.now = morning(town.clock.now)
    send(town, reference, ("Giấy mời.pdf", PDF))
    town.deliver()

    assert [sent.by for sent in town.zalo_oa.sent] == ["template"]
    assert "Giấy mời" not in town.zalo_oa.sent[0].text
    assert uploads(town) == 0
    assert (state(town), last_notice(town).last_error) == (NoticeState.HELD, "DocumentsWait")

    try_again(town, reference)
    town.deliver()
    assert len(town.zalo_oa.sent) == 1  # the template costs money and says nothing new
    assert state(town) == NoticeState.HELD

    ChannelCitizen(town, "zalo_oa", "77").say("xin chào")
    town.deliver()
    told = [sent for sent in town.zalo_oa.sent if "tin số" in sent.text or sent.file]
    assert [sent.name for sent in told] == ["", "Giấy mời.pdf"]
    assert "• Giấy mời.pdf" in told[0].text
    assert (state(town), delivered(town, reference)) == (NoticeState.SENT, [Delivery.SENT])


def test_what_was_held_together_arrives_as_one_message_and_its_documents_in_order(
    town: Town,
) -> None:
    reference = filed(town, "zalo_oa")
    town.zalo_oa.refusals = {"77": -230, "84900000001": -118}
    for number in (1, 2):
        send(town, reference, (f"tệp {number}.pdf", PDF), message=f"Câu hỏi {number}")
        town.deliver()
    town.zalo_oa.refusals = {}
    ChannelCitizen(town, "zalo_oa", "77").say("xin chào")
    town.deliver()

    told = [sent for sent in town.zalo_oa.sent if "tin số" in sent.text or sent.file]
    assert [sent.name for sent in told] == ["", "tệp 1.pdf", "tệp 2.pdf"]
    with town.office.store.read() as tx:
        assert set(tx.execute(select(notices.c.state)).scalars()) == {NoticeState.SENT}


def test_the_next_notice_waits_until_the_documents_of_the_last_one_are_through(
    town: Town,
) -> None:
    reference = filed(town, "zalo_oa")
    send(town, reference, ("Giấy mời.pdf", PDF))
    send(town, reference, action=Action.ACCEPT, document_number="")
    town.zalo_oa.upload_refusal = -221
    town.deliver()
    assert len(town.zalo_oa.sent) == 1

    town.zalo_oa.upload_refusal = 0
    town.clock.pass_by(minutes=30)
    town.deliver()
    asked, document, accepted = town.zalo_oa.sent
    assert (asked.file, document.file, accepted.file) == ("", "file", "")
    assert "thụ lý" in accepted.text


def test_a_document_that_never_gets_through_is_declared_dead_and_shown(town: Town) -> None:
    reference = filed(town, "zalo_oa")
    send(town, reference, ("Giấy mời.pdf", PDF))
    town.zalo_oa.plan = lambda call: "503" if "/upload/" in call.path else "ok"
    for _ in range(tries_before_giving_up() + 3):
        town.deliver()
        town.clock.pass_by(minutes=40)
        with town.office.store.write() as tx:
            tx.execute(update(conversations).values(last_inbound_at=town.clock.now))
    assert state(town) == NoticeState.DEAD
    assert len(town.zalo_oa.sent) == 1


def test_every_refusal_of_an_upload_has_a_row_by_host_and_code() -> None:
    assert str(zalo_errors()["oa", -100].remedy) == "upload"


# ---- channels without files, and denunciations ----------------------------------------------


def test_a_zalo_bot_says_where_the_document_is_and_never_the_secret(town: Town) -> None:
    reference = filed(town, "zalo_bot")
    send(town, reference, ("Giấy mời.pdf", PDF))
    town.deliver()

    (words,) = town.zalo_bot.sent
    assert "• Giấy mời.pdf" in words.text
    assert f"{PAGE}/chat" in words.text
    assert "mã đơn và mã bí mật" in words.text
    assert state(town) == NoticeState.SENT
    assert delivered(town, reference) == [Delivery.BY_CODE]


@pytest.mark.parametrize("kind", MAY_HOLD_DENUNCIATION)
@pytest.mark.parametrize("channel", ["telegram", "zalo_oa", "zalo_bot"])
def test_a_denunciations_document_goes_to_no_platform_not_even_its_name(
    town: Town, channel: str, kind: PetitionKind
) -> None:
    reference = filed(town, channel, kind=kind)
    send(town, reference, ("Tra loi ba Kin.pdf", PDF), ("ảnh bà Kín.jpg", picture()))
    town.deliver()

    fake = town.fake(channel)
    (words,) = fake.sent
    assert "Có văn bản kèm theo (2)" in words.text
    assert f"{PAGE}/chat" in words.text
    heard = b"".join(call.body for call in fake.calls)
    assert all(part not in heard for part in (PDF, b"Kin", "Kín".encode(), b"upload"))
    assert delivered(town, reference) == [Delivery.BY_CODE] * 2
    assert state(town) == NoticeState.SENT


@pytest.mark.parametrize("kind", MAY_HOLD_DENUNCIATION)
def test_what_became_a_denunciation_before_it_was_sent_is_held_back_too(
    town: Town, kind: PetitionKind
) -> None:
    reference = filed(town, "telegram")
    send(town, reference, ("Giấy mời.pdf", PDF))
    send(town, reference, action=Action.RECLASSIFY, kind=kind)
    town.deliver()

    assert all(not sent.file and "Giấy mời.pdf" not in sent.text for sent in town.telegram.sent)
    assert delivered(town, reference) == [Delivery.BY_CODE]


def test_a_look_up_on_a_platform_names_the_page_and_sends_no_file(town: Town) -> None:
    reference = filed(town, "telegram")
    send(town, reference, ("Giấy mời.pdf", PDF))
    town.deliver()
    before = len(town.telegram.sent)
    citizen = ChannelCitizen(town, "telegram", "77", read=before)

    (told,) = citizen.say(reference)
    assert "• Giấy mời.pdf" in told
    assert f"{PAGE}/chat" in told
    assert all(not sent.file for sent in town.telegram.sent[before:])


def test_nothing_of_an_upload_is_kept_in_the_clear(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = filed(town, "zalo_oa")
    send(town, reference, ("Giấy mời.pdf", PDF))
    town.deliver()
    with town.office.store.read() as tx:
        row = tx.execute(select(documents)).one()
    assert b"upload-" not in row.upload_sealed
    assert row.upload_until - town.clock.now > timedelta(days=6)
