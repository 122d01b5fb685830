"""How an officer wants to be told: by which way, of what, and where that is.

An address counts only once its owner has proven it by a code: mailed to the address, or sent from
the chat that is to be linked. Addresses are kept sealed, codes as keyed fingerprints.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from intake.conversations import Sender
from intake.errors import InvalidInput
from intake.limits import Limit, spend
from intake.office import Office
from intake.officer_notices import OfficerNoticeKind
from intake.officers import Officer
from intake.settings import Settings
from intake.store.engine import Transaction
from intake.store.tables import (
    channel_profiles,
    contact_codes,
    officer_choices,
    officer_contacts,
    officers,
)

CODE_LIFETIME = timedelta(minutes=15)
CODE_TRIES = 5
# A code mailed to an address nobody asked for is a nuisance: few an hour.
CODES_AN_HOUR = Limit(5, timedelta(hours=1))
LINKS_A_SENDER = Limit(10, timedelta(hours=1))

_EMAIL = re.compile(r"[^@\s<>,;:\"]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")
# Without what is mistaken for something else: 0 O, 1 I L.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LINK_CODE = re.compile(
    rf"(?:/start(?:@\w{{1,64}})?\s+)?CB-?([{_LETTERS}]{{5}})-?([{_LETTERS}]{{5}})", re.IGNORECASE
)


class Way(StrEnum):
    """How an officer is told besides the console; names of channels where they are chats."""

    EMAIL = "email"
    TELEGRAM = "telegram"
    ZALO_BOT = "zalo_bot"


CHATS = (Way.TELEGRAM, Way.ZALO_BOT)


class Topic(StrEnum):
    """What an officer may want to be told of at once, and the digest of the rest."""

    NEW = "new"
    ASSIGNED = "assigned"
    INFORMATION = "information"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    DUTY = "duty"
    DIGEST = "digest"


TOPIC_OF: Mapping[OfficerNoticeKind, Topic] = {
    OfficerNoticeKind.NEW: Topic.NEW,
    OfficerNoticeKind.UNASSIGNED: Topic.NEW,
    OfficerNoticeKind.ASSIGNED: Topic.ASSIGNED,
    OfficerNoticeKind.INFORMATION_ADDED: Topic.INFORMATION,
    OfficerNoticeKind.DUE_SOON: Topic.DUE_SOON,
    OfficerNoticeKind.DUE_TODAY: Topic.DUE_SOON,
    OfficerNoticeKind.OVERDUE: Topic.OVERDUE,
    OfficerNoticeKind.DUTY_MISSED: Topic.DUTY,
    OfficerNoticeKind.DUTY_DUE: Topic.DUTY,
}

USUAL_TOPICS: Mapping[Way, frozenset[Topic]] = {
    Way.EMAIL: frozenset({Topic.DIGEST}),
    Way.TELEGRAM: frozenset({Topic.ASSIGNED, Topic.INFORMATION, Topic.OVERDUE, Topic.DIGEST}),
    Way.ZALO_BOT: frozenset({Topic.ASSIGNED, Topic.OVERDUE, Topic.DIGEST}),
}
"""What is on when an officer links a way and has chosen nothing yet. A mail box gets the digest; a
Zalo bot's free plan carries few messages a month."""


@dataclass(frozen=True)
class Contact:
    """A proven address: an e-mail address, or the chat's id. `fault`: why it failed for good."""

    way: Way
    address: str
    confirmed_at: datetime
    fault: str


@dataclass(frozen=True)
class Choice:
    """What an officer chose. `way` None: told in the console only."""

    way: Way | None
    topics: frozenset[Topic]


NOTHING_CHOSEN = Choice(None, frozenset())


@dataclass(frozen=True)
class Pending:
    """A contact that waits for its code. `address` is "" for a chat, which is not known yet."""

    address: str
    expires_at: datetime


def open_ways(settings: Settings) -> tuple[Way, ...]:
    """The ways this installation has switched on."""
    switched_on = {
        Way.EMAIL: bool(settings.smtp_host and settings.smtp_from),
        Way.TELEGRAM: settings.telegram_token is not None,
        Way.ZALO_BOT: settings.zalo_bot_token is not None,
    }
    return tuple(way for way in Way if switched_on[way])


# ---- reading --------------------------------------------------------------------------------


def contacts_of(office: Office, tx: Transaction, officer_id: int) -> Mapping[Way, Contact]:
    """The officer's proven addresses."""
    rows = tx.execute(
        select(officer_contacts).where(officer_contacts.c.officer_id == officer_id)
    ).mappings()
    return {
        (way := Way(row["channel"])): Contact(
            way,
            office.sealer.open(row["address_sealed"], about=_about(officer_id, way)),
            row["confirmed_at"],
            row["fault"],
        )
        for row in rows
    }


def choice_of(tx: Transaction, officer_id: int) -> Choice:
    """What the officer chose."""
    return choices_of(tx, [officer_id]).get(officer_id, NOTHING_CHOSEN)


