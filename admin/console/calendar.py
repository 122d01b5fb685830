"""The working calendar: what the year's plan says, and officers' decisions about single days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from admin.console.forms import NOTHING_TYPED, TheForm, Typed
from admin.console.pages import page
from admin.context import Now, TheOffice, TheOfficer, Today
from admin.errors import problem_of
from intake.calendar_days import decide_day, take_back_day
from intake.clock import local_date
from intake.errors import IntakeError, InvalidInput
from intake.office import Office, day_overrides
from intake.officers import actor_of
from intake.recompute import Moved, recompute_open

router = APIRouter(prefix="/calendar")


@router.get("")
def calendar(
    request: Request,
    office: TheOffice,
    today: Today,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> Response:
    """One year's special days."""
    return _shown(request, office, year or today.year)


@router.post("")
def decide(
    request: Request, typed: TheForm, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Decide about one day; every open petition's dates are derived anew."""
    try:
        day = _day(typed)
        with office.store.write() as tx:
            decide_day(
                office,
                tx,
                day,
                working=typed.one("working") == "yes",
                reason=typed.one("reason"),
                decision=typed.one("decision"),
                by=actor_of(officer),
                now=now,
            )
    except IntakeError as error:
        return _shown(request, office, local_date(now).year, typed=typed, error=error)
    return _recomputed(request, office, day, now)


@router.post("/remove")
def take_back(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    day: Annotated[date, Form()],
) -> Response:
    """Take a decision back; every open petition's dates are derived anew."""
    with office.store.write() as tx:
        take_back_day(office, tx, day, by=actor_of(officer), now=now)
    return _recomputed(request, office, day, now)


def _recomputed(request: Request, office: Office, day: date, now: datetime) -> Response:
    with office.store.read() as tx:
        office.refresh_calendar(tx)
    moved = list(recompute_open(office, now=now, slot=f"calendar:{now.isoformat()}"))
    return _shown(request, office, day.year, moved=moved)


def _shown(
    request: Request,
    office: Office,
    year: int,
    *,
    typed: Typed = NOTHING_TYPED,
    error: IntakeError | None = None,
    moved: list[Moved] | None = None,
) -> Response:
    years = {row.year: row for row in office.calendar.years}
    problem = problem_of(error) if error else None
    with office.store.read() as tx:
        decided = {row.day: row for row in day_overrides(tx)}
    return page(
        request,
        "console/calendar.html",
        status_code=problem.status if problem else 200,
        year=year,
        plan=years.get(year),
        years=sorted(years),
        decided=decided,
        typed=typed,
        problem=problem,
        moved=moved,
        rules=office.rules,
    )


def _day(typed: Typed) -> date:
    try:
        return date.fromisoformat(typed.one("day"))
    except ValueError as error:
        raise InvalidInput(field="day", reason="malformed") from error
