"""Access to a Zalo Official Account: a pair of tokens, the older of which works once.

The refresh token is single use: two who refresh at once, or a crash between refreshing and
storing, lose the account until a person signs in again. So one refresher holds the lock of the
job's row, and the new pair is on disk before anybody uses it. Receiving needs no token: when the
pair is lost, citizens' messages still arrive, and operators are told loudly.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from bot.channel_data import limits
from bot.sending import SlowDown
from intake.clock import utc_now
from intake.errors import InvalidInput
from intake.office import Office
from intake.store.engine import Transaction
from intake.store.tables import channel_tokens, rate_buckets

_log = structlog.get_logger()

CHANNEL = "zalo_oa"
_LOCK = "refresh:zalo_oa"
_LONGEST_TOKEN = 4_000
# Who refreshes has this long; a killed refresher's lock is free again afterwards.
_LOCK_FOR = timedelta(seconds=60)
_WAIT_SECONDS = 0.2


@dataclass(frozen=True)
class Pair:
    """An access token, the refresh token that replaces it, and when the access ends."""

    access: str
    refresh: str
    expires_at: datetime


class NoAccess(SlowDown):
    """There is no usable access token; a person may have to sign in again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, pause=timedelta(minutes=5), everything=True)


class ZaloTokens:
    """The pair of one installation, shared by all its processes through the database."""

    def __init__(
        self,
        office: Office,
        *,
        client: httpx.Client,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._office = office
        self._client = client
        self._clock = clock
        self._waiter = threading.Event()

    def access(self, *, refused: str = "") -> str:
        """A usable access token, refreshed if it is near its end.

        Args:
            refused: the token the platform has just refused; another one is wanted.

        Raises:
            NoAccess: there is none, and none can be had now.
        """
        pair = read_pair(self._office)
        if pair is None:
            raise NoAccess("NoToken")
        margin = timedelta(hours=limits(CHANNEL)["refresh_before_hours"])
        now = self._clock()
        if pair.access != refused and now < pair.expires_at - margin:
            return pair.access
        try:
            return self._refreshed(pair)
        except NoAccess:
            # Early refreshing is a precaution: until the end the old token does.
            if pair.access != refused and now < pair.expires_at:
                return pair.access
            raise

    def _refreshed(self, old: Pair) -> str:
        deadline = self._clock() + _LOCK_FOR
        while not self._take_lock():
            self._waiter.wait(_WAIT_SECONDS)
            pair = read_pair(self._office)
            if pair is not None and pair.access != old.access:
                return pair.access
            if self._clock() > deadline:
                raise NoAccess("RefreshBusy")
        try:
            # Somebody may have been quicker between our reading and our lock.
            pair = read_pair(self._office)
            if pair is not None and pair.access != old.access:
                return pair.access
            new = self._exchange(pair or old)
            store_pair(self._office, new, now=self._clock())
            return new.access
        finally:
            self._release_lock()

    def _exchange(self, old: Pair) -> Pair:
        settings = self._office.settings
        secret = settings.zalo_oa_app_secret
        if secret is None or not settings.zalo_oa_app_id:
            raise NoAccess("NoAppSecret")
        try:
            answer = self._client.post(
                f"{settings.zalo_oa_oauth_url}/v4/oa/access_token",
                data={
                    "refresh_token": old.refresh,
                    "app_id": settings.zalo_oa_app_id,
                    "grant_type": "refresh_token",
                },
                headers={"secret_key": secret.get_secret_value()},
            )
            content = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            # The token may be used up without our having the new pair: nobody can tell.
            _log.error("zalo_refresh_failed", error=type(error).__name__)
            raise NoAccess("RefreshFailed") from None
        try:
            lifetime = timedelta(seconds=int(content["expires_in"]))
            return Pair(
                str(content["access_token"]),
                str(content["refresh_token"]),
                self._clock() + lifetime,
            )
        except (KeyError, TypeError, ValueError):
            code = content.get("error") if isinstance(content, dict) else None
            _log.error("zalo_sign_in_again", code=code if isinstance(code, int) else None)
            raise NoAccess("RefreshRefused") from None

    def _take_lock(self) -> bool:
        store, now = self._office.store, self._clock()
        build = sqlite_insert if store.is_sqlite else postgresql_insert
        with store.write() as tx:
            tx.execute(
                build(rate_buckets).values(bucket=_LOCK, next_at=now).on_conflict_do_nothing()
            )
            taken = tx.execute(
                update(rate_buckets)
                .where(rate_buckets.c.bucket == _LOCK, rate_buckets.c.next_at <= now)
                .values(next_at=now + _LOCK_FOR)
            )
            return taken.rowcount == 1

    def _release_lock(self) -> None:
        with self._office.store.write() as tx:
            tx.execute(
                update(rate_buckets)
                .where(rate_buckets.c.bucket == _LOCK)
                .values(next_at=self._clock())
            )


def read_pair(office: Office) -> Pair | None:
    """The stored pair, or None."""
    with office.store.read() as tx:
        row = (
            tx.execute(select(channel_tokens).where(channel_tokens.c.channel == CHANNEL))
            .mappings()
            .first()
        )
    if row is None:
        return None
    stored = json.loads(office.sealer.open(row["pair_sealed"], about=_about()))
    return Pair(stored["access"], stored["refresh"], row["expires_at"])


def store_pair(office: Office, pair: Pair, *, now: datetime) -> None:
    """Keep a pair, sealed; on return it is on disk."""
    values = {
        "pair_sealed": office.sealer.seal(
            json.dumps({"access": pair.access, "refresh": pair.refresh}), about=_about()
        ),
        "expires_at": pair.expires_at,
        "updated_at": now,
    }
    build = sqlite_insert if office.store.is_sqlite else postgresql_insert
    with office.store.write() as tx:
        tx.execute(
            build(channel_tokens)
            .values(channel=CHANNEL, **values)
            .on_conflict_do_update(index_elements=["channel"], set_=values)
        )


def pasted_pair(text: str, *, now: datetime) -> Pair:
    """A pair as the console's API explorer shows it: JSON, or two lines, access token first.

    Raises:
        InvalidInput: it is neither.
    """
    text = text.strip()
    found: Mapping[str, Any]
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except ValueError as error:
            raise InvalidInput(field="token", reason="malformed") from error
    else:
        lines = text.split()
        if len(lines) != 2:
            raise InvalidInput(field="token", reason="malformed")
        found = {"access_token": lines[0], "refresh_token": lines[1]}
    access, refresh = found.get("access_token"), found.get("refresh_token")
    for token in (access, refresh):
        if not isinstance(token, str) or not 10 <= len(token) <= _LONGEST_TOKEN:
            raise InvalidInput(field="token", reason="malformed")
    assert isinstance(access, str)
    assert isinstance(refresh, str)
    try:
        lifetime = timedelta(seconds=int(found.get("expires_in", 0) or 0))
    except (TypeError, ValueError) as error:
        raise InvalidInput(field="token", reason="malformed") from error
    # Of unknown age: the first use refreshes it.
    return Pair(access, refresh, now + lifetime)


def expiry(tx: Transaction) -> tuple[datetime, datetime] | None:
    """When the access token ends and when the pair was last renewed; None without a pair."""
    row = tx.execute(
        select(channel_tokens.c.expires_at, channel_tokens.c.updated_at).where(
            channel_tokens.c.channel == CHANNEL
        )
    ).first()
    return None if row is None else (row.expires_at, row.updated_at)


def _about() -> str:
    return f"channel_tokens:{CHANNEL}"
