"""Zalo's token pair: one refresher, stored before use, loud when lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from bot.zalo_tokens import NoAccess, ZaloTokens, pasted_pair, read_pair, store_pair
from intake.errors import InvalidInput
from intake.store.tables import channel_tokens
from tests.factories import NOW
from tests.fakes.platforms import Town, open_town


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    with open_town(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as opened:
        yield opened


def test_eight_workers_who_meet_an_expired_token_refresh_once(
    town: Town, client: httpx.Client
) -> None:
    town.clock.pass_by(hours=26)
    got: list[str] = []

    def work() -> None:
        got.append(ZaloTokens(town.office, client=client, clock=town.clock).access())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert town.zalo_oa.refreshes == 1
    assert got == [town.zalo_oa.access] * 8


def test_the_new_pair_is_stored_before_it_is_used(town: Town, client: httpx.Client) -> None:
    town.clock.pass_by(hours=21)
    access = ZaloTokens(town.office, client=client, clock=town.clock).access()

    stored = read_pair(town.office)
    assert stored is not None
    assert (stored.access, stored.refresh) == (access, town.zalo_oa.refresh)


def test_no_token_stands_readable_in_the_database(town: Town) -> None:
    with town.office.store.read() as tx:
        sealed = bytes(tx.execute(select(channel_tokens.c.pair_sealed)).scalar_one())

    assert town.zalo_oa.access.encode() not in sealed
    assert town.zalo_oa.refresh.encode() not in sealed


def test_a_refresh_that_fails_early_keeps_the_old_token_until_its_end(
    town: Town, client: httpx.Client
) -> None:
    town.zalo_oa.plan = lambda call: "503" if "oauth" in call.path or "v4" in call.path else "ok"
    tokens = ZaloTokens(town.office, client=client, clock=town.clock)

    town.clock.pass_by(hours=21)
    assert tokens.access() == town.zalo_oa.access
    town.clock.pass_by(hours=5)
    with pytest.raises(NoAccess):
        tokens.access()


def test_a_used_up_pair_is_said_loudly_and_messages_are_still_received(
    town: Town, client: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    town.zalo_oa.refresh = "somebody-else-has-used-it"
    town.clock.pass_by(hours=26)

    with pytest.raises(NoAccess):
        ZaloTokens(town.office, client=client, clock=town.clock).access()
    printed = capsys.readouterr()
    assert "zalo_sign_in_again" in printed.out + printed.err
    assert town.post("zalo_oa", town.zalo_oa.text("77", "xin chào")) == 200


def test_a_token_refused_in_the_middle_is_renewed_and_the_message_sent_once(town: Town) -> None:
    town.zalo_oa.access = "revoked-early-0123456789"  # the platform's side, not ours

    assert town.post("zalo_oa", town.zalo_oa.text("77", "xin chào")) == 200
    town.work()

    assert town.zalo_oa.refreshes == 1
    assert len(town.zalo_oa.sent) == 1


def test_a_refresher_who_died_does_not_lock_the_others_out(
    town: Town, client: httpx.Client
) -> None:
    tokens = ZaloTokens(town.office, client=client, clock=town.clock)
    assert tokens._take_lock()
    town.clock.pass_by(hours=26)

    assert tokens.access() == town.zalo_oa.access


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token": "aaaaaaaaaaaa", "refresh_token": "rrrrrrrrrrrr", "expires_in": "90000"}',
        '{"access_token": "aaaaaaaaaaaa", "refresh_token": "rrrrrrrrrrrr"}',
        "aaaaaaaaaaaa\nrrrrrrrrrrrr\n",
    ],
)
def test_a_pasted_pair_is_read_in_every_form(text: str) -> None:
    pair = pasted_pair(text, now=NOW)

    assert (pair.access, pair.refresh) == ("aaaaaaaaaaaa", "rrrrrrrrrrrr")
    assert pair.expires_at in (NOW, NOW + timedelta(hours=25))


@pytest.mark.parametrize(
    "text",
    ["", "one", "a b c", "{", "[]", '{"access_token": 5, "refresh_token": "rrrrrrrrrrrr"}',
     '{"access_token": "aaaaaaaaaaaa", "refresh_token": "rrrrrrrrrrrr", "expires_in": "x"}'],
)  # fmt: skip
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        pasted_pair(text, now=NOW)


def test_a_pair_pasted_later_replaces_the_old_one(town: Town) -> None:
    pair = pasted_pair("bbbbbbbbbbbb\nssssssssssss", now=town.clock.now)
    store_pair(town.office, pair, now=town.clock.now)

    stored = read_pair(town.office)
    assert stored is not None
    assert stored.access == "bbbbbbbbbbbb"


class Killed(BaseException):
    """The process ends here, as far as the code under test can tell."""


def killed(*_: object, **__: object) -> None:
    raise Killed


def test_killed_before_the_exchange_or_after_the_commit_the_pair_is_usable(
    town: Town, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.clock.pass_by(hours=26)
    for place in ("_exchange", "_release_lock"):
        with monkeypatch.context() as patch:
            patch.setattr(ZaloTokens, place, killed)
            with pytest.raises(Killed):
                ZaloTokens(town.office, client=client, clock=town.clock).access()
        town.clock.pass_by(minutes=2)  # the dead refresher's lock runs out

        assert ZaloTokens(town.office, client=client, clock=town.clock).access()
        town.clock.pass_by(hours=26)


def test_killed_between_exchange_and_commit_the_loss_is_said_loudly(
    town: Town,
    client: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    town.clock.pass_by(hours=26)
    with monkeypatch.context() as patch:
        patch.setattr("bot.zalo_tokens.store_pair", killed)
        with pytest.raises(Killed):
            ZaloTokens(town.office, client=client, clock=town.clock).access()
    town.clock.pass_by(minutes=2)

    with pytest.raises(NoAccess):
        ZaloTokens(town.office, client=client, clock=town.clock).access()
    printed = capsys.readouterr()
    assert "zalo_sign_in_again" in printed.out + printed.err
