"""An officer's second factor: an authenticator app, and recovery codes for when it is lost.

The secret is kept sealed, recovery codes as keyed digests. A code of the app is good once; so is a
recovery code. Wrong ones are limited a minute and an hour; nobody is locked out for ever.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from intake.errors import InvalidInput
from intake.limits import Limit, spend
from intake.office import Office
from intake.officers import Actor, Officer, actor_of
from intake.store.engine import Transaction
from intake.store.tables import second_factors
from intake.timeline import record
from intake.totp import matching_step, new_secret

RECOVERY_CODES = 10
TRIES_A_MINUTE = Limit(5, timedelta(minutes=1))
TRIES_AN_HOUR = Limit(20, timedelta(hours=1))
# Without what is mistaken for something else: 0 O, 1 I L.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_RECOVERY_LENGTH = 10


@dataclass(frozen=True)
class SecondFactor:
    """A second factor in use: since when, and how many recovery codes are left."""

    since: datetime
    recovery_left: int


def second_factor_of(tx: Transaction, officer_id: int) -> SecondFactor | None:
    """The officer's second factor; None where none is in use."""
    row = tx.execute(
        select(second_factors.c.confirmed_at, second_factors.c.recovery).where(
            second_factors.c.officer_id == officer_id, second_factors.c.confirmed_at.is_not(None)
        )
    ).first()
    return None if row is None else SecondFactor(row.confirmed_at, len(row.recovery))


def begin_second_factor(office: Office, tx: Transaction, officer: Officer) -> bytes:
    """A new secret, which counts once `confirm_second_factor` has seen a code of it.

    Raises:
        InvalidInput: one is in use already.
    """
    if second_factor_of(tx, officer.id) is not None:
        raise InvalidInput(field="second_factor", reason="already_set")
    secret = new_secret()
    tx.execute(delete(second_factors).where(second_factors.c.officer_id == officer.id))
    tx.execute(
        insert(second_factors).values(
            officer_id=officer.id,
            secret_sealed=office.sealer.seal(secret.hex(), about=_about(officer.id)),
            last_step=0,
            recovery=[],
        )
    )
    return secret


def waiting_secret(office: Office, tx: Transaction, officer_id: int) -> bytes | None:
    """The secret that waits for its first code."""
    sealed = tx.execute(
        select(second_factors.c.secret_sealed).where(
            second_factors.c.officer_id == officer_id, second_factors.c.confirmed_at.is_(None)
        )
    ).scalar_one_or_none()
    if sealed is None:
        return None
    return bytes.fromhex(office.sealer.open(sealed, about=_about(officer_id)))


def confirm_second_factor(
    office: Office, tx: Transaction, officer: Officer, code: str, *, now: datetime
) -> tuple[str, ...]:
    """Put the waiting secret into use; returns the recovery codes, which are shown this once.

    Empty: the code is wrong, or no secret waits. Whoever calls ends the officer's other sessions.

    Raises:
        TooMany: tried too often.
    """
    _spend(office, tx, officer.id, now)
    secret = waiting_secret(office, tx, officer.id)
    step = None if secret is None else matching_step(secret, code, now=now, after=0)
    if step is None:
        return ()
    codes = _new_codes()
    tx.execute(
        update(second_factors)
        .where(second_factors.c.officer_id == officer.id)
        .values(confirmed_at=now, last_step=step, recovery=_digests(office, officer.id, codes))
    )
    _trace(office, tx, "second_factor_set", officer.username, actor_of(officer), now)
    return codes


def prove_second_factor(
    office: Office, tx: Transaction, officer: Officer, code: str, *, now: datetime
) -> bool:
    """Whether it is a code of the officer's app that was not used yet, or a recovery code.

    The transaction must be committed for either answer: a wrong code costs a try, a right one is
    used up.

    Raises:
        TooMany: tried too often.
    """
    _spend(office, tx, officer.id, now)
    row = tx.execute(
        select(second_factors)
        .where(
            second_factors.c.officer_id == officer.id, second_factors.c.confirmed_at.is_not(None)
        )
        .with_for_update()
    ).first()
    if row is None:
        return False
    mine = update(second_factors).where(second_factors.c.officer_id == officer.id)
    secret = bytes.fromhex(office.sealer.open(row.secret_sealed, about=_about(officer.id)))
    step = matching_step(secret, code, now=now, after=row.last_step)
    if step is not None:
        tx.execute(mine.values(last_step=step))
        return True
    (digest,) = _digests(office, officer.id, (code,))
    if digest not in row.recovery:
        return False
    tx.execute(mine.values(recovery=[each for each in row.recovery if each != digest]))
    _trace(office, tx, "recovery_code_used", officer.username, actor_of(officer), now)
    return True


def renew_recovery_codes(
    office: Office, tx: Transaction, officer: Officer, *, now: datetime
) -> tuple[str, ...]:
    """New recovery codes, shown this once; the old ones are void. The caller has proven the code.

    Raises:
        InvalidInput: no second factor is in use.
    """
    if second_factor_of(tx, officer.id) is None:
        raise InvalidInput(field="second_factor", reason="not_set")
    codes = _new_codes()
    tx.execute(
        update(second_factors)
        .where(second_factors.c.officer_id == officer.id)
        .values(recovery=_digests(office, officer.id, codes))
    )
    _trace(office, tx, "recovery_codes_renewed", officer.username, actor_of(officer), now)
    return codes


def remove_second_factor(
    office: Office, tx: Transaction, officer: Officer, *, by: Actor, now: datetime
) -> bool:
    """Sign in by the password alone from now on; False where there was nothing to remove."""
    removed = tx.execute(
        delete(second_factors).where(second_factors.c.officer_id == officer.id)
    ).rowcount
    if removed:
        _trace(office, tx, "second_factor_removed", officer.username, by, now)
    return bool(removed)


def _spend(office: Office, tx: Transaction, officer_id: int, now: datetime) -> None:
    for name, limit in (("minute", TRIES_A_MINUTE), ("hour", TRIES_AN_HOUR)):
        spend(office.store, tx, f"second-factor:{name}:{officer_id}", limit, now=now)


def _new_codes() -> tuple[str, ...]:
    return tuple(
        "".join(secrets.choice(_LETTERS) for _ in range(_RECOVERY_LENGTH))
        for _ in range(RECOVERY_CODES)
    )


def _digests(office: Office, officer_id: int, codes: tuple[str, ...]) -> list[str]:
    return [
        office.sealer.fingerprint(
            "".join(code.upper().replace("-", "").split()), purpose=f"recovery:{officer_id}"
        )
        for code in codes
    ]


def _about(officer_id: int) -> str:
    return f"officer:{officer_id}:second-factor"


def _trace(
    office: Office, tx: Transaction, event: str, username: str, by: Actor, now: datetime
) -> None:
    record(
        office.store,
        tx,
        petition_id=None,
        event=event,
        actor=by,
        now=now,
        values={"username": username},
    )
