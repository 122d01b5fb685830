"""The officers' outbox: what goes out by e-mail or chat, written with the notices themselves.

A message is a row that names an officer, a way and, through `officer_notices.message_id`, the
notices it tells of; its words are put together when it is sent, so that what was settled meanwhile
is left out. Whoever delivers leases it, sends with no transaction open, and settles it: `admin`
for mail, `bot` for chats. Officers are left alone outside office hours; a code or a test message
that an officer has just asked for goes out at once.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from intake.accounts import get_officer, list_officers
from intake.clock import local_date
from intake.limits import Limit, spend
from intake.office import Office
from intake.officer_contacts import (
    TOPIC_OF,
    Topic,
    Way,
    choices_of,
    contacts_of,
    email_code,
    note_fault,
    open_ways,
    reachable,
)
from intake.officer_notices import (
    KEPT,
    NewNotice,
    OfficerNotice,
    OfficerNoticeKind,
    notices_for,
)
from intake.officers import Officer
from intake.store.engine import Transaction
from intake.store.tables import officer_messages, officer_notices, officers
from intake.warning_steps import load_warning_plan
from intake.working_hours import in_office_hours, next_office_hour

TESTS = Limit(3, timedelta(minutes=10))
_FIRST_RETRY, _LONGEST_RETRY = timedelta(minutes=1), timedelta(minutes=30)
_TRIES = 12  # together more than four hours
_LOOKED_AT = 20


class Purpose(StrEnum):
    """What a message is for."""

    NOTICES = "notices"
    DIGEST = "digest"
    CODE = "code"
    TEST = "test"


_AT_ONCE = (Purpose.CODE, Purpose.TEST)


class MessageState(StrEnum):
    """Where a message stands."""

    READY = "ready"
    LEASED = "leased"
    SENT = "sent"
    SETTLED = "settled"  # nothing of it was left to tell
    DEAD = "dead"


@dataclass(frozen=True)
class OfficerMessage:
    """A leased message. `to`: the address; `account`: which bot of ours, for a chat.

    `ids`: the rows it stands for: several short messages to one officer go out as one. `code` is
    "" for all but a code. `number` makes a repeat recognisable.
    """

    ids: tuple[int, ...]
    officer_id: int
    way: Way
    purpose: Purpose
    to: str
    notices: tuple[OfficerNotice, ...]
    code: str
    attempts: int

    @property
    def number(self) -> int:
        """The same for a repeat of the same message."""
        return self.ids[0]


# ---- writing --------------------------------------------------------------------------------


def write_officer_notices(
    office: Office, tx: Transaction, wanted: Sequence[NewNotice], *, now: datetime
) -> int:
    """Store notices, and messages to the officers who want to be told of them at once.

    A notice that is stored already (same `dedup_key`) is left as it is.

    Returns:
        How many are new.
    """
    if not wanted:
        return 0
    build = sqlite_insert if office.store.is_sqlite else postgresql_insert
    statement = (
        build(officer_notices)
        .on_conflict_do_nothing()
        .returning(officer_notices.c.id, officer_notices.c.officer_id, officer_notices.c.kind)
    )
    rows = [{**vars(each), "kind": str(each.kind), "created_at": now} for each in wanted]
    new = tx.execute(statement, rows).all()
    by_officer: dict[int, list[tuple[int, Topic]]] = {}
    for number, officer_id, kind in new:
        by_officer.setdefault(officer_id, []).append((number, TOPIC_OF[OfficerNoticeKind(kind)]))
    ways = open_ways(office.settings)
    choices = choices_of(tx, by_officer) if ways else {}
    for officer_id in reachable(tx, choices):
        choice = choices[officer_id]
        ids = [number for number, topic in by_officer[officer_id] if topic in choice.topics]
        if ids and choice.way in ways:
            _queue(office, tx, officer_id, choice.way, Purpose.NOTICES, str(min(ids)), ids, now)
    return len(new)


def write_digests(office: Office, slot: str, *, now: datetime) -> int:
    """Write each officer's digest of a time of day: what was told by no message yet.

    Returns:
        How many were written; an officer to whom nothing is new gets none.
    """
    ways, written = open_ways(office.settings), 0
    with office.store.read() as tx:
        known = {each.id: each for each in list_officers(tx) if each.active}
        choices = choices_of(tx, known)
        wanting = [
            (known[number], choices[number].way)
            for number in sorted(reachable(tx, choices))
            if Topic.DIGEST in choices[number].topics and choices[number].way in ways
        ]
    for officer, way in wanting:
        with office.store.write() as tx:
            new = notices_for(office, tx, officer, today=local_date(now), only_untold=True)
            if new and way is not None:
                ids = [each.id for each in new]
                written += _queue(office, tx, officer.id, way, Purpose.DIGEST, slot, ids, now)
    return written


def ask_email(
    office: Office, tx: Transaction, officer: Officer, email: str, *, now: datetime
) -> None:
    """Mail a code to an address the officer says is theirs.

    Raises:
        InvalidInput: no e-mail address.
        TooMany: too many codes this hour.
    """
    code = email_code(office, tx, officer, email, now=now)
    sealed = office.sealer.seal(
        json.dumps({"to": email.strip(), "code": code}), about=_about(officer.id)
    )
    tx.execute(_asked_for(officer.id, Way.EMAIL, Purpose.CODE, now, sealed))


def ask_test(office: Office, tx: Transaction, officer: Officer, way: Way, *, now: datetime) -> None:
    """Send a message that says that messages arrive.

    Raises:
        TooMany: tried too often.
    """
    spend(office.store, tx, f"officer-test:{officer.id}", TESTS, now=now)
    tx.execute(_asked_for(officer.id, way, Purpose.TEST, now))


def forget_old(tx: Transaction, *, now: datetime) -> None:
    """Delete notices older than `KEPT`, and messages nobody's notice refers to any more."""
    tx.execute(delete(officer_notices).where(officer_notices.c.created_at < now - KEPT))
    referred = select(officer_notices.c.message_id).where(officer_notices.c.message_id.is_not(None))
    tx.execute(
        delete(officer_messages).where(
            officer_messages.c.created_at < now - KEPT, officer_messages.c.id.not_in(referred)
        )
    )


