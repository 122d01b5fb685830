"""Reception days (lịch tiếp công dân): announcing them, and recording what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import RowMapping, insert, select, update

from intake.actions.filing import new_uid
from intake.clock import local_date
from intake.errors import InvalidInput, NotFound
from intake.office import Office
from intake.officers import Officer
from intake.register.rights import check_can_register
from intake.register.values import FIRST_DAY, one_of, short, trace
from intake.store.engine import Transaction
from intake.store.tables import reception_days, visits

CHAIRS = ("head", "delegate")


@dataclass(frozen=True)
class DayForm:
    """One announced reception day: who chairs, and where it was announced."""

    on: date
    regime: str = "periodic"
    chair: str = "head"
    chair_name: str = ""
    notice_number: str = ""
    notice_on: date | None = None
    posted_at: str = ""


@dataclass(frozen=True)
class ReceptionDay:
    """A reception day as stored. `held` None: not recorded yet."""

    uid: str
    agency: str
    on: date
    regime: str
    chair: str
    chair_name: str
    notice_number: str
    notice_on: date | None
    posted_at: str
    held: bool | None
    nobody_came: bool | None
    reason: str


def schedule_day(
    office: Office, tx: Transaction, officer: Officer, form: DayForm, *, now: datetime
) -> ReceptionDay:
    """Announce a reception day of the officer's agency.

    Raises:
        NotAllowed: the officer keeps no register.
        InvalidInput: a value is unknown, or the same chair has that day already.
    """
    agency = officer.agency
    check_can_register(officer, agency)
    one_of("regime", form.regime, ("periodic", "ad_hoc"))
    one_of("chair", form.chair, CHAIRS)
    if not FIRST_DAY <= form.on <= date(local_date(now).year + 2, 12, 31):
        raise InvalidInput(field="on", reason="out_of_range")
    taken = tx.execute(
        select(reception_days.c.id).where(
            reception_days.c.agency == agency,
            reception_days.c.on == form.on,
            reception_days.c.chair == form.chair,
            reception_days.c.regime == form.regime,
        )
    ).first()
    if taken:
        raise InvalidInput(field="on", reason="taken")
    uid = new_uid()
    tx.execute(
        insert(reception_days).values(
            uid=uid,
            agency=agency,
            on=form.on,
            regime=form.regime,
            chair=form.chair,
            chair_name=short("chair_name", form.chair_name, 120),
            notice_number=short("notice_number", form.notice_number, 80),
            notice_on=form.notice_on,
            posted_at=short("posted_at", form.posted_at, 200),
        )
    )
    trace(
        office, tx, officer, "reception_day_scheduled", now,
        day=uid, on=form.on.isoformat(), regime=form.regime, chair=form.chair,
    )  # fmt: skip
    return get_day(tx, officer.agency, uid)


def record_day(
    office: Office,
    tx: Transaction,
    officer: Officer,
    uid: str,
    *,
    held: bool,
    nobody_came: bool = False,
    reason: str = "",
    now: datetime,
) -> ReceptionDay:
    """Record whether an announced day took place, and whether anybody came.

    Raises:
        NotFound: no such day of this agency.
        InvalidInput: the day is still to come, it was not held without a reason, or visits of that
            day contradict.
    """
    check_can_register(officer, officer.agency)
    day = get_day(tx, officer.agency, uid)
    if day.on > local_date(now):
        raise InvalidInput(field="held", reason="in_the_future")
    reason = short("reason", reason, 200)
    if not held and not reason:
        raise InvalidInput(field="reason", reason="required")
    came = tx.execute(
        select(visits.c.id)
        .join(reception_days, reception_days.c.id == visits.c.reception_day_id)
        .where(reception_days.c.uid == uid, visits.c.status == "final")
        .limit(1)
    ).first()
    if came and (not held or nobody_came):
        raise InvalidInput(field="nobody_came", reason="visits_recorded")
    tx.execute(
        update(reception_days)
        .where(reception_days.c.uid == uid)
        .values(held=held, nobody_came=held and nobody_came, reason=reason)
    )
    trace(
        office, tx, officer, "reception_day_recorded", now,
        day=uid, held=held, nobody_came=held and nobody_came,
    )  # fmt: skip
    return get_day(tx, officer.agency, uid)


def get_day(tx: Transaction, agency: str, uid: str) -> ReceptionDay:
    """A reception day of an agency.

    Raises:
        NotFound: there is none.
    """
    row = (
        tx.execute(
            select(reception_days).where(
                reception_days.c.uid == uid, reception_days.c.agency == agency
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound(what="reception day")
    return _day(row)


def list_days(tx: Transaction, agency: str, *, first: date, last: date) -> list[ReceptionDay]:
    """An agency's reception days between two days, both inside, in order."""
    rows = tx.execute(
        select(reception_days)
        .where(reception_days.c.agency == agency, reception_days.c.on.between(first, last))
        .order_by(reception_days.c.on, reception_days.c.id)
    ).mappings()
    return [_day(row) for row in rows]


def _day(row: RowMapping) -> ReceptionDay:
    return ReceptionDay(**{name: row[name] for name in ReceptionDay.__dataclass_fields__})
