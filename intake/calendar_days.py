"""Officers' decisions about single days of the working calendar."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import delete, insert

from intake.errors import InvalidInput, NotFound
from intake.office import Office
from intake.officers import Actor
from intake.store.engine import Transaction
from intake.store.tables import calendar_overrides
from intake.timeline import record

_LONGEST = 200


def decide_day(
    office: Office,
    tx: Transaction,
    day: date,
    *,
    working: bool,
    reason: str,
    decision: str,
    by: Actor,
    now: datetime,
) -> None:
    """Make a day a working day or a day off, by a named decision; replaces an earlier one.

    Raises:
        InvalidInput: no decision or reason, or the calendar says so already without it.
        CalendarYearMissing: the year has no calendar.
    """
    texts = {"reason": reason.strip(), "decision": decision.strip()}
    for field, text in texts.items():
        if not text:
            raise InvalidInput(field=field, reason="empty")
        if len(text) > _LONGEST:
            raise InvalidInput(field=field, reason="too_long")
    if office.calendar.is_working_day(day) is working:
        raise InvalidInput(field="day", reason="unchanged")
    tx.execute(delete(calendar_overrides).where(calendar_overrides.c.day == day))
    tx.execute(
        insert(calendar_overrides).values(
            day=day, working=working, decided_by=by.name, at=now, **texts
        )
    )
    record(
        office.store,
        tx,
        petition_id=None,
        event="calendar_day_decided",
        actor=by,
        now=now,
        values={"day": day.isoformat(), "working": working, "decision": texts["decision"]},
    )


def take_back_day(office: Office, tx: Transaction, day: date, *, by: Actor, now: datetime) -> None:
    """Take a decision back: the day is again what the year's plan says.

    Raises:
        NotFound: nothing was decided about that day.
    """
    removed = tx.execute(delete(calendar_overrides).where(calendar_overrides.c.day == day))
    if removed.rowcount == 0:
        raise NotFound(what="calendar decision")
    record(
        office.store,
        tx,
        petition_id=None,
        event="calendar_day_taken_back",
        actor=by,
        now=now,
        values={"day": day.isoformat()},
    )
