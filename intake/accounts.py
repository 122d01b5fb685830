"""Officers' accounts: who they are, how they prove it, and what ends their sessions.

A password is stored as its Argon2id hash, a session or key as the SHA-256 of a 256-bit random
token. Permissions are read from the account with every request; a change of the account ends all
its sessions at once.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, insert, select, update

from intake.clock import local_date
from intake.errors import (
    BadCredentials,
    InvalidInput,
    NotFound,
    SecondFactorNeeded,
    UnknownAgency,
    WrongCode,
)
from intake.limits import Limit, spend
from intake.office import Office
from intake.officers import Actor, Officer
from intake.second_factor import prove_second_factor, second_factor_of
from intake.status import Role
from intake.store.engine import Store, Transaction
from intake.store.tables import officers, second_factors, sessions
from intake.timeline import record

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=8)
KEY_LIFETIME = timedelta(days=365)
LOGIN_LIMIT = Limit(count=5, period=timedelta(minutes=1))
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
OFFICER_ROLES = (
    Role.RECEPTION_DESK,
    Role.AGENCY_CLERK,
    Role.HEAD,
    Role.REPORTING,
    Role.ADMINISTRATOR,
)

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,58}")
# 19 MiB and two passes: OWASP's smaller Argon2id setting; four at a time bound the memory.
_HASHER = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))
_HASHING = threading.BoundedSemaphore(4)
# A session's last use is written at most this often; idle time is therefore exact to a minute.
_SEEN_STEP = timedelta(minutes=1)


class Purpose(StrEnum):
    """What a token is for. A console session carries a CSRF token; a key does not go idle."""

    CONSOLE = "console"
    API = "api"
    KEY = "key"
    PENDING = "pending"  # password proven, code not yet: opens nothing
    OPEN311 = "open311"


KEY_PURPOSES = (Purpose.KEY, Purpose.OPEN311)
_LIFETIMES = {
    Purpose.KEY: KEY_LIFETIME,
    Purpose.OPEN311: KEY_LIFETIME,
    Purpose.PENDING: timedelta(minutes=5),
}


@dataclass(frozen=True)
class Session:
    """A proven caller: the officer as the account stands now, and the session's CSRF token.

    `second_factor`: the account has one in use.
    """

    officer: Officer
    purpose: Purpose
    csrf: str
    token_hash: str
    second_factor: bool


@dataclass(frozen=True)
class SignIn:
    """What signing in by password gave: a session, or one that waits for a code."""

    token: str
    waits_for_code: bool


@dataclass(frozen=True)
class NewAccount:
    """What an administrator types for a new officer. `username`: lower case, a-z 0-9 . _ -"""

    username: str
    display_name: str
    role: Role
    agency: str
    handles_denunciations: bool = False


@dataclass(frozen=True)
class KeyInfo:
    """An API key as listed: its label and dates, never the key."""

    label: str
    created_at: datetime
    expires_at: datetime
    token_hash: str


# ---- passwords ------------------------------------------------------------------------------


def hash_password(password: str) -> str:
    """The Argon2id hash of a new password (about 30 ms of work: outside transactions).

    Raises:
        InvalidInput: shorter than `SHORTEST_PASSWORD` or longer than `LONGEST_PASSWORD`.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInput(field="password", reason="too_short")
    if len(password) > LONGEST_PASSWORD:
        raise InvalidInput(field="password", reason="too_long")
    with _HASHING:
        return _HASHER.hash(password)


def new_password() -> str:
    """A random password an administrator hands over (about 71 bits)."""
    return secrets.token_urlsafe(9)


def _matches(password: str, stored: str | None) -> bool:
    with _HASHING:
        matches = _HASHER.verify(password[:LONGEST_PASSWORD], stored or _absent())
    return matches and stored is not None


@cache
def _absent() -> str:
    """A hash no password fits, so that an unknown account costs the same time."""
    return _HASHER.hash(secrets.token_urlsafe())


# ---- accounts -------------------------------------------------------------------------------


