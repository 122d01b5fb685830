"""The same dialogue on every channel, and nothing lost or doubled on the way."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from intake.attachments import attachments_of
from intake.store.petitions import content_of, get_petition
from intake.store.tables import attachments, conversations, inbox, messages, petitions
from tests.factories import BUS_LINE
from tests.fakes.platforms import CHANNELS, ChannelCitizen, Town, open_town


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    with open_town(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def sqlite_town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    with open_town(sqlite_url, tmp_path) as opened:
        yield opened


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "JPEG")
    return out.getvalue()


def count(town: Town, table: object) -> int:
    with town.office.store.read() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def states(town: Town) -> set[str]:
    with town.office.store.read() as tx:
        return set(tx.execute(select(inbox.c.state)).scalars())


def file_petition(citizen: ChannelCitizen) -> list[str]:
    """The script: greet, tell, skip the place, hand over."""
    assert citizen.say("xin chào")
    assert citizen.say(BUS_LINE)
    assert citizen.pick("Bỏ qua")
    return citizen.pick("Gửi đơn")


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_same_script_files_a_petition_on_every_channel(town: Town, channel: str) -> None:
    receipt = "\n".join(file_petition(ChannelCitizen(town, channel, "8309393969")))

    with town.office.store.read() as tx:
        filed = tx.execute(select(petitions.c.reference, petitions.c.source)).one()
    assert filed.reference in receipt
    assert filed.source == channel
    assert states(town) == {"done"}


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_event_told_five_times_is_answered_once(sqlite_town: Town, channel: str) -> None:
    town = sqlite_town
    event = town.fake(channel).text("77", "xin chào")

    assert [town.post(channel, event) for _ in range(5)] == [200] * 5
    town.work()
    assert town.post(channel, event) == 200
    town.work()

    assert count(town, inbox) == 1
    assert len([sent for sent in town.fake(channel).sent if sent.chat == "77"]) == 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_photo_becomes_an_attachment_of_the_petition(sqlite_town: Town, channel: str) -> None:
    town = sqlite_town
    citizen = ChannelCitizen(town, channel, "77")
    citizen.say(BUS_LINE)
    citizen.pick("Bỏ qua")
    assert citizen.send_photo(picture())
    citizen.pick("Gửi đơn")

    with town.office.store.read() as tx:
        stored = tx.execute(select(attachments.c.petition_id, attachments.c.media_type)).one()
    assert stored.petition_id is not None
    assert stored.media_type == "image/jpeg"


@pytest.mark.parametrize("channel", ["telegram", "zalo_oa"])
def test_a_telephone_number_is_handed_over_with_one_tap(
    sqlite_url: str, tmp_path: Path, channel: str
) -> None:
    with open_town(sqlite_url, tmp_path, public_url="https://tiepdan.example.vn") as town:
        citizen = ChannelCitizen(town, channel, "77")
        citizen.say(BUS_LINE)
        citizen.pick("Bỏ qua")
        assert citizen.pick("Ghi tên, số điện thoại")
        assert town.fake(channel).asked_for_contact == ["77"]

        (summary,) = citizen.hand_over_contact("0900000001")

    assert "0900000001" in summary
    assert "xem lại trước khi gửi" in summary


def test_whoever_cannot_type_files_by_voice_alone(sqlite_town: Town) -> None:
    town, address = sqlite_town, "https://voice-aac-dl.zdn.vn/1.aac"
    town.files[address] = b"OggS\x00\x02" + b"\x00" * 64
    citizen = ChannelCitizen(town, "zalo_oa", "77")

    (asked,) = citizen.send_voice(address)
    citizen.pick("Gửi tin thoại")
    citizen.pick("Bỏ qua")
    citizen.pick("Gửi đơn")

    assert "cán bộ sẽ nghe" in asked
    with town.office.store.read() as tx:
        petition_id = tx.execute(select(petitions.c.id)).scalar_one()
        (recording,) = attachments_of(town.office, tx, petition_id)
    assert recording.to_be_heard


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_shared_place_answers_the_question_for_the_place(sqlite_town: Town, channel: str) -> None:
    citizen = ChannelCitizen(sqlite_town, channel, "77")
    citizen.say(BUS_LINE)

    assert citizen.share_place()
    assert states(sqlite_town) == {"done"}


def test_a_point_on_the_map_becomes_a_commune_the_citizen_confirms(sqlite_town: Town) -> None:
    town = sqlite_town
    citizen = ChannelCitizen(town, "telegram", "77")

    (noted,) = citizen.share_place()
    asked = citizen.say(BUS_LINE)[-1]
    nearest = citizen.offered()[0]
    citizen.pick(nearest)
    citizen.pick("Gửi đơn")

    assert "Đã ghi vị trí" in noted
    assert "gần các xã, phường" in asked
    with town.office.store.read() as tx:
        petition = get_petition(tx, tx.execute(select(petitions.c.reference)).scalar_one())
        content = content_of(tx, town.office.sealer, petition)
    assert petition.commune is not None
    assert town.office.gazetteer.commune(petition.commune).label == nearest
    assert "10.2537" in content.place_text


def test_one_senders_messages_are_read_in_the_order_they_were_sent(sqlite_town: Town) -> None:
    town = sqlite_town
    second = town.telegram.text("77", "hai", sent=2_000)
    first = town.telegram.text("77", "một", sent=1_000)
    for event in (second, first):
        town.post("telegram", event)
    town.work()

    with town.office.store.read() as tx:
        order = list(
            tx.execute(
                select(messages.c.client_id)
                .where(messages.c.direction == "in")
                .order_by(messages.c.id)
            ).scalars()
        )
    assert order == [str(first["update_id"]), str(second["update_id"])]


def test_a_clicked_button_is_acknowledged(sqlite_town: Town) -> None:
    citizen = ChannelCitizen(sqlite_town, "telegram", "77")
    citizen.say(BUS_LINE)
    citizen.pick("Bỏ qua")

    assert len(sqlite_town.telegram.answered) == 1


def test_two_channels_are_two_conversations(sqlite_town: Town) -> None:
    for channel in CHANNELS:
        ChannelCitizen(sqlite_town, channel, "77").say("xin chào")

    assert count(sqlite_town, conversations) == len(CHANNELS)


def test_an_officer_who_answers_by_hand_silences_the_bot(sqlite_town: Town) -> None:
    town = sqlite_town
    citizen = ChannelCitizen(town, "zalo_oa", "77")
    citizen.say("xin chào")
    echo = town.zalo_oa.event("oa_send_text", "77", message={"text": "…", "msg_id": "e1"})
    echo["sender"], echo["recipient"] = echo["recipient"], echo["sender"]

    assert town.post("zalo_oa", echo) == 200
    assert citizen.say("còn đó không"), "an echo of our own message changes nothing"
    echo["message"]["msg_id"] = "e2"
    assert town.post("zalo_oa", {**echo, "admin_id": "1"}) == 200
    town.work()
    assert citizen.say("tôi hỏi thêm") == []
    town.clock.pass_by(hours=13)
    assert citizen.say("tôi hỏi thêm nữa")


def test_following_is_welcomed_once_and_withdrawn_consent_reaches_a_person(
    sqlite_town: Town,
) -> None:
    town = sqlite_town
    for name in ("follow", "unfollow", "follow"):
        assert town.post("zalo_oa", town.zalo_oa.follow("77", name=name)) == 200
        town.work()
        town.clock.pass_by(seconds=5)
    assert len(town.zalo_oa.sent) == 1

    assert town.post("zalo_oa", town.zalo_oa.event("user_withdraw", "77")) == 200
    town.work()
    with town.office.store.read() as tx:
        row = tx.execute(
            select(conversations.c.withdrawn_at, conversations.c.person_wanted_at)
        ).one()
    assert row.withdrawn_at is not None
    assert row.person_wanted_at is not None


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_cant_be_read_is_answered_politely(sqlite_town: Town, channel: str) -> None:
    town = sqlite_town
    event = {
        "telegram": lambda: {
            **(update := town.telegram.text("77", "x")),
            "message": {**update["message"], "text": None, "dice": {"emoji": "🎲", "value": 1}},
        },
        "zalo_oa": lambda: town.zalo_oa.event("user_send_sticker", "77", message={"msg_id": "s1"}),
        "zalo_bot": lambda: town.zalo_bot.event("message.unsupported.received", "77"),
    }[channel]()
    assert town.post(channel, event) == 200
    town.work()

    (sent,) = town.fake(channel).sent
    assert "chưa đọc được" in sent.text


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    "text",
    [
        "x" * 4_096,
        "đường hư " * 20_000,
        "Đường hư\x00 quá",
        "\ud83d lẻ một nửa",
        "👨‍👩‍👧‍👦" * 300,
        "\u202eđảo ngược\u2066",
        "e" + "\u0301" * 5_000,
        "0" * 30,
        "'; DROP TABLE petitions; --",
        "{{ 7*7 }} <script>alert(1)</script>",
        " ",
    ],
    ids=range(11),
)
def test_a_hostile_text_is_answered_like_any_other(
    sqlite_town: Town, channel: str, text: str
) -> None:
    event = sqlite_town.fake(channel).text("77", text)
    assert sqlite_town.post(channel, event) == 200
    sqlite_town.work()

    assert states(sqlite_town) == {"done"}
    assert sqlite_town.fake(channel).sent
