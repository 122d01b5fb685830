"""Officers are told by chat or mail as each chose: linked by code, in office hours, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from intake import actions
from intake.accounts import NewAccount, change_officer, get_officer
from intake.clock import start_of_day
from intake.errors import InvalidInput, TooMany
from intake.officer_contacts import (
    CHATS,
    CODE_LIFETIME,
    CODE_TRIES,
    NOTHING_CHOSEN,
    USUAL_TOPICS,
    Choice,
    Topic,
    Way,
    choice_of,
    choose,
    confirm_email,
    contacts_of,
    link_code,
    pending_of,
    profiles,
    read_link_code,
    unlink,
)
from intake.officer_messages import (
    MessageState,
    ask_email,
    ask_test,
    claim_message,
    message_counts,
    settle_sent,
)
from intake.officers import SYSTEM, Officer
from intake.petition import Petition, PetitionKind
from intake.schedule import run_due_jobs
from intake.status import Role
from intake.store.tables import contact_codes, officer_contacts, officer_messages, officer_notices
from tests.factories import NOW, agency_of, file, file_signed
from tests.fakes.platforms import Town, open_town
from tests.integration.test_officer_warnings import hire

USER = "5501"
ADDRESS = "can-bo@example.vn"


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    yield from opened(sqlite_url, tmp_path)


@pytest.fixture
def any_town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """Where locks and conflicting writes matter: on both databases."""
    yield from opened(database_url, tmp_path)


def opened(url: str, folder: Path) -> Iterator[Town]:
    settings = {
        "public_url": "https://td.example.vn",
        "smtp_host": "127.0.0.1",
        "smtp_from": "Tiếp Dân <khong-tra-loi@example.vn>",
    }
    with open_town(url, folder, **settings) as opened:
        opened.clock.now = NOW
        own = agency_of(opened.office, "so-xay-dung")
        hire(opened.office, "clerk", Role.AGENCY_CLERK, own)
        hire(opened.office, "head", Role.HEAD, own)
        run_due_jobs(opened.office, now=NOW)
        yield opened


def who(town: Town, name: str = "clerk") -> Officer:
    with town.office.store.read() as tx:
        return get_officer(tx, name)


def code_for(town: Town, way: Way, name: str = "clerk") -> str:
    with town.office.store.write() as tx:
        return link_code(town.office, tx, get_officer(tx, name), way, now=town.clock.now)


def say(town: Town, way: Way, text: str, user: str = USER) -> list[str]:
    """Somebody writes to our bot; what comes back."""
    fake = town.fake(way)
    before = len(fake.sent)
    assert town.post(way, fake.text(user, text)) == 200
    town.work()
    return [sent.text for sent in fake.sent[before:] if sent.chat == user]


def linked(town: Town, way: Way, *topics: Topic, name: str = "clerk", user: str = USER) -> None:
    """The officer's chat is linked, with these topics on."""
    say(town, way, code_for(town, way, name), user)
    with town.office.store.write() as tx:
        choose(tx, get_officer(tx, name), way, topics, now=town.clock.now)


def assigned(town: Town, petition: Petition) -> None:
    with town.office.store.write() as tx:
        head, clerk = get_officer(tx, "head"), get_officer(tx, "clerk")
        actions.assign(town.office, tx, head, petition.reference, to=clerk, now=town.clock.now)


def told(town: Town, way: Way = Way.TELEGRAM, user: str = USER) -> list[str]:
    """What reached the officer's chat since the last time, after the work of now."""
    fake = town.fake(way)
    before = len(fake.sent)
    run_due_jobs(town.office, now=town.clock.now)
    town.deliver()
    return [sent.text for sent in fake.sent[before:] if sent.chat == user]


def at(day: Any, hour: int = 9) -> datetime:
    return start_of_day(day) + timedelta(hours=hour)


def messages(town: Town) -> list[Any]:
    with town.office.store.read() as tx:
        return list(tx.execute(select(officer_messages).order_by(officer_messages.c.id)).all())


# ---- linking --------------------------------------------------------------------------------


@pytest.mark.parametrize("way", CHATS)
def test_a_chat_is_linked_by_a_code_sent_from_it_once(any_town: Town, way: Way) -> None:
    town = any_town
    code = code_for(town, way)
    assert "Đã liên kết" in say(town, way, code)[0]
    with town.office.store.read() as tx:
        assert contacts_of(town.office, tx, who(town).id)[way].address == USER
        assert choice_of(tx, who(town).id) == Choice(way, USUAL_TOPICS[way])
        (sealed,) = tx.execute(select(officer_contacts.c.address_sealed)).scalars()
    assert USER.encode() not in sealed
    assert "không đúng hoặc đã hết hạn" in say(town, way, code, "6602")[0]
    with town.office.store.read() as tx:
        assert contacts_of(town.office, tx, who(town).id)[way].address == USER


