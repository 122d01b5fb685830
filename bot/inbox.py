"""The durable inbox: a platform's message is stored, then acknowledged, and worked off later.

`Receiver.store` returns once the row is on disk; only then does a webhook answer 200. A row is
known by (channel, account, event id), so a repeat changes nothing. Workers lease rows, in order per
sender by the platform's clock; a row is marked done in the transaction of its effects, so that
each has exactly one. What fails again and again is parked for a person, with its payload sealed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from anyio import to_thread
from sqlalchemy import RowMapping, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import SQLAlchemyError

from bot.channel_data import limits, seconds
from bot.events import bounded_id
from intake.clock import utc_now
from intake.errors import NotFound, SealBroken, StorageAway
from intake.office import Office
from intake.store.engine import Transaction
from intake.store.tables import inbox, rate_buckets

_log = structlog.get_logger()

# Zalo gives up after two seconds; an answer that late may as well be a refusal.
_PATIENCE_SECONDS = 1.5
_MOST_WAITING = 2_000
_MOST_IN_ONE_COMMIT = 200
_EMPTY_BUCKETS = timedelta(days=2)


class InboxState(StrEnum):
    """Where a row stands. The first two wait for work; which of them decides the worker."""

    READY = "ready"
    MEDIA = "media"  # files have to be fetched first: slow, so another worker's
    DONE = "done"
    DROPPED = "dropped"  # beyond the sender's limit: counted, and the sender was told once
    PARKED = "parked"  # failed again and again; waits for a person


UNFINISHED = (InboxState.READY, InboxState.MEDIA)


@dataclass(frozen=True)
class Arrival:
    """What is stored of a call. `has_media` sends it to the workers that fetch files."""

    channel: str
    account: str
    event_id: str
    sender_id: str
    sent_at: datetime
    body: bytes
    has_media: bool = False


@dataclass(frozen=True)
class Leased:
    """A row in a worker's hands. `attempts` counts this one."""

    id: int
    channel: str
    account: str
    event_id: str
    body: bytes
    received_at: datetime
    attempts: int


class LeaseLost(Exception):
    """The lease ran out and the row is another worker's; whatever was done is rolled back."""


class Receiver:
    """Stores arrivals. Calls that wait at the same time share one commit."""

    def __init__(
        self,
        office: Office,
        *,
        clock: Callable[[], datetime] = utc_now,
        stored: Callable[[], None] = lambda: None,
    ) -> None:
        """Args: stored: called after each commit, to wake the workers."""
        self._office = office
        self._clock = clock
        self._stored = stored
        self._waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def store(self, arrival: Arrival) -> None:
        """Store an arrival; on return it is on disk.

        Raises:
            StorageAway: it could not be stored in time, so nothing may be acknowledged. It may
                still be stored later; the platform's repeat then finds it and changes nothing.
        """
        if len(self._waiting) >= _MOST_WAITING:
            raise StorageAway()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        try:
            await asyncio.wait_for(asyncio.shield(done), _PATIENCE_SECONDS)
        except TimeoutError as error:
            # Whatever the storage says later, nobody waits for it any more.
            done.add_done_callback(lambda late: late.cancelled() or late.exception())
            raise StorageAway() from error

    async def _flush(self) -> None:
        while self._waiting:
            batch = self._waiting[:_MOST_IN_ONE_COMMIT]
            del self._waiting[: len(batch)]
            fault: BaseException | None = None
            try:
                arrivals = [arrival for arrival, _ in batch]
                await to_thread.run_sync(self.store_now, arrivals)
            except (StorageAway, SQLAlchemyError) as error:
                fault = error if isinstance(error, StorageAway) else StorageAway()
            for _, done in batch:
                if done.done():
                    continue
                if fault is None:
                    done.set_result(None)
                else:
                    done.set_exception(fault)

    def store_now(self, arrivals: Sequence[Arrival]) -> None:
        """Store arrivals in one transaction, from a thread; on return they are on disk.

        Raises:
            StorageAway: none of them is stored.
        """
        store, sealer, now = self._office.store, self._office.sealer, self._clock()
        rows = []
        for arrival in arrivals:
            event_id = bounded_id(arrival.event_id)
            text = arrival.body.decode("utf-8", "backslashreplace")
            rows.append(
                {
                    "channel": arrival.channel,
                    "account": arrival.account,
                    "event_id": event_id,
                    "sender_fingerprint": _fingerprint(self._office, arrival),
                    "sent_at": arrival.sent_at,
                    "received_at": now,
                    "payload_sealed": sealer.seal(text, about=_about(arrival.channel, event_id)),
                    "state": InboxState.MEDIA if arrival.has_media else InboxState.READY,
                    "attempts": 0,
                    "due_at": now + seconds(arrival.channel, "settle_seconds"),
                    "last_error": "",
                }
            )
        build = sqlite_insert if store.is_sqlite else postgresql_insert
        with store.write(urgent=True) as tx:
            tx.execute(build(inbox).values(rows).on_conflict_do_nothing())
        self._stored()