# ---- leasing --------------------------------------------------------------------------------


def due_messages(way: Way, *, now: datetime) -> Select[Any]:
    """What has to go out by a way, or whose sender died; codes and tests first."""
    return (
        select(officer_messages)
        .where(officer_messages.c.channel == way, _due(now))
        .order_by(
            officer_messages.c.purpose.not_in(_AT_ONCE),
            officer_messages.c.due_at,
            officer_messages.c.id,
        )
    )


def lease_message(
    office: Office,
    tx: Transaction,
    row: RowMapping,
    *,
    owner: str,
    now: datetime,
    lease: timedelta,
) -> OfficerMessage | None:
    """Lease a row of `due_messages` with whatever else waits for the same officer and way.

    None: there is nothing to send now (outside office hours, settled meanwhile, no address left).
    """
    purpose, way = Purpose(row["purpose"]), Way(row["channel"])
    if purpose not in _AT_ONCE:
        plan = load_warning_plan(office.settings.data_dir)
        if not in_office_hours(office, plan, now=now):
            _put_off(tx, [row["id"]], next_office_hour(office, plan, now=now))
            return None
    ids = [row["id"]]
    if purpose is Purpose.NOTICES:
        ids = _waiting_with(tx, row, now)
    to, code, told = _contents(office, tx, row, ids, now)
    if not to or (purpose in (Purpose.NOTICES, Purpose.DIGEST) and not told):
        _settle(tx, ids, None, state=MessageState.SETTLED, sent_at=None)
        return None
    tx.execute(
        update(officer_messages)
        .where(officer_messages.c.id.in_(ids))
        .values(
            state=MessageState.LEASED,
            lease_until=now + lease,
            lease_owner=owner,
            attempts=officer_messages.c.attempts + 1,
        )
    )
    return OfficerMessage(
        tuple(ids), row["officer_id"], way, purpose, to, tuple(told), code, row["attempts"] + 1
    )