@pytest.mark.parametrize(
    "shape",
    ["/start {}", "/start@t_bot {}", "{}", " {} ", "{}".lower()],
)
def test_a_code_is_read_as_the_link_and_as_people_type_it(town: Town, shape: str) -> None:
    code = code_for(town, Way.TELEGRAM)
    assert "Đã liên kết" in say(town, Way.TELEGRAM, shape.format(code.lower()))[0]


def test_a_code_ends_and_a_newer_one_makes_it_void(town: Town) -> None:
    first = code_for(town, Way.TELEGRAM)
    second = code_for(town, Way.TELEGRAM)
    assert "không đúng" in say(town, Way.TELEGRAM, first)[0]
    town.clock.now += CODE_LIFETIME
    assert "không đúng" in say(town, Way.TELEGRAM, second)[0]
    with town.office.store.read() as tx:
        assert contacts_of(town.office, tx, who(town).id) == {}


def test_guessing_codes_is_slowed_down(town: Town) -> None:
    answers = [say(town, Way.TELEGRAM, f"CB-2222{n}-33333") for n in range(2, 10)]
    answers += [say(town, Way.TELEGRAM, f"CB-4444{n}-33333") for n in range(2, 10)]
    assert sum(len(each) for each in answers) == 10


@pytest.mark.parametrize("text", ["CB", "xin chào CB-22222-33333", "CB-22222-3333", "/start"])
def test_what_is_no_code_is_a_citizens_message(text: str) -> None:
    assert read_link_code(text) is None


def test_an_email_address_is_proven_by_the_code_mailed_to_it(any_town: Town) -> None:
    town = any_town
    office, now, clerk = town.office, town.clock.now, who(town)
    with office.store.write() as tx:
        ask_email(office, tx, clerk, ADDRESS, now=now)
    message = claim_message(office, Way.EMAIL, owner="t", now=now, lease=timedelta(minutes=1))
    assert message is not None
    assert (message.to, len(message.code)) == (ADDRESS, 6)
    wrong = "000000" if message.code != "000000" else "000001"
    with office.store.write() as tx:
        assert pending_of(office, tx, clerk.id, now=now)[Way.EMAIL].address == ADDRESS
        assert choice_of(tx, clerk.id) == NOTHING_CHOSEN
        assert not confirm_email(office, tx, clerk, wrong, now=now)
        assert confirm_email(office, tx, clerk, f" {message.code[:3]} {message.code[3:]}", now=now)
        assert contacts_of(office, tx, clerk.id)[Way.EMAIL].address == ADDRESS
        assert choice_of(tx, clerk.id).way is Way.EMAIL
        assert tx.execute(select(contact_codes)).all() == []


def test_a_mailed_code_may_be_tried_a_few_times_and_for_a_while_only(town: Town) -> None:
    office, now, clerk = town.office, town.clock.now, who(town)

    def fresh() -> str:
        with office.store.write() as tx:
            ask_email(office, tx, clerk, ADDRESS, now=now)
        found = claim_message(office, Way.EMAIL, owner="t", now=now, lease=timedelta(minutes=1))
        assert found is not None
        return found.code

    code = fresh()
    wrong = "000000" if code != "000000" else "000001"
    with office.store.write() as tx:
        for _ in range(CODE_TRIES):
            assert not confirm_email(office, tx, clerk, wrong, now=now)
        assert not confirm_email(office, tx, clerk, code, now=now)
    code = fresh()
    with office.store.write() as tx:
        assert not confirm_email(office, tx, clerk, code, now=now + CODE_LIFETIME)
        assert not confirm_email(office, tx, who(town, "head"), code, now=now)
    for _ in range(3):
        fresh()
    with pytest.raises(TooMany):
        fresh()


def test_a_way_without_a_proven_address_cannot_be_chosen(town: Town) -> None:
    with town.office.store.write() as tx, pytest.raises(InvalidInput):
        choose(tx, who(town), Way.EMAIL, [Topic.NEW], now=NOW)


def test_bots_tell_what_they_are_called(town: Town) -> None:
    for chore in town.channels._chores:
        if "_learn_name" in chore.__qualname__:
            chore()
    with town.office.store.read() as tx:
        assert profiles(tx) == {Way.TELEGRAM: "t_bot", Way.ZALO_BOT: "bot.thu"}


# ---- what is told ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", CHATS)
def test_an_assignment_is_told_with_reference_and_link_and_nothing_else(
    town: Town, way: Way
) -> None:
    linked(town, way, Topic.ASSIGNED)
    petition = file(town.office, now=town.clock.now)
    assigned(town, petition)
    (text,) = told(town, way)
    assert f"{petition.reference}: đơn mới được giao cho đồng chí" in text
    assert f"https://td.example.vn/console/petitions/{petition.reference}" in text
    for hidden in ("xe buýt", "Nghiệm", "0900000001"):
        assert hidden not in text
    assert told(town, way) == []


