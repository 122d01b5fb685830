"""Notices: what a citizen must be told, as data, written with the change that causes it.

`bot` turns a notice into a sentence and delivers it; nothing is sent from here. A notice that
can't be delivered stays visible to officers. Values are sealed, since an answer may hold more
than dates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update

from intake.petition import Petition
from intake.sealing import Sealer
from intake.status import NoticeKind
from intake.store.engine import Store, Transaction
from intake.store.tables import conversations, notices


class NoticeState(StrEnum):
    """Where a notice stands in its delivery."""

    READY = "ready"
    LEASED = "leased"
    SENT = "sent"
    HELD = "held"  # the channel can't reach the person now; shown to officers
    DEAD = "dead"  # given up after hours of trying; shown to officers
    NO_CHANNEL = "no_channel"  # the petition did not come by chat: told by letter or telephone


NOT_TOLD = (NoticeState.HELD, NoticeState.DEAD)


@dataclass(frozen=True)
class Notice:
    """One notice. `number` counts within the petition, so that a repeat is recognisable.

    With documents behind it: `words_sent_at` is when its words arrived, `template_sent_at` when
    the person heard by a template that there is news, and no more.
    """

    id: int
    petition_id: int
    number: int
    kind: NoticeKind
    values: Mapping[str, Any]
    conversation_id: int | None
    channel: str
    state: NoticeState
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    last_error: str
    words_sent_at: datetime | None = None
    template_sent_at: datetime | None = None

    @property
    def not_told(self) -> bool:
        """Whether officers must know that the person has not been told."""
        return self.state in NOT_TOLD


def write_notice(
    tx: Transaction,
    sealer: Sealer,
    petition: Petition,
    kind: NoticeKind,
    values: Mapping[str, Any],
    *,
    now: datetime,
) -> int:
    """Put a notice to the petitioner into the outbox, in the caller's transaction.

    Returns:
        The notice's number within the petition, from 1.
    """
    number = 1 + (
        tx.execute(
            select(func.max(notices.c.number)).where(notices.c.petition_id == petition.id)
        ).scalar_one()
        or 0
    )
    channel = "none"
    if petition.conversation_id is not None:
        channel = tx.execute(
            select(conversations.c.channel).where(conversations.c.id == petition.conversation_id)
        ).scalar_one()
    dedup_key = f"{petition.reference}:{number}"
    tx.execute(
        insert(notices).values(
            dedup_key=dedup_key,
            petition_id=petition.id,
            number=number,
            kind=str(kind),
            values_sealed=sealer.seal(json.dumps(dict(values)), about=f"notice:{dedup_key}"),
            conversation_id=petition.conversation_id,
            channel=channel,
            state=NoticeState.READY if petition.conversation_id else NoticeState.NO_CHANNEL,
            due_at=now,
            attempts=0,
            last_error="",
            created_at=now,
        )
    )
    return number


def claim_notices(
    store: Store,
    sealer: Sealer,
    *,
    channel: str,
    owner: str,
    now: datetime,
    lease: timedelta,
    limit: int = 10,
    conversation_id: int | None = None,
) -> list[Notice]:
    """Lease notices of a channel that are due, oldest first, in order per conversation.

    A notice is not handed out while an earlier one of its conversation is unsent, so that nobody
    reads "answered" before "accepted". A lease that ran out (a killed worker) is claimable again.
    """
    earlier = notices.alias("earlier")
    unsent = (NoticeState.READY, NoticeState.LEASED)
    claimable = or_(
        and_(notices.c.state == NoticeState.READY, notices.c.due_at <= now),
        and_(notices.c.state == NoticeState.LEASED, notices.c.lease_until < now),
    )
    query = (
        select(notices)
        .where(notices.c.channel == channel, claimable)
        .where(
            ~select(earlier.c.id)
            .where(
                earlier.c.conversation_id == notices.c.conversation_id,
                earlier.c.id < notices.c.id,
                earlier.c.state.in_(unsent),
            )
            .exists()
        )
        .order_by(notices.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if conversation_id is not None:
        query = query.where(notices.c.conversation_id == conversation_id)
    with store.write() as tx:
        claimed = tx.execute(query).mappings().all()
        if claimed:
            tx.execute(
                update(notices)
                .where(notices.c.id.in_([row["id"] for row in claimed]))
                .values(
                    state=NoticeState.LEASED,
                    lease_until=now + lease,
                    lease_owner=owner,
                    attempts=notices.c.attempts + 1,
                )
            )
    return [_notice(row, sealer) for row in claimed]


def settle_notice(
    tx: Transaction,
    notice_id: int,
    *,
    owner: str,
    state: NoticeState,
    now: datetime,
    due_at: datetime | None = None,
    error: str = "",
) -> bool:
    """Record what became of a leased notice; False if the lease was lost to another worker."""
    changes: dict[str, Any] = {
        "state": state,
        "sent_at": now if state is NoticeState.SENT else None,
        "due_at": due_at or now,
        "lease_until": None,
        "last_error": error[:200],
    }
    if state is NoticeState.HELD:
        changes["held_at"] = now
    return _change_leased(tx, notice_id, owner, changes)


def note_progress(
    tx: Transaction,
    notice_id: int,
    *,
    owner: str,
    until: datetime,
    words_at: datetime | None = None,
    template_at: datetime | None = None,
) -> bool:
    """Note how far a leased notice got and keep its lease until `until`.

    Args:
        words_at, template_at: when its words, or a template in their place, reached the person;
            None leaves what is noted.

    Returns:
        False if the lease was lost to another worker: it goes on, the caller must not.
    """
    changes: dict[str, Any] = {"lease_until": until}
    if words_at is not None:
        changes["words_sent_at"] = words_at
    if template_at is not None:
        changes["template_sent_at"] = template_at
    return _change_leased(tx, notice_id, owner, changes)


def _change_leased(tx: Transaction, notice_id: int, owner: str, changes: Mapping[str, Any]) -> bool:
    """Change a notice under one's lease; False if the lease was lost."""
    result = tx.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.lease_owner == owner)
        .where(notices.c.state == NoticeState.LEASED)
        .values(**changes)
    )
    return result.rowcount == 1


