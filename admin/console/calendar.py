"""The working calendar: each year's plan, and officers' decisions about days and whole years."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Form, Query, Request
from fastapi.responses import Response

from admin.console.forms import NOTHING_TYPED, TheForm, Typed
from admin.console.pages import page
from admin.context import Now, TheOffice, TheOfficer, Today
from admin.errors import problem_of
from admin.paths import Paths
from intake.calendar_days import decide_day, decide_year, take_back_day, take_back_year
from intake.calendar_plan import read_days_off, read_days_worked
from intake.clock import local_date
from intake.errors import IntakeError, InvalidInput
from intake.office import Office, day_overrides, year_decisions
from intake.officers import actor_of
from intake.recompute import Moved, recompute_open

router = Paths(prefix="/calendar")

# A change may move every open petition; a page names the first of them and how many there are.
_MOST_LISTED = 200


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
    return _recomputed(request, office, day.year, now, cause=typed.one("decision"))


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
    return _recomputed(request, office, day.year, now)


@router.post("/year")
def enter_year(
    request: Request, typed: TheForm, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Enter a year's plan, or confirm it; every open petition's dates are derived anew."""
    shown = local_date(now).year
    try:
        year = shown = _year(typed)
        with office.store.write() as tx:
            decide_year(
                office,
                tx,
                year,
                days_off=read_days_off(typed.one("days_off"), year),
                days_worked=read_days_worked(typed.one("days_worked"), year),
                confirmed=typed.ticked("confirmed"),
                decision=typed.one("decision"),
                by=actor_of(officer),
                now=now,
            )
    except IntakeError as error:
        return _shown(request, office, shown, typed=typed, error=error, entering=True)
    return _recomputed(request, office, year, now, cause=typed.one("decision"))


@router.post("/year/remove")
def take_year_back(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    year: Annotated[int, Form()],
) -> Response:
    """Take the decision about a year back; every open petition's dates are derived anew."""
    try:
        with office.store.write() as tx:
            take_back_year(office, tx, year, by=actor_of(officer), now=now)
    except InvalidInput as error:
        return _shown(request, office, year, error=error)
    return _recomputed(request, office, year, now)


def _recomputed(
    request: Request, office: Office, year: int, now: datetime, *, cause: str = ""
) -> Response:
    with office.store.read() as tx:
        office.refresh_calendar(tx)
    moved = list(recompute_open(office, now=now, slot=f"calendar:{now.isoformat()}"))
    return _shown(request, office, year, moved=moved, cause=cause)


def _shown(
    request: Request,
    office: Office,
    year: int,
    *,
    typed: Typed = NOTHING_TYPED,
    error: IntakeError | None = None,
    moved: list[Moved] | None = None,
    cause: str = "",
    entering: bool = False,
) -> Response:
    years = {row.year: row for row in office.calendar.years}
    problem = problem_of(error) if error else None
    with office.store.read() as tx:
        decided = {row.day: row for row in day_overrides(tx)}
        decided_years = {row.year: row for row in year_decisions(tx)}
    return page(
        request,
        "console/calendar.html",
        status_code=problem.status if problem else 200,
        year=year,
        plan=years.get(year),
        years=sorted(years.values(), key=lambda row: row.year),
        following=max(years) + 1,
        decided=decided,
        year_decision=decided_years.get(year),
        typed=typed,
        entering=entering,
        problem=problem,
        moved=moved,
        most=_MOST_LISTED,
        cause=cause,
        stage_of=lambda rule: office.rules.stage_name(office.rules.get(rule).stage),
    )


def _day(typed: Typed) -> date:
    try:
        return date.fromisoformat(typed.one("day"))
    except ValueError as error:
        raise InvalidInput(field="day", reason="malformed") from error


def _year(typed: Typed) -> int:
    written = typed.one("year")
    if not (written.isascii() and written.isdigit() and len(written) == 4):
        raise InvalidInput(field="year", reason="malformed")
    return int(written)
