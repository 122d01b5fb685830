"""Turns as transactions: one conversation however many first messages come, nothing by halves."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from bot.delivery import NoticeWriter, write_waiting_notices
from bot.messages import IncomingMessage
from bot.turn import Turn, take_turn
from intake import actions
from intake.conversations import Sender, find_conversation, messages_since
from intake.limits import Limit
from intake.office import Office
from intake.store.tables import conversations, messages, notices, petitions
from tests.factories import NOW, build_office, officer
from tests.talking import STORY, to_summary

ME = Sender("web", "web", "one-person-with-many-thumbs")


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    office = build_office(database_url, tmp_path)
    yield office
    office.store.close()


def say(office: Office, text: str, number: str, seconds: int = 0) -> Turn:
    now = NOW + timedelta(seconds=seconds)
    return take_turn(office, IncomingMessage(ME, text, number, now), now=now)


def tell(office: Office, story: str = STORY, seconds: int = 0) -> None:
    """Tell a story up to its summary."""
    said = [0]

    def once(text: str) -> list[str]:
        said[0] += 1
        turn = say(office, text, f"{story[:20].replace(' ', '-')}{said[0]}", seconds)
        return [reply.message.topic for reply in turn.replies]

    to_summary(once, story)


def count(office: Office, table: object) -> int:
    with office.store.read() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_eight_first_messages_at_once_make_one_conversation(office: Office) -> None:
    with ThreadPoolExecutor(8) as pool:
        turns = list(pool.map(lambda n: say(office, "xin chào", f"m{n}"), range(8)))

    assert count(office, conversations) == 1
    assert all(turn.replies and not turn.held for turn in turns)
    assert count(office, messages) == 16


def test_one_message_delivered_eight_times_at_once_is_answered_once(office: Office) -> None:
    with ThreadPoolExecutor(8) as pool:
        turns = list(pool.map(lambda _: say(office, "menu", "the-same"), range(8)))

    assert len({turn.replies for turn in turns}) == 1
    assert sum(not turn.repeated for turn in turns) == 1
    assert count(office, messages) == 2


def test_eight_confirmations_at_once_file_one_petition(office: Office) -> None:
    tell(office)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: say(office, "gửi", f"yes{n}"), range(8)))

    assert count(office, petitions) == 1


def test_a_damaged_state_is_a_fresh_start_and_never_a_brick(office: Office) -> None:
    tell(office)
    with office.store.write() as tx:
        tx.execute(update(conversations).values(state_sealed=b"\x01\x00\x01broken"))

    turn = say(office, "xin chào", "again", seconds=30)

    assert [reply.message.topic for reply in turn.replies] == ["talk.greeting"]


def test_a_turn_that_fails_leaves_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(office)
    before = {table: count(office, table) for table in (messages, petitions, conversations)}

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr("bot.turn.save_state", fail)
        with pytest.raises(RuntimeError):
            say(office, "gửi", "yes", seconds=30)

    assert {table: count(office, table) for table in before} == before
    say(office, "gửi", "yes", seconds=40)
    assert count(office, petitions) == 1


def test_a_notice_is_written_once_however_many_look_for_it(office: Office) -> None:
    tell(office)
    say(office, "gửi", "yes", seconds=10)
    with office.store.read() as tx:
        reference, agency = tx.execute(select(petitions.c.reference, petitions.c.agency)).one()
        conversation = find_conversation(tx, office.sealer, ME)
    assert conversation is not None
    by = officer(office, agency=agency)
    with office.store.write() as tx:
        actions.accept(office, tx, by, reference, now=NOW + timedelta(hours=1))
        actions.answer(
            office, tx, by, reference, actions.Answer("Đã sửa."), now=NOW + timedelta(hours=2)
        )
    later = NOW + timedelta(hours=3)
    writers = [NoticeWriter(office, clock=lambda: later) for _ in range(4)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda w: w.deliver_to(conversation.id), writers * 2))
        list(
            pool.map(
                lambda n: write_waiting_notices(office, channel="web", owner=f"w{n}", now=later),
                range(4),
            )
        )

    with office.store.read() as tx:
        told = [
            m.content["topic"]
            for m in messages_since(tx, office.sealer, conversation, after=0)
            if m.notice_id is not None
        ]
        states = set(tx.execute(select(notices.c.state)).scalars())
    assert told == ["notice.accepted", "notice.answered"]
    assert states == {"sent"}


def test_a_notice_nobody_can_word_holds_up_no_other_one(office: Office) -> None:
    tell(office)
    say(office, "gửi", "yes", seconds=10)
    with office.store.read() as tx:
        reference, agency = tx.execute(select(petitions.c.reference, petitions.c.agency)).one()
    with office.store.write() as tx:
        actions.accept(
            office, tx, officer(office, agency=agency), reference, now=NOW + timedelta(hours=1)
        )
        broken = office.sealer.seal(
            '{"reference": "X", "rule": "NO-SUCH-RULE"}', about=f"notice:{reference}:1"
        )
        tx.execute(update(notices).values(values_sealed=broken))

    written = write_waiting_notices(office, channel="web", owner="w", now=NOW + timedelta(hours=2))

    assert written == 0
    with office.store.read() as tx:
        state, error = tx.execute(select(notices.c.state, notices.c.last_error)).one()
    assert (state, error) == ("ready", "UnknownRule")


def test_the_secret_part_is_stored_as_a_hash_only(office: Office) -> None:
    tell(office)
    receipt = say(office, "gửi", "yes", seconds=10).replies[0].message.receipt
    assert receipt is not None

    with office.store.read() as tx:
        stored = tx.execute(select(petitions.c.secret_hash)).scalar_one()
    assert stored.startswith("$argon2id$")
    assert receipt.secret not in stored


def test_so_many_petitions_a_day_are_enough_for_one_chat(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.turn.FILINGS", Limit(1, timedelta(days=1)))
    tell(office)
    say(office, "gửi", "yes", seconds=10)
    tell(office, "Karaoke ở ấp 2 xã Càng Long mở tới khuya, ồn ào không ngủ được", 20)

    turn = say(office, "gửi", "yes again", seconds=30)

    assert [reply.message.topic for reply in turn.replies] == ["error.too-many"]
    assert count(office, petitions) == 1