def claim_message(
    office: Office, way: Way, *, owner: str, now: datetime, lease: timedelta
) -> OfficerMessage | None:
    """Lease the next message of a way in a transaction of its own; None when none is due.

    Raises:
        StorageAway: the database does not answer.
    """
    query = due_messages(way, now=now)
    with office.store.read() as tx:
        if tx.execute(query.limit(1)).first() is None:
            return None
    with office.store.write() as tx:
        rows = tx.execute(query.limit(_LOOKED_AT).with_for_update(skip_locked=True)).mappings()
        for row in rows.all():
            found = lease_message(office, tx, row, owner=owner, now=now, lease=lease)
            if found is not None:
                return found
    return None


# ---- settling -------------------------------------------------------------------------------


def settle_sent(tx: Transaction, message: OfficerMessage, *, owner: str, now: datetime) -> None:
    """It went out."""
    note_fault(tx, message.officer_id, message.way, "")
    _settle(tx, message.ids, owner, state=MessageState.SENT, sent_at=now)


def settle_failed(
    office: Office,
    tx: Transaction,
    message: OfficerMessage,
    *,
    owner: str,
    now: datetime,
    reason: str,
    retry_after: timedelta | None = None,
) -> bool:
    """It did not go out: try again later, or give it up. Returns whether it was given up.

    The notices of a message that was given up are told by the next digest.

    Args:
        retry_after: the least wait before the next try; None: the address is refused for good.
    """
    if retry_after is not None and message.attempts < _TRIES:
        due = now + max(retry_after, _backoff(message.attempts))
        if message.purpose not in _AT_ONCE:
            plan = load_warning_plan(office.settings.data_dir)
            due = next_office_hour(office, plan, now=due)
        _put_off(tx, message.ids, due, owner=owner, error=reason)
        return False
    if retry_after is None and message.purpose is not Purpose.CODE:
        note_fault(tx, message.officer_id, message.way, reason)
    tx.execute(
        update(officer_notices)
        .where(officer_notices.c.message_id.in_(message.ids))
        .values(message_id=None)
    )
    _settle(tx, message.ids, owner, state=MessageState.DEAD, sent_at=None, error=reason)
    return True


def message_counts(tx: Transaction) -> dict[tuple[str, str], int]:
    """Messages by (channel, state), for operators."""
    query = select(officer_messages.c.channel, officer_messages.c.state, func.count()).group_by(
        officer_messages.c.channel, officer_messages.c.state
    )
    return {(channel, state): number for channel, state, number in tx.execute(query)}


# ---- inside ---------------------------------------------------------------------------------


def _queue(
    office: Office,
    tx: Transaction,
    officer_id: int,
    way: Way,
    purpose: Purpose,
    key: str,
    notice_ids: Sequence[int],
    now: datetime,
) -> int:
    build = sqlite_insert if office.store.is_sqlite else postgresql_insert
    values = _message_values(officer_id, way, purpose, f"{purpose}:{key}:{officer_id}", now)
    made = tx.execute(
        build(officer_messages)
        .values(**values)
        .on_conflict_do_nothing()
        .returning(officer_messages.c.id)
    ).scalar_one_or_none()
    if made is None:
        return 0
    tx.execute(
        update(officer_notices)
        .where(officer_notices.c.id.in_(list(notice_ids)))
        .values(message_id=made)
    )
    return 1


