"""The inbox: poison aside, leases taken back, old rows forgotten, polling without loss."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from bot import inbox as rows
from bot.channel_commands import inbox_group, zalo
from bot.channels import Channels
from bot.inbox import Arrival, InboxState, LeaseLost, finish, lease, replay
from bot.leases import owner_name, release_dead
from intake.errors import SetupRefused
from intake.store.tables import conversations, inbox, messages
from tests.fakes.platforms import ChannelCitizen, Town, open_town


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    with open_town(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def sqlite_town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    with open_town(sqlite_url, tmp_path) as opened:
        yield opened


def states(town: Town) -> dict[str, int]:
    with town.office.store.read() as tx:
        return {
            row[0]: row[1]
            for row in tx.execute(select(inbox.c.state, func.count()).group_by(inbox.c.state))
        }


def poison(town: Town, event_id: str = "p1") -> None:
    """A stored payload that no translation understands."""
    arrival = Arrival("telegram", "700000001", event_id, "66", town.clock.now, b"{}")
    town.channels._receiver.store_now([arrival])


def test_poison_is_parked_after_five_tries_and_holds_up_nobody(town: Town) -> None:
    poison(town)
    start = town.clock.now
    while states(town).get("parked") is None:
        town.worker.work_once(InboxState.READY)
        town.clock.pass_by(seconds=0.5)
    assert town.clock.now - start < timedelta(seconds=60)

    with town.office.store.read() as tx:
        row = tx.execute(select(inbox)).one()
        (parked,) = rows.parked_rows(tx)
    assert row.attempts == 5
    assert row.payload_sealed != b""
    assert parked["last_error"] == "Malformed"
    assert ChannelCitizen(town, "telegram", "77").say("xin chào")


def test_a_message_behind_a_poisonous_one_waits_less_than_a_minute(town: Town) -> None:
    poison(town)
    event = town.telegram.text("66", "xin chào", sent=int(town.clock.now.timestamp()) + 1)
    town.post("telegram", event)
    start = town.clock.now
    while not town.telegram.sent:
        town.worker.work_once(InboxState.READY)
        town.deliver()
        town.clock.pass_by(seconds=1)

    assert town.clock.now - start < timedelta(seconds=120)  # `deliver` moves the clock as well


def test_a_parked_message_can_be_tried_again(town: Town) -> None:
    poison(town)
    with town.office.store.write() as tx:
        tx.execute(update(inbox).values(state=InboxState.PARKED))
        number = tx.execute(select(inbox.c.id)).scalar_one()
    with town.office.store.write() as tx:
        replay(tx, number, now=town.clock.now)

    assert states(town) == {"media": 1}


def test_a_row_that_kills_its_worker_each_time_is_parked_too(town: Town) -> None:
    town.post("telegram", town.telegram.text("77", "xin chào"))
    for _ in range(6):
        town.clock.pass_by(seconds=25)
        lease(town.office, lane=InboxState.READY, owner="dies", now=town.clock.now)

    assert states(town) == {"parked": 1}


def test_a_row_that_does_not_open_is_parked_and_holds_up_nobody(town: Town) -> None:
    town.post("telegram", town.telegram.text("77", "xin chào"))
    with town.office.store.write() as tx:
        tx.execute(update(inbox).values(payload_sealed=b"damaged"))
    town.work()

    assert states(town) == {"parked": 1}


def test_who_lost_the_lease_changes_nothing(town: Town) -> None:
    town.post("telegram", town.telegram.text("77", "xin chào"))
    town.clock.pass_by(seconds=2)
    (slow,) = lease(town.office, lane=InboxState.READY, owner="slow", now=town.clock.now)
    town.clock.pass_by(seconds=25)
    town.work()

    with pytest.raises(LeaseLost), town.office.store.write() as tx:
        finish(tx, slow, owner="slow")
    assert states(town) == {"done": 1}
    with town.office.store.read() as tx:
        query = select(func.count()).select_from(messages).where(messages.c.direction == "in")
        assert tx.execute(query).scalar_one() == 1


def test_what_a_dead_process_of_this_machine_held_is_taken_back_at_once(town: Town) -> None:
    town.post("telegram", town.telegram.text("77", "xin chào"))
    town.clock.pass_by(seconds=2)
    host = owner_name().partition(":")[0]
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    lease(town.office, lane=InboxState.READY, owner=f"{host}:{child}:x", now=town.clock.now)
    assert release_dead(town.office, now=town.clock.now) == 1
    town.clock.pass_by(seconds=1)
    town.work()

    assert states(town) == {"done": 1}


def test_what_a_living_process_or_another_machine_holds_is_left_alone(town: Town) -> None:
    for user, owner in (("77", owner_name()), ("78", "elsewhere:1:x")):
        town.post("telegram", town.telegram.text(user, "xin chào"))
        town.clock.pass_by(seconds=2)
        lease(town.office, lane=InboxState.READY, owner=owner, now=town.clock.now)

    assert release_dead(town.office, now=town.clock.now) == 0


def test_a_finished_rows_payload_is_gone_and_its_number_stays(town: Town) -> None:
    ChannelCitizen(town, "telegram", "77").say("xin chào")

    with town.office.store.read() as tx:
        row = tx.execute(select(inbox)).one()
    assert row.payload_sealed == b""
    assert row.event_id


def test_rows_are_forgotten_when_no_platform_repeats_them_any_more(town: Town) -> None:
    ChannelCitizen(town, "telegram", "77").say("xin chào")
    for days, left in ((30, 1), (11, 0)):
        town.clock.pass_by(days=days)
        with town.office.store.write() as tx:
            rows.forget_old(tx, now=town.clock.now)
        assert sum(states(town).values()) == left


def test_nothing_readable_of_a_message_stands_in_the_inbox(town: Town) -> None:
    town.post("telegram", town.telegram.text("7700770077", "một câu rất riêng"))

    with town.office.store.read() as tx:
        stored = repr(tx.execute(select(inbox)).one()).encode()
    assert b"7700770077" not in stored
    assert "riêng".encode() not in stored


def test_a_flooder_is_told_once_and_others_are_answered(sqlite_town: Town) -> None:
    town = sqlite_town
    for number in range(40):
        town.post("telegram", town.telegram.text("66", f"xin chào {number}"))
    town.post("telegram", town.telegram.text("77", "xin chào"))
    town.clock.pass_by(seconds=2)
    while town.worker.work_once(InboxState.READY):
        pass
    for _ in range(30):
        town.outbounds[0].send_once()
        town.clock.pass_by(seconds=1)

    told = [sent for sent in town.telegram.sent if sent.chat == "66"]
    assert sum("nhắn nhanh quá" in sent.text for sent in told) == 1
    assert [sent for sent in town.telegram.sent if sent.chat == "77"]
    assert states(town)["dropped"] > 0


def polling(town: Town, **settings: Any) -> Channels:
    office = town.office.settings.model_copy(
        update={
            "telegram_mode": "polling", "telegram_secret": None, "zalo_bot_mode": "polling",
            "zalo_bot_secret": None, "zalo_oa_app_id": "", **settings,
        }
    )  # fmt: skip
    return Channels(replace(town.office, settings=office))


def until(condition: Any) -> None:
    give_up = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_polling_stores_first_and_confirms_afterwards(sqlite_town: Town) -> None:
    town = sqlite_town
    town.telegram.waiting = [town.telegram.text("77", "xin chào"), town.telegram.text("78", "chào")]
    town.zalo_bot.waiting = [town.zalo_bot.text("79", "xin chào")]
    channels = polling(town)
    channels.start()
    try:
        until(lambda: len(town.telegram.sent) == 2 and len(town.zalo_bot.sent) == 1)
        until(lambda: town.telegram.waiting == [])
    finally:
        channels.stop()

    assert states(town) == {"done": 3}


def test_the_office_starts_and_works_while_telegram_is_away(sqlite_town: Town) -> None:
    town = sqlite_town
    channels = polling(town, telegram_base_url="http://127.0.0.1:1/bot")
    town.zalo_bot.waiting = [town.zalo_bot.text("79", "xin chào")]
    started = time.monotonic()
    channels.start()
    assert time.monotonic() - started < 5
    try:
        until(lambda: len(town.zalo_bot.sent) == 1)
    finally:
        channels.stop()


def test_the_webhook_registers_itself_once_there_is_an_https_address(sqlite_town: Town) -> None:
    town = sqlite_town
    faults = iter(["500"])
    town.zalo_bot.plan = lambda call: next(faults, "ok")
    settings = town.office.settings.model_copy(
        update={"public_url": "https://petitions.example/", "zalo_oa_app_id": ""}
    )
    channels = Channels(replace(town.office, settings=settings))
    channels.start()
    try:
        until(lambda: town.telegram.webhook and town.zalo_bot.webhook)
    finally:
        channels.stop()

    assert town.telegram.webhook["url"] == "https://petitions.example/webhooks/telegram"
    assert town.telegram.webhook.get("drop_pending_updates") in (None, "false", False)
    assert town.zalo_bot.webhook["url"] == "https://petitions.example/webhooks/zalo-bot"


@pytest.mark.parametrize("setting", ["telegram_secret", "zalo_bot_secret"])
def test_half_a_configuration_is_refused_at_the_start(sqlite_town: Town, setting: str) -> None:
    settings = sqlite_town.office.settings.model_copy(update={setting: None})
    with pytest.raises(SetupRefused):
        Channels(replace(sqlite_town.office, settings=settings))


def test_operators_list_and_replay_by_command(
    sqlite_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = sqlite_town
    monkeypatch.setenv("TIEPDAN_DATABASE_URL", town.office.settings.database_url)
    monkeypatch.setenv("TIEPDAN_DATA_DIR", str(town.office.settings.data_dir))
    poison(town)
    with town.office.store.write() as tx:
        tx.execute(update(inbox).values(state=InboxState.PARKED, last_error="Malformed"))
    run = CliRunner().invoke

    listed = run(inbox_group, ["parked"], catch_exceptions=False)
    assert '"last_error": "Malformed"' in listed.output
    number = listed.output.partition('"id": ')[2].partition(",")[0]
    assert run(inbox_group, ["replay", number], catch_exceptions=False).exit_code == 0
    assert states(town) == {"media": 1}
    pasted = run(zalo, ["token"], input="aaaaaaaaaaaa\nrrrrrrrrrrrr\n", catch_exceptions=False)
    assert pasted.exit_code == 0
    assert "aaaaaaaaaaaa" not in pasted.output


def test_tokens_and_words_stay_out_of_the_log(
    sqlite_town: Town, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    town = sqlite_town
    for channel in ("telegram", "zalo_oa", "zalo_bot"):
        faults = iter(["500", "429", "drop", "502", "reset"])
        town.fake(channel).plan = lambda call, left=faults: next(left, "ok")
        for number in range(5):
            town.post(channel, town.fake(channel).text(str(770 + number), "một câu rất riêng"))
        town.work()
    town.telegram.files.clear()
    poison(town)
    town.work()

    printed = capsys.readouterr()
    said = printed.out + printed.err + caplog.text
    for secret in ("AAtesttest", "testtesttest", "access-0", "refresh-0", "rất riêng"):
        assert secret not in said
    with town.office.store.read() as tx:
        assert tx.execute(select(func.count()).select_from(conversations)).scalar_one() == 15