def choices_of(tx: Transaction, officer_ids: Iterable[int]) -> Mapping[int, Choice]:
    """The choices of those officers who made one, by officer's id."""
    rows = tx.execute(
        select(officer_choices).where(officer_choices.c.officer_id.in_(list(officer_ids)))
    ).mappings()
    return {
        row["officer_id"]: Choice(
            Way(row["channel"]) if row["channel"] else None,
            frozenset(Topic(name) for name in row["topics"]),
        )
        for row in rows
    }


def reachable(tx: Transaction, choices: Mapping[int, Choice]) -> frozenset[int]:
    """Those of the officers whose chosen way has a proven address that did not fail for good."""
    rows = tx.execute(
        select(officer_contacts.c.officer_id, officer_contacts.c.channel).where(
            officer_contacts.c.officer_id.in_(list(choices)), officer_contacts.c.fault == ""
        )
    )
    return frozenset(number for number, channel in rows if choices[number].way == channel)


def pending_of(
    office: Office, tx: Transaction, officer_id: int, *, now: datetime
) -> Mapping[Way, Pending]:
    """Contacts that wait for their code and may still get it."""
    rows = tx.execute(
        select(contact_codes).where(
            contact_codes.c.officer_id == officer_id,
            contact_codes.c.expires_at > now,
            contact_codes.c.tries < CODE_TRIES,
        )
    ).mappings()
    return {
        (way := Way(row["channel"])): Pending(
            office.sealer.open(row["address_sealed"], about=_about(officer_id, way))
            if row["address_sealed"] is not None
            else "",
            row["expires_at"],
        )
        for row in rows
    }


# ---- choosing -------------------------------------------------------------------------------


def choose(
    tx: Transaction, officer: Officer, way: Way | None, topics: Collection[Topic], *, now: datetime
) -> None:
    """Be told by `way` of `topics` from now on.

    Raises:
        InvalidInput: the way has no proven address yet.
    """
    if way is not None:
        linked = tx.execute(
            select(officer_contacts.c.channel).where(
                officer_contacts.c.officer_id == officer.id, officer_contacts.c.channel == way
            )
        ).first()
        if linked is None:
            raise InvalidInput(field="way", reason="not_linked")
    _store_choice(tx, officer.id, way, topics, now)


def set_email(
    office: Office, tx: Transaction, officer: Officer, email: str, *, now: datetime
) -> None:
    """An address an operator vouches for; an empty one takes it away.

    Raises:
        InvalidInput: no e-mail address.
    """
    typed = email.strip()
    unlink(tx, officer, Way.EMAIL, now=now)
    if typed:
        _link(office, tx, officer.id, Way.EMAIL, checked_email(typed), account="", now=now)


def unlink(tx: Transaction, officer: Officer, way: Way, *, now: datetime) -> None:
    """Forget an address; who was told there is told in the console only."""
    for table in (officer_contacts, contact_codes):
        tx.execute(delete(table).where(table.c.officer_id == officer.id, table.c.channel == way))
    choice = choice_of(tx, officer.id)
    if choice.way is way:
        _store_choice(tx, officer.id, None, choice.topics, now)


def note_fault(tx: Transaction, officer_id: int, way: Way, fault: str) -> None:
    """Why messages to an address fail for good; "" once one arrived."""
    tx.execute(
        update(officer_contacts)
        .where(
            officer_contacts.c.officer_id == officer_id,
            officer_contacts.c.channel == way,
            officer_contacts.c.fault != fault,
        )
        .values(fault=fault[:60])
    )


# ---- proving --------------------------------------------------------------------------------


def checked_email(email: str) -> str:
    """The address as typed, trimmed.

    Raises:
        InvalidInput: no e-mail address.
    """
    typed = email.strip()
    if not _EMAIL.fullmatch(typed):
        raise InvalidInput(field="email", reason="malformed")
    return typed


def email_code(
    office: Office, tx: Transaction, officer: Officer, email: str, *, now: datetime
) -> str:
    """A six-digit code that proves the address once it is typed; whoever calls mails it there.

    Raises:
        InvalidInput: no e-mail address.
        TooMany: more than `CODES_AN_HOUR`.
    """
    address = checked_email(email)
    spend(office.store, tx, f"contact:{officer.id}", CODES_AN_HOUR, now=now)
    code = f"{secrets.randbelow(1_000_000):06d}"
    _store_code(office, tx, officer.id, Way.EMAIL, code, address, now)
    return code


def confirm_email(
    office: Office, tx: Transaction, officer: Officer, code: str, *, now: datetime
) -> bool:
    """Whether the code is right; the address is then the officer's. Each code has few tries."""
    found = pending_of(office, tx, officer.id, now=now).get(Way.EMAIL)
    if found is None:
        return False
    mine = (contact_codes.c.officer_id == officer.id, contact_codes.c.channel == Way.EMAIL)
    tx.execute(update(contact_codes).where(*mine).values(tries=contact_codes.c.tries + 1))
    typed = "".join(code.split())
    right = tx.execute(
        select(contact_codes.c.officer_id).where(
            *mine, contact_codes.c.code_fingerprint == _fingerprint(office, officer.id, typed)
        )
    ).first()
    if right is None:
        return False
    _link(office, tx, officer.id, Way.EMAIL, found.address, account="", now=now)
    return True