def test_each_event_is_told_to_who_wants_it_and_to_nobody_else(town: Town) -> None:
    linked(town, Way.TELEGRAM, Topic.NEW, Topic.INFORMATION)
    linked(town, Way.TELEGRAM, Topic.DUTY, name="head", user="7703")
    petition = file(town.office, now=town.clock.now)
    (new,) = told(town)
    assert f"{petition.reference}: đơn mới của cơ quan" in new
    assigned(town, petition)
    assert told(town) == []  # assignments are switched off
    with town.office.store.write() as tx:
        actions.add_information(
            town.office, tx, petition.reference, text="Thêm một ý.", now=town.clock.now
        )
    (added,) = told(town)
    assert f"{petition.reference}: công dân vừa bổ sung thông tin" in added
    assert "Thêm một ý" not in added
    assert all(sent.chat != "7703" for sent in town.telegram.sent[2:])


@pytest.mark.parametrize(
    ("days", "topic", "words"),
    [
        (-1, Topic.DUE_SOON, "sắp đến hạn"),
        (0, Topic.DUE_SOON, "hôm nay"),
        (1, Topic.OVERDUE, "quá"),
    ],
)
def test_dates_near_and_past_are_told(town: Town, days: int, topic: Topic, words: str) -> None:
    linked(town, Way.TELEGRAM, topic)
    petition = file(town.office, now=town.clock.now)
    assigned(town, petition)
    assert petition.next_due is not None
    town.clock.now = at(town.office.calendar.add_working_days(petition.next_due, days))
    (text,) = told(town)
    assert petition.reference in text
    assert words in text


def test_what_comes_together_is_told_in_one_message(any_town: Town) -> None:
    town = any_town
    linked(town, Way.TELEGRAM, Topic.NEW)
    references = [file(town.office, now=town.clock.now).reference for _ in range(14)]
    (text,) = told(town)
    assert sum(reference in text for reference in references) == 12
    assert "và 2 việc khác" in text
    assert "https://td.example.vn/console/notices" in text


def test_nobody_is_told_outside_office_hours_but_when_they_begin(town: Town) -> None:
    linked(town, Way.TELEGRAM, Topic.NEW)
    file(town.office, now=town.clock.now)
    run_due_jobs(town.office, now=town.clock.now)
    evening = at(NOW.date(), 19)
    town.clock.now = evening
    town.deliver()
    assert [row.state for row in messages(town)] == [MessageState.READY]
    with town.office.store.read() as tx:
        assert message_counts(tx) == {("telegram", "ready"): 1}
    assert messages(town)[0].due_at == at(NOW.date() + timedelta(days=1), 7) + timedelta(minutes=30)
    town.clock.now = at(NOW.date() + timedelta(days=1), 8)
    town.deliver()
    assert [row.state for row in messages(town)] == [MessageState.SENT]


def test_what_was_settled_meanwhile_is_not_told(town: Town) -> None:
    linked(town, Way.TELEGRAM, Topic.NEW)
    petition = file(town.office, now=town.clock.now)
    run_due_jobs(town.office, now=town.clock.now)
    assigned(town, petition)
    before = len(town.telegram.sent)
    town.deliver()
    assert town.telegram.sent[before:] == []
    assert [row.state for row in messages(town)] == [MessageState.SETTLED]


def test_a_digest_tells_what_no_message_told(any_town: Town) -> None:
    town = any_town
    linked(town, Way.TELEGRAM, Topic.ASSIGNED, Topic.DIGEST)
    first, second = (file(town.office, now=town.clock.now) for _ in range(2))
    assigned(town, first)
    town.clock.now = NOW + timedelta(minutes=30)
    texts = told(town)
    assert any(first.reference in text for text in texts)
    town.clock.now = at(NOW.date(), 14)
    (digest,) = told(town)
    assert "đang chờ đồng chí xử lý" in digest
    assert second.reference in digest
    assert first.reference not in digest
    town.clock.now = at(NOW.date(), 15)
    assert told(town) == []


def test_a_denunciation_is_told_by_its_reference_to_the_cleared_alone(town: Town) -> None:
    own = agency_of(town.office, "so-xay-dung")
    hire(town.office, "cleared", Role.AGENCY_CLERK, own, cleared=True)
    linked(town, Way.TELEGRAM, Topic.NEW)
    linked(town, Way.TELEGRAM, Topic.NEW, name="cleared", user="8804")
    petition = file_signed(town.office, PetitionKind.TC)
    before = len(town.telegram.sent)
    assert told(town) == []
    (sent,) = town.telegram.sent[before:]
    assert sent.chat == "8804"
    assert petition.reference in sent.text
    for hidden in ("tố cáo", "Nghiệm", "xe buýt"):
        assert hidden not in sent.text


