"""Delivery on platforms: routes, pace, honest outcomes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.channel_data import limits, zalo_errors
from bot.inbox import InboxState
from bot.messages import Choice, OutgoingMessage
from bot.outbound import tries_before_giving_up
from intake import actions
from intake.clock import CIVIL_ZONE
from intake.conversations import Sender, add_outbound, open_conversation
from intake.errors import InvalidInput
from intake.notices import NoticeState, write_notice
from intake.petition import MAY_HOLD_DENUNCIATION, PetitionKind, Source
from intake.status import NoticeKind
from intake.store.petitions import get_petition
from intake.store.tables import conversations, notices, outbox, petitions
from tests.factories import file, officer
from tests.fakes import zalo_oa
from tests.fakes.platforms import CHANNELS, ChannelCitizen, Town, open_town

TEMPLATES = """
[template.default]
template_id = "4711"
parameters = { ma_don = "reference", so_tin = "number", ngay = "date" }
"""


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    templates = tmp_path / "templates.toml"
    templates.write_text(TEMPLATES, "utf-8")
    with open_town(sqlite_url, tmp_path, zalo_oa_templates=templates) as opened:
        # Mid-morning in Việt Nam, so that nothing is held back for the night.
        opened.clock.now = morning(opened.clock.now)
        yield opened


def morning(now: datetime) -> datetime:
    return now.astimezone(CIVIL_ZONE).replace(hour=9, minute=0)


ACCOUNTS = {"telegram": "700000001", "zalo_oa": zalo_oa.OA_ID, "zalo_bot": "1459232241454765289"}


def filed(town: Town, channel: str, user: str = "77") -> str:
    """A petition of a person who has just written through the channel; the reference."""
    office, now = town.office, town.clock.now
    sender = Sender(channel, ACCOUNTS[channel], user)
    with office.store.write() as tx:
        conversation = open_conversation(
            office.store, tx, office.sealer, sender, language="vi", now=now
        )
        tx.execute(
            update(conversations)
            .where(conversations.c.id == conversation.id)
            .values(last_inbound_at=now)
        )
    petition = file(office, now=now, conversation_id=conversation.id, source=Source(channel))
    return petition.reference


def accept(town: Town, reference: str) -> None:
    by = officer(town.office)
    with town.office.store.write() as tx:
        actions.accept(town.office, tx, by, reference, now=town.clock.now)


def last_notice(town: Town) -> Any:
    with town.office.store.read() as tx:
        return tx.execute(select(notices).order_by(notices.c.id.desc()).limit(1)).one()


def since(town: Town, fake: Any, before: int) -> list[Any]:
    return list(fake.sent[before:])


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_officers_action_reaches_the_citizen_with_its_number(town: Town, channel: str) -> None:
    reference = filed(town, channel)
    before = len(town.fake(channel).sent)
    accept(town, reference)
    town.deliver()

    (sent,) = since(town, town.fake(channel), before)
    assert reference in sent.text
    assert f"tin số {last_notice(town).number}" in sent.text


@pytest.mark.parametrize(
    ("away", "paid", "by"),
    [
        (timedelta(hours=47, minutes=59), False, "cs"),
        (timedelta(hours=48, minutes=1), False, "template"),
        (timedelta(hours=48, minutes=1), True, "cs"),
        (timedelta(days=6, hours=23), True, "cs"),
        (timedelta(days=7, minutes=1), True, "template"),
    ],
)
def test_the_window_decides_how_zalo_is_used(
    sqlite_url: str, tmp_path: Path, away: timedelta, paid: bool, by: str
) -> None:
    templates = tmp_path / "templates.toml"
    templates.write_text(TEMPLATES, "utf-8")
    with open_town(
        sqlite_url, tmp_path, zalo_oa_templates=templates, zalo_oa_paid_messages=paid
    ) as town:
        reference = filed(town, "zalo_oa")
        town.clock.now = morning(town.clock.now + timedelta(days=1))
        accept(town, reference)
        with town.office.store.write() as tx:
            tx.execute(update(conversations).values(last_inbound_at=town.clock.now - away))
        before = len(town.zalo_oa.sent)
        assert town.channels._outbounds[1].send_once()

        (sent,) = since(town, town.zalo_oa, before)
        assert sent.by == by
        if by == "template":
            assert reference in sent.text
            assert "xe buýt" not in sent.text


@pytest.mark.parametrize(("quota", "by"), [(8, "cs"), (0, "template")])
def test_a_late_message_is_sent_while_zalo_has_quota_for_it(
    sqlite_url: str, tmp_path: Path, quota: int, by: str
) -> None:
    templates = tmp_path / "templates.toml"
    templates.write_text(TEMPLATES, "utf-8")
    paid: dict[str, Any] = {"zalo_oa_templates": templates, "zalo_oa_paid_messages": True}
    with open_town(sqlite_url, tmp_path, **paid) as town:
        town.clock.now = morning(town.clock.now)
        accept(town, filed(town, "zalo_oa"))
        town.clock.pass_by(days=3)
        town.zalo_oa.quota = quota
        town.deliver()

        assert town.zalo_oa.sent[-1].by == by


def test_what_was_held_is_told_in_one_message_newest_first(town: Town) -> None:
    reference = filed(town, "zalo_oa")
    town.zalo_oa.refusals = {"77": -230, "84900000001": -118}
    for kind in (NoticeKind.ACCEPTED, NoticeKind.DEADLINE_MISSED, NoticeKind.CLOSED):
        with town.office.store.write() as tx:
            petition = get_petition(tx, reference)
            write_notice(
                tx, town.office.sealer, petition, kind, {"reference": reference},
                now=town.clock.now,
            )  # fmt: skip
        town.deliver()
    assert last_notice(town).state == NoticeState.HELD
    town.zalo_oa.refusals = {}
    before = len(town.zalo_oa.sent)

    ChannelCitizen(town, "zalo_oa", "77").say("xin chào")

    (told,) = [sent.text for sent in since(town, town.zalo_oa, before) if "tin số" in sent.text]
    numbers = [int(number) for number in re.findall(r"tin số (\d+)", told)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) >= 3
    with town.office.store.read() as tx:
        assert set(tx.execute(select(notices.c.state)).scalars()) == {NoticeState.SENT}


def test_a_merged_message_that_fails_is_held_as_a_whole(town: Town) -> None:
    reference = filed(town, "zalo_oa")
    town.zalo_oa.refusals = {"77": -230, "84900000001": -118}
    for _ in range(2):
        with town.office.store.write() as tx:
            write_notice(
                tx, town.office.sealer, get_petition(tx, reference), NoticeKind.CLOSED,
                {"reference": reference}, now=town.clock.now,
            )  # fmt: skip
    town.deliver()
    assert town.post("zalo_oa", town.zalo_oa.text("77", "xin chào")) == 200

    town.work()

    with town.office.store.read() as tx:
        assert set(tx.execute(select(notices.c.state)).scalars()) == {NoticeState.HELD}


def test_an_officer_has_a_dead_notice_tried_again(town: Town) -> None:
    reference = filed(town, "zalo_oa")
    office, by = town.office, officer(town.office)
    accept(town, reference)
    with office.store.write() as tx:
        tx.execute(update(notices).values(state=NoticeState.DEAD, attempts=20))
    number = last_notice(town).number

    with office.store.write() as tx:
        actions.retry_notice(office, tx, by, reference, number, now=town.clock.now)
    town.deliver()

    assert last_notice(town).state == NoticeState.SENT
    with office.store.write() as tx, pytest.raises(InvalidInput):
        actions.retry_notice(office, tx, by, reference, number, now=town.clock.now)


def test_a_notice_nobody_can_deliver_is_held_and_goes_out_with_the_next_contact(
    town: Town,
) -> None:
    reference = filed(town, "zalo_oa")
    accept(town, reference)
    town.clock.pass_by(days=8)
    town.zalo_oa.refusals = {"77": -249, "84900000001": -118}
    town.deliver()
    assert last_notice(town).state == NoticeState.HELD

    town.zalo_oa.refusals = {}
    before = len(town.zalo_oa.sent)
    town.post("zalo_oa", town.zalo_oa.event("user_click_chatnow", "77"))
    ChannelCitizen(town, "zalo_oa", "77").say("xin chào")
    town.deliver()
    assert last_notice(town).state == NoticeState.SENT
    assert any(reference in sent.text for sent in since(town, town.zalo_oa, before))


def test_a_template_refused_by_user_id_goes_by_telephone(town: Town) -> None:
    accept(town, filed(town, "zalo_oa"))
    town.clock.pass_by(days=8)
    town.zalo_oa.refusals = {"77": -249}
    town.deliver()

    assert (town.zalo_oa.sent[-1].by, town.zalo_oa.sent[-1].chat) == ("phone", "84900000001")
    assert last_notice(town).state == NoticeState.SENT


@pytest.mark.parametrize("kind", MAY_HOLD_DENUNCIATION)
def test_the_telephone_of_who_may_be_a_denouncer_is_told_to_no_platform(
    town: Town, kind: PetitionKind
) -> None:
    accept(town, filed(town, "zalo_oa"))
    with town.office.store.write() as tx:
        tx.execute(update(petitions).values(kind=kind))
    town.clock.pass_by(days=8)
    town.zalo_oa.refusals = {"77": -249}
    town.deliver()

    assert all(sent.by != "phone" for sent in town.zalo_oa.sent)
    assert all(b"84900000001" not in call.body for call in town.zalo_oa.calls)
    assert last_notice(town).state == NoticeState.HELD


def test_the_platforms_own_window_is_believed_over_ours(town: Town) -> None:
    accept(town, filed(town, "zalo_oa"))
    town.zalo_oa.plan = lambda call: "ok"
    answer = town.zalo_oa._consult
    town.zalo_oa._consult = lambda body: (200, {"error": -230, "message": "window"})  # type: ignore[method-assign]
    town.deliver()
    town.zalo_oa._consult = answer  # type: ignore[method-assign]

    assert town.zalo_oa.sent[-1].by == "template"


@pytest.mark.parametrize(("hour", "minute", "waits"), [(7, 59, True), (8, 0, False), (20, 1, True)])
def test_templates_wait_for_the_day(town: Town, hour: int, minute: int, waits: bool) -> None:
    accept(town, filed(town, "zalo_oa"))
    day = town.clock.now.astimezone(CIVIL_ZONE) + timedelta(days=8)
    town.clock.now = day.replace(hour=hour, minute=minute)
    before = len(town.zalo_oa.sent)
    town.channels._outbounds[1].send_once()

    assert len(since(town, town.zalo_oa, before)) == (0 if waits else 1)
    if waits:
        due: datetime = last_notice(town).due_at
        assert due.astimezone(CIVIL_ZONE).hour == 8


def test_notices_that_wait_for_the_day_hold_up_no_conversation(town: Town) -> None:
    for user in ("1", "2", "3", "4"):
        accept(town, filed(town, "zalo_oa", user))
    day = town.clock.now.astimezone(CIVIL_ZONE) + timedelta(days=8)
    town.clock.now = day.replace(hour=23)
    town.deliver()

    assert ChannelCitizen(town, "zalo_oa", "77").say("xin chào")


def test_the_apps_own_limit_at_zalo_makes_everything_wait(town: Town) -> None:
    for user in ("1", "2"):
        accept(town, filed(town, "zalo_oa", user))
    town.zalo_oa.refusals = {"1": -32, "2": -32}
    before = len(town.zalo_oa.calls)
    for _ in range(20):
        town.outbounds[1].send_once()
        town.clock.pass_by(seconds=1)

    assert len(town.zalo_oa.calls) == before + 1
    town.zalo_oa.refusals = {}
    town.clock.pass_by(seconds=60)
    town.deliver()
    assert {sent.chat for sent in town.zalo_oa.sent} == {"1", "2"}


def test_withdrawn_consent_stops_notices(town: Town) -> None:
    reference = filed(town, "zalo_oa")
    town.post("zalo_oa", town.zalo_oa.event("user_withdraw", "77"))
    town.work()
    before = len(town.zalo_oa.sent)
    accept(town, reference)
    town.deliver()

    assert since(town, town.zalo_oa, before) == []
    assert last_notice(town).state == NoticeState.HELD


def test_no_money_at_zalo_keeps_the_notice_and_calls_an_operator(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    accept(town, filed(town, "zalo_oa"))
    town.clock.pass_by(days=8)
    town.zalo_oa.refusals = {"77": -321}
    town.deliver()

    printed = capsys.readouterr()
    assert "zalo_needs_an_operator" in printed.out + printed.err
    assert last_notice(town).state == NoticeState.READY
    assert ChannelCitizen(town, "telegram", "5").say("xin chào")


def test_telegram_429_makes_that_chat_wait_and_no_other(town: Town) -> None:
    for reference in [filed(town, "telegram", user) for user in ("77", "78")]:
        accept(town, reference)
    before = len(town.telegram.sent)
    town.telegram.retry_after = 30
    town.telegram.calls.clear()
    town.telegram.plan = lambda call: "429" if b"=77&" in call.body else "ok"
    start = town.clock.now
    outbound = town.outbounds[0]
    while town.clock.now < start + timedelta(seconds=20):
        outbound.send_once()
        town.clock.pass_by(seconds=1)

    assert {sent.chat for sent in since(town, town.telegram, before)} == {"78"}
    town.telegram.plan = lambda call: "ok"
    town.clock.pass_by(seconds=60)
    town.deliver()
    assert {sent.chat for sent in since(town, town.telegram, before)} == {"77", "78"}
    tries = [call for call in town.telegram.calls if b"=77&" in call.body]
    assert len(tries) == 2, "one before the pause and one after it"


def test_a_person_who_blocked_the_bot_is_shown_as_not_told(town: Town) -> None:
    reference = filed(town, "telegram")
    town.telegram.blocked.add("77")
    accept(town, reference)
    town.deliver()

    assert last_notice(town).state == NoticeState.HELD
    assert last_notice(town).last_error == "Forbidden"


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_notice_of_unknown_fate_is_repeated_with_the_same_number(
    town: Town, channel: str
) -> None:
    reference = filed(town, channel)
    fake = town.fake(channel)
    before = len(fake.sent)
    accept(town, reference)
    faults = iter(["drop"])
    fake.plan = lambda call: next(faults, "ok")
    for _ in range(4):
        town.deliver()
        town.clock.pass_by(seconds=10)

    texts = [sent.text for sent in since(town, fake, before)]
    assert len(texts) == 2
    assert len(set(texts)) == 1
    assert last_notice(town).state == NoticeState.SENT


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_question_of_unknown_fate_is_not_asked_twice(town: Town, channel: str) -> None:
    fake = town.fake(channel)
    faults = iter(["drop"])
    fake.plan = lambda call: next(faults, "ok")
    ChannelCitizen(town, channel, "77").say("xin chào")
    town.clock.pass_by(minutes=5)
    town.deliver()

    assert len(fake.sent) == 1
    with town.office.store.read() as tx:
        assert tx.execute(select(outbox.c.state)).scalar_one() == "uncertain"


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("fault", ["500", "503", "429"])
def test_a_refusal_for_now_is_tried_again(town: Town, channel: str, fault: str) -> None:
    fake = town.fake(channel)
    faults = iter([fault, fault])
    fake.plan = lambda call: next(faults, "ok")
    ChannelCitizen(town, channel, "77").say("xin chào")
    for _ in range(10):
        town.clock.pass_by(seconds=30)
        town.deliver()

    assert len(fake.sent) == 1


def test_a_platform_that_is_away_is_left_alone_for_a_while(town: Town) -> None:
    for user in range(12):
        town.post("telegram", town.telegram.text(str(1000 + user), "xin chào"))
    town.telegram.plan = lambda call: "500"
    town.telegram.calls.clear()
    town.work()
    tried = len(town.telegram.calls)
    town.deliver()

    assert tried <= limits("outbox")["breaker_failures"]
    assert len(town.telegram.calls) == tried
    town.telegram.plan = lambda call: "ok"
    for _ in range(8):
        town.clock.pass_by(seconds=60)
        town.deliver()
    assert len(town.telegram.sent) == 12


def test_after_hours_of_trying_a_notice_is_declared_dead(town: Town) -> None:
    reference = filed(town, "telegram")
    accept(town, reference)
    start = town.clock.now
    town.telegram.plan = lambda call: "500"
    while last_notice(town).state in (NoticeState.READY, NoticeState.LEASED):
        town.clock.pass_by(minutes=10)
        town.outbounds[0].send_once()

    assert last_notice(town).state == NoticeState.DEAD
    assert town.clock.now - start >= timedelta(hours=limits("outbox")["give_up_hours"])
    assert last_notice(town).attempts == tries_before_giving_up()


def test_a_sender_killed_while_sending_repeats_notices_but_not_questions(town: Town) -> None:
    reference = filed(town, "telegram")
    accept(town, reference)
    town.post("telegram", town.telegram.text("77", "xin chào"))
    town.clock.pass_by(seconds=2)
    town.worker.work_once(InboxState.READY)
    before = len(town.telegram.sent)
    assert town.outbounds[0]._claim() is not None  # and then it was killed
    town.clock.pass_by(minutes=2)
    assert town.outbounds[0]._claim() is not None  # the notice; killed again
    town.clock.pass_by(minutes=2)
    town.deliver()

    (sent,) = since(town, town.telegram, before)
    assert reference in sent.text
    with town.office.store.read() as tx:
        assert "uncertain" in set(tx.execute(select(outbox.c.state)).scalars())


def test_a_long_answer_is_split_and_buttons_stand_on_the_last_part(town: Town) -> None:
    office, now = town.office, town.clock.now
    text = "\n\n".join(f"Đoạn {number}. " + "chữ " * 200 for number in range(6))
    message = OutgoingMessage(text, choices=(Choice("new", "Gửi đơn mới"),))
    for channel, user in (("zalo_oa", "77"), ("telegram", "77")):
        with office.store.write() as tx:
            conversation = open_conversation(
                office.store, tx, office.sealer, Sender(channel, "1", user), language="vi", now=now
            )
            add_outbound(
                tx, office.sealer, conversation_id=conversation.id, uid=conversation.uid,
                content=message.to_content(), now=now, to_send_on=channel,
            )  # fmt: skip
    town.deliver()

    for channel in ("zalo_oa", "telegram"):
        sent = town.fake(channel).sent
        assert len(sent) > 1
        assert all(len(one.text) <= limits(channel)["longest"] for one in sent)
        assert [bool(one.buttons) for one in sent] == [False] * (len(sent) - 1) + [True]


def test_messages_to_one_person_keep_their_order_through_failures(town: Town) -> None:
    reference = filed(town, "telegram")
    copies(town, reference, 30)
    before = len(town.telegram.sent)
    faults = iter(["500", "ok", "429", "drop", "ok", "503", "drop"] * 3)
    town.telegram.plan = lambda call: next(faults, "ok")
    for _ in range(60):
        town.clock.pass_by(seconds=40)
        town.outbounds[0].send_once()

    numbers = [
        int(sent.text.partition("tin số ")[2].partition(")")[0])
        for sent in since(town, town.telegram, before)
    ]
    first_seen = list(dict.fromkeys(numbers))
    assert first_seen == sorted(first_seen)
    assert len(first_seen) == 30
    assert len(numbers) - len(first_seen) <= 6


def copies(town: Town, reference: str, count: int) -> None:
    """More notices of one petition, as if it had had a long life."""
    with town.office.store.write() as tx:
        petition, values = get_petition(tx, reference), {"reference": reference}
        for _ in range(count):
            write_notice(
                tx, town.office.sealer, petition, NoticeKind.CLOSED, values, now=town.clock.now
            )


def test_every_refusal_of_the_reference_is_in_the_table() -> None:
    table = zalo_errors()

    assert table["oa", -234].remedy == "night"
    assert table["oa", -230].remedy == table["oa", -232].remedy == "window"
    assert table["phone", -133].remedy == "night"
    assert ("oa", -118) not in table  # the same number means other things on other hosts
    assert len(table) > 45