def create_officer(
    office: Office,
    tx: Transaction,
    account: NewAccount,
    password_hash: str,
    *,
    by: Actor,
    now: datetime,
) -> Officer:
    """Open an account.

    Raises:
        InvalidInput: the name is taken or malformed, or the role is none of an officer.
        UnknownAgency: no such agency today.
    """
    if not _USERNAME.fullmatch(account.username):
        raise InvalidInput(field="username", reason="malformed")
    taken = tx.execute(select(officers.c.id).where(officers.c.username == account.username)).first()
    if taken is not None:
        raise InvalidInput(field="username", reason="taken")
    values = _checked(office, account, now)
    tx.execute(
        insert(officers).values(
            username=account.username,
            active=True,
            password_hash=password_hash,
            created_at=now,
            **values,
        )
    )
    _trace(office.store, tx, "officer_created", account.username, by, now, values)
    return get_officer(tx, account.username)


def change_officer(
    office: Office, tx: Transaction, account: NewAccount, *, active: bool, by: Actor, now: datetime
) -> Officer:
    """Change name, role, agency, clearance or access of the account `account.username`.

    Every session and key of the account ends.

    Raises:
        NotFound: no such account.
        InvalidInput: the role is none of an officer, or it is the caller's own account.
        UnknownAgency: no such agency today.
    """
    get_officer(tx, account.username)
    if account.username == by.name:
        raise InvalidInput(field="username", reason="itself")
    values = {**_checked(office, account, now), "active": active}
    tx.execute(update(officers).where(officers.c.username == account.username).values(**values))
    end_sessions(tx, account.username)
    _trace(office.store, tx, "officer_changed", account.username, by, now, values)
    return get_officer(tx, account.username)


def set_password(
    office: Office, tx: Transaction, username: str, password_hash: str, *, by: Actor, now: datetime
) -> None:
    """Store a new password; every session and key of the account ends.

    Raises:
        NotFound: no such account.
    """
    get_officer(tx, username)
    tx.execute(
        update(officers).where(officers.c.username == username).values(password_hash=password_hash)
    )
    end_sessions(tx, username)
    _trace(office.store, tx, "password_changed", username, by, now, {})


def get_officer(tx: Transaction, username: str) -> Officer:
    """The officer of that username.

    Raises:
        NotFound: there is none.
    """
    row = tx.execute(select(officers).where(officers.c.username == username)).mappings().first()
    if row is None:
        raise NotFound(what="officer")
    return _officer(dict(row))


def list_officers(tx: Transaction, *, agency: str | None = None) -> list[Officer]:
    """All officers (of one agency), by agency and name."""
    query = select(officers).order_by(officers.c.agency, officers.c.username)
    if agency is not None:
        query = query.where(officers.c.agency == agency)
    return [_officer(dict(row)) for row in tx.execute(query).mappings()]


# ---- signing in -----------------------------------------------------------------------------


def sign_in(office: Office, username: str, password: str, *, now: datetime) -> SignIn:
    """Check a password and open a console session, or the one that waits for its code.

    Raises:
        BadCredentials, TooMany: as for `log_in`.
    """
    typed, stored = _proven(office, username, password, now)
    with office.store.write() as tx:
        officer = _unchanged(tx, typed, stored, now)
        waits = second_factor_of(tx, officer.id) is not None
        purpose = Purpose.PENDING if waits else Purpose.CONSOLE
        return SignIn(open_session(tx, officer.id, purpose, now=now), waits)


def finish_sign_in(office: Office, pending: str, code: str, *, now: datetime) -> str:
    """Open the console session of whoever has proven the password, with a code; returns its token.

    Args:
        pending: the token `sign_in` gave; it ends after five minutes.

    Raises:
        BadCredentials: no such sign-in is under way any more.
        WrongCode: wrong, used or too old.
        TooMany: tried too often.
    """
    session = find_session(office.store, pending, (Purpose.PENDING,), now=now)
    if session is None:
        raise BadCredentials()
    with office.store.write() as tx:
        token = None
        if prove_second_factor(office, tx, session.officer, code, now=now):
            end_session(tx, session.token_hash)
            token = open_session(tx, session.officer.id, Purpose.CONSOLE, now=now)
    if token is None:
        raise WrongCode()
    return token


