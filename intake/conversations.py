"""Conversations and messages in the database: what was said, and where a dialogue stands.

Texts and states are sealed to their conversation. A message a citizen's device numbered
(`client_id`) is stored once; its answers hang on it, so that a repeat can be answered again
without doing anything again.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from intake.errors import SealBroken
from intake.notices import NoticeState
from intake.petition import Petition
from intake.sealing import Sealer
from intake.store.engine import Store, Transaction
from intake.store.petitions import petition_columns, petition_of
from intake.store.tables import conversations, messages, notices, outbox, petitions

INBOUND = "in"
OUTBOUND = "out"


@dataclass(frozen=True)
class Sender:
    """Who writes where. `id` is the channel's own name of the person, scoped to the account."""

    channel: str
    account: str
    id: str


@dataclass(frozen=True)
class Conversation:
    """One person's conversation on one channel. `state` is the dialogue's sealed state."""

    id: int
    uid: str
    channel: str
    account: str
    language: str
    state: bytes | None
    person_wanted_at: datetime | None


@dataclass(frozen=True)
class StoredMessage:
    """A message as stored. `content` is what the bot wrote: text, choices, further parts."""

    id: int
    direction: str
    content: Mapping[str, Any]
    at: datetime
    notice_id: int | None


def find_conversation(tx: Transaction, sealer: Sealer, sender: Sender) -> Conversation | None:
    """The sender's conversation, or None."""
    return _found(tx, sealer, sender, lock=False)