def newest_notice(tx: Transaction, petition_id: int) -> tuple[int, int, str]:
    """(number, id, state) of the petition's last notice; number 0 where there is none yet."""
    row = tx.execute(
        select(notices.c.number, notices.c.id, notices.c.state)
        .where(notices.c.petition_id == petition_id)
        .order_by(notices.c.number.desc())
        .limit(1)
    ).first()
    return (0, 0, "") if row is None else (row.number, row.id, row.state)


def release_held(tx: Transaction, conversation_id: int, *, now: datetime) -> None:
    """The person is in contact again: what was held may go."""
    tx.execute(
        update(notices)
        .where(notices.c.conversation_id == conversation_id, notices.c.state == NoticeState.HELD)
        .values(state=NoticeState.READY, due_at=now)
    )


def try_again(tx: Transaction, petition_id: int, number: int, *, now: datetime) -> bool:
    """Give a held or dead notice another set of tries; False: it is neither."""
    result = tx.execute(
        update(notices)
        .where(
            notices.c.petition_id == petition_id,
            notices.c.number == number,
            notices.c.state.in_(NOT_TOLD),
        )
        .values(state=NoticeState.READY, due_at=now, attempts=0, lease_until=None)
    )
    return result.rowcount == 1


def released_with(
    tx: Transaction, sealer: Sealer, notice: Notice, *, owner: str, now: datetime, lease: timedelta
) -> list[Notice]:
    """Lease what else was held for the same person, so that one message tells it all.

    Args:
        notice: a leased notice; nothing joins one that was never held.

    Returns:
        The others, oldest first.
    """
    held = (notices.c.held_at.is_not(None), notices.c.conversation_id == notice.conversation_id)
    mine = select(notices.c.id).where(notices.c.id == notice.id, *held)
    if tx.execute(mine).first() is None:
        return []
    rows = list(
        tx.execute(
            select(notices)
            .where(*held, notices.c.state == NoticeState.READY, notices.c.due_at <= now)
            .order_by(notices.c.id)
            .with_for_update(skip_locked=True)
        ).mappings()
    )
    tx.execute(
        update(notices)
        .where(notices.c.id.in_([row["id"] for row in rows]))
        .values(
            state=NoticeState.LEASED,
            lease_until=now + lease,
            lease_owner=owner,
            attempts=notices.c.attempts + 1,
        )
    )
    return [_notice(row, sealer) for row in rows]


def notice_by_id(tx: Transaction, sealer: Sealer, notice_id: int) -> Notice:
    """The notice of that internal id, which a caller has just leased."""
    row = tx.execute(select(notices).where(notices.c.id == notice_id)).mappings().one()
    return _notice(row, sealer)


def notices_of(tx: Transaction, sealer: Sealer, petition_id: int) -> list[Notice]:
    """A petition's notices, oldest first, with what became of each."""
    query = select(notices).where(notices.c.petition_id == petition_id).order_by(notices.c.id)
    return [_notice(row, sealer) for row in tx.execute(query).mappings()]


def _notice(row: Mapping[Any, Any], sealer: Sealer) -> Notice:
    opened = sealer.open(row["values_sealed"], about=f"notice:{row['dedup_key']}")
    return Notice(
        id=row["id"],
        petition_id=row["petition_id"],
        number=row["number"],
        kind=NoticeKind(row["kind"]),
        values=json.loads(opened),
        conversation_id=row["conversation_id"],
        channel=row["channel"],
        state=NoticeState(row["state"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        sent_at=row["sent_at"],
        last_error=row["last_error"],
        words_sent_at=row["words_sent_at"],
        template_sent_at=row["template_sent_at"],
    )