def _asked_for(
    officer_id: int, way: Way, purpose: Purpose, now: datetime, sealed: bytes | None = None
) -> Any:
    """Asked for twice is sent twice: no two of them are the same message."""
    key = f"{purpose}:{officer_id}:{secrets.token_hex(8)}"
    values = _message_values(officer_id, way, purpose, key, now)
    return insert(officer_messages).values(**values, values_sealed=sealed)


def _message_values(
    officer_id: int, way: Way, purpose: Purpose, key: str, now: datetime
) -> dict[str, Any]:
    return {
        "dedup_key": key,
        "officer_id": officer_id,
        "channel": way,
        "purpose": purpose,
        "state": MessageState.READY,
        "due_at": now,
        "attempts": 0,
        "last_error": "",
        "created_at": now,
    }


def _due(now: datetime) -> ColumnElement[bool]:
    table = officer_messages
    return or_(
        and_(table.c.state == MessageState.READY, table.c.due_at <= now),
        and_(table.c.state == MessageState.LEASED, table.c.lease_until < now),
    )


def _waiting_with(tx: Transaction, row: RowMapping, now: datetime) -> list[int]:
    """The row and the officer's other due messages of its kind; what another sender has is left."""
    table = officer_messages
    return list(
        tx.execute(
            select(table.c.id)
            .where(
                table.c.officer_id == row["officer_id"],
                table.c.channel == row["channel"],
                table.c.purpose == row["purpose"],
                _due(now),
            )
            .order_by(table.c.id)
            .with_for_update(skip_locked=True)
        ).scalars()
    )


def _contents(
    office: Office, tx: Transaction, row: RowMapping, ids: Sequence[int], now: datetime
) -> tuple[str, str, list[OfficerNotice]]:
    """Address, code and notices of a message; an empty address where there is none any more."""
    officer = _officer(tx, row["officer_id"])
    if officer is None:
        return "", "", []
    if row["values_sealed"] is not None:
        values = json.loads(office.sealer.open(row["values_sealed"], about=_about(officer.id)))
        return values["to"], values["code"], []
    contact = contacts_of(office, tx, officer.id).get(Way(row["channel"]))
    if contact is None:
        return "", "", []
    told = notices_for(office, tx, officer, today=local_date(now), of_messages=ids)
    return contact.address, "", told


def _officer(tx: Transaction, officer_id: int) -> Officer | None:
    name = tx.execute(
        select(officers.c.username).where(officers.c.id == officer_id, officers.c.active)
    ).scalar_one_or_none()
    return None if name is None else get_officer(tx, name)


def _put_off(
    tx: Transaction, ids: Sequence[int], due: datetime, *, owner: str | None = None, error: str = ""
) -> None:
    changes = {"state": MessageState.READY, "due_at": due, "lease_until": None}
    if error:
        changes["last_error"] = error[:200]
    tx.execute(update(officer_messages).where(*_mine(ids, owner)).values(**changes))


def _settle(
    tx: Transaction,
    ids: Sequence[int],
    owner: str | None,
    *,
    state: MessageState,
    sent_at: datetime | None,
    error: str = "",
) -> None:
    # The code of a sent message is of no use to anyone who reads the database later.
    tx.execute(
        update(officer_messages)
        .where(*_mine(ids, owner))
        .values(
            state=state,
            sent_at=sent_at,
            lease_until=None,
            values_sealed=None,
            last_error=error[:200],
        )
    )


def _mine(ids: Sequence[int], owner: str | None) -> list[ColumnElement[bool]]:
    """A lease that ran out and was taken by somebody else is not settled by the first."""
    found: list[ColumnElement[bool]] = [officer_messages.c.id.in_(list(ids))]
    if owner is not None:
        found.append(officer_messages.c.lease_owner == owner)
    return found


def _backoff(attempts: int) -> timedelta:
    waits: timedelta = _FIRST_RETRY * 2 ** min(attempts - 1, 10)
    return min(_LONGEST_RETRY, waits)


def _about(officer_id: int) -> str:
    return f"officer:{officer_id}:message"