def open_conversation(
    store: Store, tx: Transaction, sealer: Sealer, sender: Sender, *, language: str, now: datetime
) -> Conversation:
    """The sender's conversation, created if need be, and locked until the transaction ends.

    However many first messages come at once, there is one conversation.
    """
    found = _found(tx, sealer, sender, lock=True)
    if found is not None:
        return found
    uid = secrets.token_hex(16)
    build = sqlite_insert if store.is_sqlite else postgresql_insert
    tx.execute(
        build(conversations)
        .values(
            uid=uid,
            channel=sender.channel,
            account=sender.account,
            sender_fingerprint=_fingerprint(sealer, sender),
            sender_sealed=sealer.seal(sender.id, about=f"conversation:{uid}:sender"),
            language=language,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )
    created = _found(tx, sealer, sender, lock=True)
    assert created is not None
    return created


def sender_of(tx: Transaction, sealer: Sealer, conversation_id: int) -> Sender:
    """Whom to write to.

    Raises:
        SealBroken: the stored sender does not open.
    """
    row = (
        tx.execute(
            select(
                conversations.c.uid,
                conversations.c.channel,
                conversations.c.account,
                conversations.c.sender_sealed,
            ).where(conversations.c.id == conversation_id)
        )
        .mappings()
        .one()
    )
    opened = sealer.open(row["sender_sealed"], about=f"conversation:{row['uid']}:sender")
    return Sender(row["channel"], row["account"], opened)


def open_state(sealer: Sealer, conversation: Conversation) -> str | None:
    """The dialogue's stored state; None where there is none or it does not open any more."""
    if conversation.state is None:
        return None
    try:
        return sealer.open(conversation.state, about=f"conversation:{conversation.uid}:state")
    except SealBroken:
        return None


def save_state(
    tx: Transaction,
    sealer: Sealer,
    conversation: Conversation,
    *,
    state: str,
    language: str,
    wants_person: bool,
    now: datetime,
) -> None:
    """Store where the dialogue stands after a citizen's message."""
    changes: dict[str, Any] = {
        "state_sealed": sealer.seal(state, about=f"conversation:{conversation.uid}:state"),
        "language": language,
        "last_inbound_at": now,
    }
    if wants_person:
        changes["person_wanted_at"] = now
    tx.execute(update(conversations).where(conversations.c.id == conversation.id).values(**changes))


def language_of(tx: Transaction, conversation_id: int) -> str:
    """The language the citizen speaks with us."""
    return str(
        tx.execute(
            select(conversations.c.language).where(conversations.c.id == conversation_id)
        ).scalar_one()
    )


# ---- messages -------------------------------------------------------------------------------


def answers_to(
    tx: Transaction, sealer: Sealer, conversation: Conversation, client_id: str
) -> list[StoredMessage] | None:
    """What was answered to the citizen's message of that number; None: it never came."""
    inbound = tx.execute(
        select(messages.c.id).where(
            messages.c.conversation_id == conversation.id, messages.c.client_id == client_id
        )
    ).scalar_one_or_none()
    if inbound is None:
        return None
    rows = tx.execute(
        select(messages).where(messages.c.answers_id == inbound).order_by(messages.c.id)
    ).mappings()
    return [_stored(row, sealer, conversation.uid) for row in rows]


def add_inbound(
    tx: Transaction,
    sealer: Sealer,
    conversation: Conversation,
    *,
    client_id: str,
    content: Mapping[str, Any],
    now: datetime,
) -> int:
    """Store what the citizen wrote; returns its id."""
    return int(
        tx.execute(
            insert(messages)
            .values(
                conversation_id=conversation.id,
                direction=INBOUND,
                client_id=client_id,
                content_sealed=_seal(sealer, conversation.uid, content),
                at=now,
                delivery="received",
            )
            .returning(messages.c.id)
        ).scalar_one()
    )


def add_outbound(
    tx: Transaction,
    sealer: Sealer,
    *,
    conversation_id: int,
    uid: str,
    content: Mapping[str, Any],
    now: datetime,
    answers_id: int | None = None,
    notice_id: int | None = None,
    to_send_on: str | None = None,
) -> int:
    """Store what we write; returns its id.

    Args:
        to_send_on: the platform channel that must carry it (a row of the outbox is written too);
            None where the citizen's device fetches messages itself.
    """
    message_id = int(
        tx.execute(
            insert(messages)
            .values(
                conversation_id=conversation_id,
                direction=OUTBOUND,
                answers_id=answers_id,
                notice_id=notice_id,
                content_sealed=_seal(sealer, uid, content),
                at=now,
                delivery="sent" if to_send_on is None else "queued",
            )
            .returning(messages.c.id)
        ).scalar_one()
    )
    if to_send_on is not None:
        tx.execute(
            insert(outbox).values(
                message_id=message_id,
                conversation_id=conversation_id,
                channel=to_send_on,
                state=NoticeState.READY,
                due_at=now,
                attempts=0,
                last_error="",
            )
        )
    return message_id


def messages_since(
    tx: Transaction, sealer: Sealer, conversation: Conversation, *, after: int, limit: int = 200
) -> list[StoredMessage]:
    """A conversation's messages in both directions with an id above `after`, oldest first."""
    rows = tx.execute(
        select(messages)
        .where(messages.c.conversation_id == conversation.id, messages.c.id > after)
        .order_by(messages.c.id)
        .limit(limit)
    ).mappings()
    return [_stored(row, sealer, conversation.uid) for row in rows]


def latest_messages(
    tx: Transaction, sealer: Sealer, conversation: Conversation, *, limit: int = 100
) -> list[StoredMessage]:
    """The conversation's last messages, oldest first."""
    rows = tx.execute(
        select(messages)
        .where(messages.c.conversation_id == conversation.id)
        .order_by(messages.c.id.desc())
        .limit(limit)
    ).mappings()
    return [_stored(row, sealer, conversation.uid) for row in reversed(list(rows))]


def newest_message_id(tx: Transaction, conversation_id: int) -> int:
    """The id of the last message in either direction; 0 where there is none."""
    found = tx.execute(
        select(messages.c.id)
        .where(messages.c.conversation_id == conversation_id)
        .order_by(messages.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return int(found or 0)


def forget_inbound(
    tx: Transaction,
    sealer: Sealer,
    conversation: Conversation,
    *,
    last: int,
    content: Mapping[str, Any],
) -> None:
    """Overwrite the citizen's last messages: a denunciation they decided not to leave in a chat."""
    newest = tx.execute(
        select(messages.c.id)
        .where(messages.c.conversation_id == conversation.id, messages.c.direction == INBOUND)
        .order_by(messages.c.id.desc())
        .limit(last)
    ).scalars()
    tx.execute(
        update(messages)
        .where(messages.c.id.in_(list(newest)))
        .values(content_sealed=_seal(sealer, conversation.uid, content))
    )


# ---- what belongs to a conversation ---------------------------------------------------------


def petitions_of(
    tx: Transaction, conversation_id: int, *, references: Sequence[str] = (), limit: int = 8
) -> list[Petition]:
    """Petitions filed in the conversation, and those named, newest first."""
    mine = petitions.c.conversation_id == conversation_id
    wanted = mine | petitions.c.reference.in_(list(references)) if references else mine
    rows = tx.execute(
        select(*petition_columns()).where(wanted).order_by(petitions.c.id.desc()).limit(limit)
    ).mappings()
    return [petition_of(row) for row in rows]


def has_waiting_notice(tx: Transaction, conversation_id: int) -> bool:
    """Whether a notice waits to be written into the conversation."""
    return (
        tx.execute(
            select(notices.c.id)
            .where(
                notices.c.conversation_id == conversation_id,
                notices.c.state.in_((NoticeState.READY, NoticeState.LEASED)),
            )
            .limit(1)
        ).first()
        is not None
    )


def conversation_by_id(tx: Transaction, conversation_id: int) -> Conversation:
    """The conversation of that internal id, which a notice or an outbox row names."""
    return _conversation(
        tx.execute(select(*_COLUMNS).where(conversations.c.id == conversation_id)).mappings().one()
    )


_COLUMNS = (
    conversations.c.id,
    conversations.c.uid,
    conversations.c.channel,
    conversations.c.account,
    conversations.c.language,
    conversations.c.state_sealed,
    conversations.c.person_wanted_at,
)


def _found(tx: Transaction, sealer: Sealer, sender: Sender, *, lock: bool) -> Conversation | None:
    query = select(*_COLUMNS).where(
        conversations.c.channel == sender.channel,
        conversations.c.account == sender.account,
        conversations.c.sender_fingerprint == _fingerprint(sealer, sender),
    )
    row = tx.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else _conversation(row)


def _conversation(row: RowMapping) -> Conversation:
    return Conversation(
        id=row["id"],
        uid=row["uid"],
        channel=row["channel"],
        account=row["account"],
        language=row["language"],
        state=row["state_sealed"],
        person_wanted_at=row["person_wanted_at"],
    )


def _fingerprint(sealer: Sealer, sender: Sender) -> str:
    return sealer.fingerprint(sender.id, purpose=f"sender:{sender.channel}:{sender.account}")


def _seal(sealer: Sealer, uid: str, content: Mapping[str, Any]) -> bytes:
    return sealer.seal(json.dumps(dict(content), ensure_ascii=False), about=f"message:{uid}")


def _stored(row: RowMapping, sealer: Sealer, uid: str) -> StoredMessage:
    return StoredMessage(
        id=row["id"],
        direction=row["direction"],
        content=json.loads(sealer.open(row["content_sealed"], about=f"message:{uid}")),
        at=row["at"],
        notice_id=row["notice_id"],
    )