# ---- when it does not go out ----------------------------------------------------------------


def test_an_answer_that_was_lost_makes_a_repeat_with_the_same_number(town: Town) -> None:
    linked(town, Way.TELEGRAM, Topic.NEW)
    file(town.office, now=town.clock.now)
    plans = iter(["drop"])
    town.telegram.plan = lambda call: (
        next(plans, "ok") if call.path.lower().endswith("sendmessage") else "ok"
    )
    texts = told(town)
    assert len(texts) == 1
    town.clock.pass_by(minutes=2)
    (repeat,) = told(town)
    assert repeat == texts[0]
    assert f"Tin số {messages(town)[0].id}." in repeat


def test_a_platform_that_is_away_is_tried_again_and_given_up_after_hours(town: Town) -> None:
    linked(town, Way.TELEGRAM, Topic.NEW, Topic.DIGEST)
    petition = file(town.office, now=town.clock.now)
    town.telegram.plan = lambda call: "500"
    tries = 0
    while messages(town)[:1] == [] or messages(town)[0].state != MessageState.DEAD:
        told(town)
        tries += 1
        assert tries < 60
        town.clock.now = max(row.due_at for row in messages(town)) + timedelta(seconds=40)
    given_up = messages(town)[0]
    assert given_up.attempts == 12
    town.telegram.plan = lambda call: "ok"
    town.clock.now = at(town.clock.now.date() + timedelta(days=1), 14)
    texts = told(town)
    assert any(petition.reference in text for text in texts)


def test_an_officer_who_blocked_the_bot_is_shown_it_and_not_tried_again(any_town: Town) -> None:
    town = any_town
    linked(town, Way.TELEGRAM, Topic.NEW)
    town.telegram.blocked.add(USER)
    file(town.office, now=town.clock.now)
    assert told(town) == []
    with town.office.store.read() as tx:
        assert contacts_of(town.office, tx, who(town).id)[Way.TELEGRAM].fault == "Forbidden"
        untold = tx.execute(
            select(officer_notices.c.id).where(officer_notices.c.message_id.is_not(None))
        ).all()
    assert untold == []
    file(town.office, now=town.clock.now)
    run_due_jobs(town.office, now=town.clock.now)
    assert len(messages(town)) == 1
    town.telegram.blocked.clear()
    with town.office.store.write() as tx:
        ask_test(town.office, tx, who(town), Way.TELEGRAM, now=town.clock.now)
    town.clock.now = at(NOW.date(), 22)  # asked for just now: at once, whatever the hour
    town.deliver()
    assert "tin thử" in town.telegram.sent[-1].text
    with town.office.store.read() as tx:
        assert contacts_of(town.office, tx, who(town).id)[Way.TELEGRAM].fault == ""


def test_who_unlinks_or_leaves_is_not_told(town: Town) -> None:
    linked(town, Way.TELEGRAM, Topic.NEW)
    file(town.office, now=town.clock.now)
    run_due_jobs(town.office, now=town.clock.now)
    with town.office.store.write() as tx:
        unlink(tx, who(town), Way.TELEGRAM, now=town.clock.now)
        assert choice_of(tx, who(town).id).way is None
    before = len(town.telegram.sent)
    town.deliver()
    assert town.telegram.sent[before:] == []
    linked(town, Way.TELEGRAM, Topic.NEW)
    file(town.office, now=town.clock.now)
    run_due_jobs(town.office, now=town.clock.now)
    with town.office.store.write() as tx:
        gone = get_officer(tx, "clerk")
        account = NewAccount(gone.username, gone.display_name, gone.role, gone.agency)
        change_officer(town.office, tx, account, active=False, by=SYSTEM, now=town.clock.now)
    before = len(town.telegram.sent)
    town.deliver()
    assert town.telegram.sent[before:] == []
    assert {row.state for row in messages(town)} == {MessageState.SETTLED}


def test_messages_hold_no_text_and_a_sent_code_is_wiped(town: Town) -> None:
    office, now = town.office, town.clock.now
    with office.store.write() as tx:
        ask_email(office, tx, who(town), ADDRESS, now=now)
    (row,) = messages(town)
    assert ADDRESS.encode() not in row.values_sealed
    message = claim_message(office, Way.EMAIL, owner="t", now=now, lease=timedelta(minutes=1))
    assert message is not None
    assert message.code.encode() not in row.values_sealed
    with office.store.write() as tx:
        settle_sent(tx, message, owner="somebody else", now=now)
    assert messages(town)[0].state == MessageState.LEASED
    with office.store.write() as tx:
        settle_sent(tx, message, owner="t", now=now)
    assert messages(town)[0].values_sealed is None