def lease(
    office: Office, *, lane: InboxState, owner: str, now: datetime, limit: int = 4
) -> list[Leased]:
    """Lease due rows of a lane, none of which follows an unfinished row of its sender.

    A lease that ran out (a killed worker) counts as a try and is handed out again.
    """
    query = _leasable(lane, now)
    with office.store.read() as tx:
        # Looking first spares an idle worker the database's write lock.
        if tx.execute(query.with_only_columns(inbox.c.id).limit(1)).first() is None:
            return []
    name = "lease_seconds" if lane is InboxState.READY else "media_lease_seconds"
    until = now + seconds("inbox", name)
    leased: list[Leased] = []
    with office.store.write() as tx:
        rows = tx.execute(query.limit(limit).with_for_update(skip_locked=True)).mappings().all()
        for row in rows:
            body = _opened(office, row)
            if body is None or row["attempts"] >= limits("inbox")["tries"]:
                # It can't be read, or whoever worked on it died each time without a word.
                _park(tx, row, "SealBroken" if body is None else "WorkerDied")
                continue
            tx.execute(
                update(inbox)
                .where(inbox.c.id == row["id"])
                .values(lease_until=until, lease_owner=owner, attempts=row["attempts"] + 1)
            )
            leased.append(_leased(row, body))
    return leased


def finish(
    tx: Transaction, row: Leased, *, owner: str, state: InboxState = InboxState.DONE
) -> None:
    """Mark a row done in the transaction of its effects; its payload goes, its number stays.

    Raises:
        LeaseLost: another worker has it; the caller's transaction must not be committed.
    """
    done = tx.execute(
        update(inbox)
        .where(inbox.c.id == row.id, inbox.c.lease_owner == owner, inbox.c.state.in_(UNFINISHED))
        .values(state=state, payload_sealed=b"", lease_until=None, last_error="")
    )
    if done.rowcount != 1:
        raise LeaseLost()


def fail(office: Office, row: Leased, *, owner: str, error: str, now: datetime) -> bool:
    """Record a failed try; True when the row is parked with it.

    Args:
        error: the kind of fault, never its text, which may hold a person's words.
    """
    figures = limits("inbox")
    parked = row.attempts >= int(figures["tries"])
    waits: Sequence[int] = figures["retry_seconds"]
    wait = waits[min(row.attempts, len(waits)) - 1]
    changes: dict[str, Any] = {
        "lease_until": None,
        "last_error": error[:200],
        "due_at": now + timedelta(seconds=wait),
    }
    if parked:
        changes["state"] = InboxState.PARKED
    with office.store.write() as tx:
        tx.execute(
            update(inbox)
            .where(
                inbox.c.id == row.id, inbox.c.lease_owner == owner, inbox.c.state.in_(UNFINISHED)
            )
            .values(**changes)
        )
    if parked:
        _log.error("inbox_parked", row=row.id, channel=row.channel, error=error)
    return parked


# ---- for operators --------------------------------------------------------------------------


def counts(tx: Transaction) -> dict[tuple[str, str], int]:
    """Rows by (channel, state)."""
    query = select(inbox.c.channel, inbox.c.state, func.count()).group_by(
        inbox.c.channel, inbox.c.state
    )
    return {(channel, state): number for channel, state, number in tx.execute(query)}


def oldest_waiting(tx: Transaction) -> datetime | None:
    """When the oldest unfinished row arrived: how far behind the work is."""
    found: datetime | None = tx.execute(
        select(inbox.c.received_at)
        .where(inbox.c.state.in_(UNFINISHED))
        .order_by(inbox.c.received_at)
        .limit(1)
    ).scalar_one_or_none()
    return found