def log_in(
    office: Office, username: str, password: str, purpose: Purpose, *, now: datetime, otp: str = ""
) -> str:
    """Check a password and open a session; returns its token, which is stored nowhere.

    Each account may be tried five times a minute, by anyone; it is never locked. A wrong name
    and a wrong password take the same time and get the same answer.

    Args:
        otp: a code of the account's second factor, where it has one.

    Raises:
        BadCredentials: wrong name or password, or the account is closed.
        SecondFactorNeeded: the password is right, and a code is asked for besides.
        WrongCode: wrong, used or too old.
        TooMany: tried too often.
    """
    typed, stored = _proven(office, username, password, now)
    with office.store.write() as tx:
        officer = _unchanged(tx, typed, stored, now)
        asks = second_factor_of(tx, officer.id) is not None
        if asks and not otp.strip():
            raise SecondFactorNeeded()
        token = None
        if not asks or prove_second_factor(office, tx, officer, otp, now=now):
            token = open_session(tx, officer.id, purpose, now=now)
    if token is None:
        raise WrongCode()
    return token


def _unchanged(tx: Transaction, username: str, stored: str, now: datetime) -> Officer:
    """The officer whose password has just been proven; sessions that ended are cleared away.

    Raises:
        BadCredentials: the account was closed, or its password changed, while the hash was
            computed.
    """
    row = (
        tx.execute(
            select(officers).where(
                officers.c.username == username,
                officers.c.active,
                officers.c.password_hash == stored,
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        raise BadCredentials()
    tx.execute(delete(sessions).where(sessions.c.expires_at < now))
    return _officer(dict(row))


def check_password(office: Office, username: str, password: str, *, now: datetime) -> None:
    """Ask for the password once more, before something that matters.

    Raises:
        BadCredentials, TooMany: as for signing in.
    """
    _proven(office, username, password, now)


def _proven(office: Office, username: str, password: str, now: datetime) -> tuple[str, str]:
    """The account's name and stored hash, if the password is its own."""
    typed = username.strip().lower()
    bucket = "login:" + office.sealer.fingerprint(typed, purpose="login")
    with office.store.write() as tx:
        spend(office.store, tx, bucket, LOGIN_LIMIT, now=now)
        row = tx.execute(
            select(officers.c.password_hash, officers.c.active).where(officers.c.username == typed)
        ).first()
    if not _matches(password, row.password_hash if row else None) or row is None or not row.active:
        raise BadCredentials()
    return typed, row.password_hash


def create_key(
    office: Office,
    tx: Transaction,
    username: str,
    label: str,
    *,
    by: Actor,
    now: datetime,
    purpose: Purpose = Purpose.KEY,
) -> str:
    """An API key for a machine that acts as the officer; returns the key, this once.

    Args:
        purpose: `OPEN311` makes a key that files feedback for a civic app and opens nothing else.

    Raises:
        NotFound: no such account.
        InvalidInput: no label.
    """
    officer = get_officer(tx, username)
    name = label.strip()[:120]
    if not name:
        raise InvalidInput(field="label", reason="empty")
    _trace(office.store, tx, "key_created", username, by, now, {})
    return open_session(tx, officer.id, purpose, now=now, label=name)


def keys_of(tx: Transaction, username: str) -> list[KeyInfo]:
    """The API keys of an account, oldest first."""
    rows = tx.execute(
        select(sessions)
        .join(officers, officers.c.id == sessions.c.officer_id)
        .where(officers.c.username == username, sessions.c.purpose.in_(KEY_PURPOSES))
        .order_by(sessions.c.created_at)
    ).mappings()
    return [
        KeyInfo(row["label"], row["created_at"], row["expires_at"], row["token_hash"])
        for row in rows
    ]


def find_session(
    store: Store, token: str, purposes: tuple[Purpose, ...], *, now: datetime, used: bool = True
) -> Session | None:
    """The session of a token, if it lives and the account is open.

    Args:
        used: note that it was used now, so that it does not go idle.
    """
    hashed = _digest(token)
    with store.read() as tx:
        row = (
            tx.execute(
                select(
                    officers,
                    sessions.c.purpose,
                    sessions.c.csrf,
                    sessions.c.seen_at,
                    sessions.c.expires_at,
                    second_factors.c.confirmed_at.label("second_factor"),
                )
                .join(officers, officers.c.id == sessions.c.officer_id)
                .outerjoin(second_factors, second_factors.c.officer_id == officers.c.id)
                .where(sessions.c.token_hash == hashed, officers.c.active)
            )
            .mappings()
            .first()
        )
    if row is None or row["purpose"] not in purposes or row["expires_at"] <= now:
        return None
    purpose = Purpose(row["purpose"])
    if purpose not in KEY_PURPOSES and now - row["seen_at"] > IDLE:
        return None
    if used and now - row["seen_at"] >= _SEEN_STEP:
        with store.write() as tx:
            tx.execute(update(sessions).where(sessions.c.token_hash == hashed).values(seen_at=now))
    return Session(
        _officer(dict(row)), purpose, row["csrf"], hashed, row["second_factor"] is not None
    )


def end_session(tx: Transaction, token_hash: str) -> None:
    """Sign out, or take a key back."""
    tx.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


def end_sessions(tx: Transaction, username: str) -> None:
    """End every session and key of an account."""
    ids = select(officers.c.id).where(officers.c.username == username)
    tx.execute(delete(sessions).where(sessions.c.officer_id.in_(ids)))


def end_other_sessions(tx: Transaction, session: Session) -> None:
    """End every session of the account but this one; keys of machines stay."""
    tx.execute(
        delete(sessions).where(
            sessions.c.officer_id == session.officer.id,
            sessions.c.token_hash != session.token_hash,
            sessions.c.purpose.not_in(KEY_PURPOSES),
        )
    )


def open_session(
    tx: Transaction, officer_id: int, purpose: Purpose, *, now: datetime, label: str = ""
) -> str:
    """Open a session for a caller who has been proven; returns its token."""
    is_key = purpose in KEY_PURPOSES
    token = ("tdk_" if is_key else "") + secrets.token_urlsafe(32)
    tx.execute(
        insert(sessions).values(
            token_hash=_digest(token),
            officer_id=officer_id,
            purpose=str(purpose),
            label=label,
            csrf=secrets.token_urlsafe(32),
            created_at=now,
            seen_at=now,
            expires_at=now + _LIFETIMES.get(purpose, ABSOLUTE),
        )
    )
    return token


def _digest(token: str) -> str:
    # A plain hash is right for 256 random bits; slow hashing protects only guessable secrets.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _checked(office: Office, account: NewAccount, now: datetime) -> dict[str, Any]:
    if account.role not in OFFICER_ROLES:
        raise InvalidInput(field="role", reason="unknown")
    name = account.display_name.strip()
    if not name or len(name) > 120:
        raise InvalidInput(field="display_name", reason="empty" if not name else "too_long")
    if account.agency not in {row.code for row in office.directory.on(local_date(now))}:
        raise UnknownAgency(agency=account.agency)
    return {
        "display_name": name,
        "role": str(account.role),
        "agency": account.agency,
        "handles_denunciations": account.handles_denunciations,
    }


def _trace(
    store: Store,
    tx: Transaction,
    event: str,
    username: str,
    by: Actor,
    now: datetime,
    values: Mapping[str, Any],
) -> None:
    shown = {key: value for key, value in values.items() if key != "display_name"}
    record(
        store,
        tx,
        petition_id=None,
        event=event,
        actor=by,
        now=now,
        values={"username": username, **shown},
    )


def _officer(row: Mapping[str, Any]) -> Officer:
    return Officer(
        id=row["id"],
        username=row["username"],
        display_name=row["display_name"],
        role=Role(row["role"]),
        agency=row["agency"],
        handles_denunciations=row["handles_denunciations"],
        active=row["active"],
    )
