"""Officers' decisions about the working calendar: single days, and whole years.

Nothing is taken out by entering a year: what a plan does not name stays as the file or an earlier
decision has it, and a single day is decided by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert

from intake.calendar_plan import PlanFault, PlannedDay
from intake.errors import InvalidInput, NotFound
from intake.office import Office, year_decisions
from intake.officers import Actor
from intake.store.engine import Transaction
from intake.store.tables import calendar_overrides, calendar_years
from intake.timeline import record
from intake.workdays import WorkCalendar

_LONGEST = 200
_YEARS = range(2000, 2101)


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
    texts = _texts(reason=reason, decision=decision)
    if office.calendar.is_working_day(day) is working:
        raise InvalidInput(field="day", reason="unchanged")
    _store_day(tx, day, working=working, by=by, now=now, **texts)
    values = {"day": day.isoformat(), "working": working, "decision": texts["decision"]}
    _record(office, tx, "calendar_day_decided", values, by=by, now=now)


def take_back_day(office: Office, tx: Transaction, day: date, *, by: Actor, now: datetime) -> None:
    """Take a decision back: the day is again what the year's plan says.

    Raises:
        NotFound: nothing was decided about that day.
    """
    removed = tx.execute(delete(calendar_overrides).where(calendar_overrides.c.day == day))
    if removed.rowcount == 0:
        raise NotFound(what="calendar decision")
    _record(office, tx, "calendar_day_taken_back", {"day": day.isoformat()}, by=by, now=now)


def decide_year(
    office: Office,
    tx: Transaction,
    year: int,
    *,
    days_off: Sequence[PlannedDay],
    days_worked: Sequence[PlannedDay],
    confirmed: bool,
    decision: str,
    by: Actor,
    now: datetime,
) -> None:
    """Enter a year's plan: open a year nobody entered, or add to one there is.

    Args:
        days_off, days_worked: what differs from the plain week (`calendar_plan.py`); a day already
            known is given this name and decision.
        confirmed: the plan is published and complete: the year loses its mark.
        decision: number and date of the document.

    Raises:
        InvalidInput: no decision, nothing new, or a year that does not follow the ones there are.
        PlanFault: a day is named both as off and as worked.
    """
    document = _texts(decision=decision)["decision"]
    known = {row.year: row for row in office.calendar.years}
    if year not in _YEARS:
        raise InvalidInput(field="year", reason="out_of_range")
    if year not in known and not {year - 1, year + 1} & known.keys():
        raise InvalidInput(field="year", reason="year_gap")
    off = {row.day for row in days_off}
    for row in days_worked:
        if row.day in off:
            raise PlanFault(field="days_worked", line=row.line, reason="twice")
    here = known.get(year)
    if here is not None and not (days_off or days_worked):
        if confirmed and here.settled:
            raise InvalidInput(field="year", reason="confirmed_already")
        if not confirmed and not here.confirmed:
            raise InvalidInput(field="year", reason="unchanged")
    tx.execute(delete(calendar_years).where(calendar_years.c.year == year))
    tx.execute(
        insert(calendar_years).values(
            year=year, confirmed=confirmed, decision=document, decided_by=by.name, at=now
        )
    )
    for rows, working in ((days_off, False), (days_worked, True)):
        for row in rows:
            reason = row.name[:_LONGEST]
            _store_day(
                tx, row.day, working=working, reason=reason, decision=document, by=by, now=now
            )
    values = {
        "year": year,
        "confirmed": confirmed,
        "days_off": len(days_off),
        "days_worked": len(days_worked),
        "decision": document,
    }
    _record(office, tx, "calendar_year_decided", values, by=by, now=now)


def take_back_year(office: Office, tx: Transaction, year: int, *, by: Actor, now: datetime) -> None:
    """Take the decision about a year back; single days decided for it stay on record.

    A shipped year is again as confirmed as its file says; a year that only the decision opened is
    no year of the calendar any more.

    Raises:
        NotFound: nothing was decided about that year.
        InvalidInput: a later year would be left without the one before it.
    """
    decisions = year_decisions(tx)
    rest = [row for row in decisions if row.year != year]
    if len(rest) == len(decisions):
        raise NotFound(what="calendar decision")
    try:
        WorkCalendar.load(year_decisions=rest)
    except ValueError as error:
        raise InvalidInput(field="year", reason="year_gap") from error
    tx.execute(delete(calendar_years).where(calendar_years.c.year == year))
    _record(office, tx, "calendar_year_taken_back", {"year": year}, by=by, now=now)


def _store_day(
    tx: Transaction,
    day: date,
    *,
    working: bool,
    reason: str,
    decision: str,
    by: Actor,
    now: datetime,
) -> None:
    tx.execute(delete(calendar_overrides).where(calendar_overrides.c.day == day))
    tx.execute(
        insert(calendar_overrides).values(
            day=day, working=working, reason=reason, decision=decision, decided_by=by.name, at=now
        )
    )


def _texts(**given: str) -> dict[str, str]:
    texts = {field: text.strip() for field, text in given.items()}
    for field, text in texts.items():
        if not text:
            raise InvalidInput(field=field, reason="empty")
        if len(text) > _LONGEST:
            raise InvalidInput(field=field, reason="too_long")
    return texts


def _record(
    office: Office,
    tx: Transaction,
    event: str,
    values: Mapping[str, Any],
    *,
    by: Actor,
    now: datetime,
) -> None:
    record(office.store, tx, petition_id=None, event=event, actor=by, now=now, values=values)