def link_code(office: Office, tx: Transaction, officer: Officer, way: Way, *, now: datetime) -> str:
    """A code that links the chat it is sent from, once; an earlier one is void.

    Raises:
        TooMany: more than `CODES_AN_HOUR`.
    """
    spend(office.store, tx, f"contact:{officer.id}", CODES_AN_HOUR, now=now)
    code = "".join(secrets.choice(_LETTERS) for _ in range(10))
    _store_code(office, tx, officer.id, way, code, None, now)
    return f"CB-{code[:5]}-{code[5:]}"


def read_link_code(text: str) -> str | None:
    """The code of a message that is one, typed or by the bot's link; None for all others."""
    found = _LINK_CODE.fullmatch(text.strip())
    return (found.group(1) + found.group(2)).upper() if found else None


def link_chat(office: Office, tx: Transaction, sender: Sender, code: str, *, now: datetime) -> bool:
    """Link the chat the code came from; False where no code of that kind waits.

    Raises:
        TooMany: the sender tries too often.
    """
    who = office.sealer.fingerprint(sender.id, purpose="contact:sender")
    spend(office.store, tx, f"contact:{who}", LINKS_A_SENDER, now=now)
    way = Way(sender.channel)
    row = tx.execute(
        select(contact_codes.c.officer_id)
        .join(officers, officers.c.id == contact_codes.c.officer_id)
        .where(
            contact_codes.c.channel == way,
            contact_codes.c.code_fingerprint == _fingerprint(office, 0, code),
            contact_codes.c.expires_at > now,
            officers.c.active,
        )
    ).first()
    if row is None:
        return False
    _link(office, tx, row.officer_id, way, sender.id, account=sender.account, now=now)
    return True


def chat_account(tx: Transaction, officer_id: int, way: Way) -> str:
    """Which of our bots the officer's chat is with."""
    return str(
        tx.execute(
            select(officer_contacts.c.account).where(
                officer_contacts.c.officer_id == officer_id, officer_contacts.c.channel == way
            )
        ).scalar_one_or_none()
        or ""
    )


# ---- our bots' names ------------------------------------------------------------------------


def store_profile(tx: Transaction, way: Way, name: str, *, now: datetime) -> None:
    """What people see our bot called, as its platform says."""
    tx.execute(delete(channel_profiles).where(channel_profiles.c.channel == way))
    tx.execute(insert(channel_profiles).values(channel=way, name=name[:100], updated_at=now))


def profiles(tx: Transaction) -> Mapping[Way, str]:
    """The names of our bots, where the platform has told them."""
    rows = tx.execute(select(channel_profiles.c.channel, channel_profiles.c.name))
    return {Way(channel): name for channel, name in rows}


# ---- inside ---------------------------------------------------------------------------------


def _about(officer_id: int, way: Way) -> str:
    return f"officer:{officer_id}:{way}"


def _fingerprint(office: Office, officer_id: int, code: str) -> str:
    # An e-mail code is short and therefore bound to its officer; a link code must be found by
    # itself, and is long.
    return office.sealer.fingerprint(code, purpose=f"contact-code:{officer_id or ''}")


def _store_code(
    office: Office,
    tx: Transaction,
    officer_id: int,
    way: Way,
    code: str,
    address: str | None,
    now: datetime,
) -> None:
    mine = (contact_codes.c.officer_id == officer_id, contact_codes.c.channel == way)
    tx.execute(delete(contact_codes).where(*mine))
    owner = officer_id if way is Way.EMAIL else 0
    tx.execute(
        insert(contact_codes).values(
            officer_id=officer_id,
            channel=way,
            code_fingerprint=_fingerprint(office, owner, code),
            address_sealed=None
            if address is None
            else office.sealer.seal(address, about=_about(officer_id, way)),
            tries=0,
            expires_at=now + CODE_LIFETIME,
        )
    )


def _link(
    office: Office,
    tx: Transaction,
    officer_id: int,
    way: Way,
    address: str,
    *,
    account: str,
    now: datetime,
) -> None:
    for table in (officer_contacts, contact_codes):
        tx.execute(delete(table).where(table.c.officer_id == officer_id, table.c.channel == way))
    tx.execute(
        insert(officer_contacts).values(
            officer_id=officer_id,
            channel=way,
            address_sealed=office.sealer.seal(address, about=_about(officer_id, way)),
            account=account,
            confirmed_at=now,
            fault="",
        )
    )
    chosen = choices_of(tx, [officer_id]).get(officer_id)
    if chosen is None or chosen.way is None:
        topics = chosen.topics if chosen and chosen.topics else USUAL_TOPICS[way]
        _store_choice(tx, officer_id, way, topics, now)


def _store_choice(
    tx: Transaction, officer_id: int, way: Way | None, topics: Collection[Topic], now: datetime
) -> None:
    tx.execute(delete(officer_choices).where(officer_choices.c.officer_id == officer_id))
    tx.execute(
        insert(officer_choices).values(
            officer_id=officer_id,
            channel=way or "",
            topics=[str(topic) for topic in Topic if topic in topics],
            changed_at=now,
        )
    )