def last_arrivals(tx: Transaction) -> dict[str, datetime]:
    """When each channel last brought anything."""
    query = select(inbox.c.channel, func.max(inbox.c.received_at)).group_by(inbox.c.channel)
    return {row[0]: row[1] for row in tx.execute(query)}


def parked_rows(tx: Transaction, *, limit: int = 100) -> list[Mapping[str, Any]]:
    """Parked rows: id, channel, received_at, last_error; no content."""
    query = (
        select(inbox.c.id, inbox.c.channel, inbox.c.received_at, inbox.c.last_error)
        .where(inbox.c.state == InboxState.PARKED)
        .order_by(inbox.c.id)
        .limit(limit)
    )
    return [dict(row) for row in tx.execute(query).mappings()]


def replay(tx: Transaction, row_id: int, *, now: datetime) -> None:
    """Give a parked row another set of tries.

    Raises:
        NotFound: no parked row of that id.
    """
    changed = tx.execute(
        update(inbox)
        .where(inbox.c.id == row_id, inbox.c.state == InboxState.PARKED)
        .values(state=InboxState.MEDIA, attempts=0, due_at=now, lease_until=None)
    )
    if changed.rowcount != 1:
        raise NotFound(what="parked message")


def forget_old(tx: Transaction, *, now: datetime) -> int:
    """Remove finished rows that no platform will repeat any more; returns how many.

    Buckets of rates that are long empty go, too: an empty bucket and none are the same.
    """
    tx.execute(delete(rate_buckets).where(rate_buckets.c.next_at < now - _EMPTY_BUCKETS))
    before = now - timedelta(days=limits("inbox")["keep_days"])
    old = delete(inbox).where(
        inbox.c.state.in_((InboxState.DONE, InboxState.DROPPED)), inbox.c.received_at < before
    )
    return tx.execute(old).rowcount


# ---- inside ---------------------------------------------------------------------------------


def _leasable(lane: InboxState, now: datetime) -> Any:
    earlier = inbox.alias("earlier")
    # A value, not an EXISTS: see `bot.outbound._waiting`.
    unfinished_before = (
        select(earlier.c.id)
        .where(
            earlier.c.sender_fingerprint == inbox.c.sender_fingerprint,
            earlier.c.state.in_(UNFINISHED),
            earlier.c.sender_fingerprint != "",
            or_(
                earlier.c.sent_at < inbox.c.sent_at,
                and_(earlier.c.sent_at == inbox.c.sent_at, earlier.c.id < inbox.c.id),
            ),
        )
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(inbox)
        .where(
            inbox.c.state == lane,
            inbox.c.due_at <= now,
            or_(inbox.c.lease_until.is_(None), inbox.c.lease_until < now),
            unfinished_before.is_(None),
        )
        .order_by(inbox.c.due_at, inbox.c.id)
    )


def _opened(office: Office, row: RowMapping) -> bytes | None:
    try:
        about = _about(row["channel"], row["event_id"])
        return office.sealer.open(row["payload_sealed"], about=about).encode()
    except SealBroken:
        return None


def _park(tx: Transaction, row: RowMapping, error: str) -> None:
    tx.execute(
        update(inbox)
        .where(inbox.c.id == row["id"])
        .values(state=InboxState.PARKED, lease_until=None, last_error=error)
    )
    _log.error("inbox_parked", row=row["id"], channel=row["channel"], error=error)


def _leased(row: RowMapping, body: bytes) -> Leased:
    return Leased(
        id=row["id"],
        channel=row["channel"],
        account=row["account"],
        event_id=row["event_id"],
        body=body,
        received_at=row["received_at"],
        attempts=row["attempts"] + 1,
    )


def _about(channel: str, event_id: str) -> str:
    return f"inbox:{channel}:{event_id}"


def _fingerprint(office: Office, arrival: Arrival) -> str:
    # The same digest as the conversation's, so that neither table names a person.
    if not arrival.sender_id:
        return ""
    purpose = f"sender:{arrival.channel}:{arrival.account}"
    return office.sealer.fingerprint(arrival.sender_id, purpose=purpose)
