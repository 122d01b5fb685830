"""A year's plan of days as officers paste it: lines of dates and stretches, with their names.

Written dates are ISO or Vietnamese, the year may be left out: `04/02 - 10/02 Tết Nguyên đán`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from intake.errors import IntakeError
from intake.law_phrases import phrase

_DATE = r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}(?:/\d{4})?)"
_DAY = timedelta(days=1)
_WEEKDAYS = 5


class PlanFault(IntakeError):
    """A line of a pasted plan is wrong. Values: field, line (from 1), reason (a code)."""

    code: ClassVar[str] = "plan-fault"
    sentence: ClassVar[str] = "{field}, line {line}: {reason}"


@dataclass(frozen=True)
class PlannedDay:
    """One day of a plan with its Vietnamese name, and the line it stands in (from 1)."""

    day: date
    name: str
    line: int


def read_days_off(text: str, year: int) -> tuple[PlannedDay, ...]:
    """Days off, in the order written.

    A stretch is usually announced with the weekends in it, which need no entry: they are left out.

    Raises:
        PlanFault: no date, a day of another year or a lone day of a weekend, or a day twice.
    """
    return _read(text, year, field="days_off", working=False)


def read_days_worked(text: str, year: int) -> tuple[PlannedDay, ...]:
    """Days of the weekend that are worked instead, in the order written.

    Raises:
        PlanFault: as for days off; or the day is an ordinary working day.
    """
    return _read(text, year, field="days_worked", working=True)


def _read(text: str, year: int, *, field: str, working: bool) -> tuple[PlannedDay, ...]:
    found: dict[date, PlannedDay] = {}
    for line, written in enumerate(text.splitlines(), start=1):
        if not written.strip():
            continue
        days, name = _stretch(written, year, field, line)
        if len(days) == 1 and _is_ordinary(days[0], working):
            reason = "weekday" if working else "weekend"
            raise PlanFault(field=field, line=line, reason=reason)
        for day in days:
            if day in found:
                raise PlanFault(field=field, line=line, reason="twice")
            if not _is_ordinary(day, working):
                found[day] = PlannedDay(day, name or phrase(f"plan.{field}"), line)
    return tuple(found.values())


def _is_ordinary(day: date, working: bool) -> bool:
    """Whether the plain week says so already."""
    return (day.isoweekday() <= _WEEKDAYS) is working


def _stretch(written: str, year: int, field: str, line: int) -> tuple[Sequence[date], str]:
    pattern = rf"\W*({_DATE})(?:\s*(?:{phrase('plan.until')})\s*({_DATE}))?\s*[:.,–-]*\s*(.*)"
    match = re.match(pattern, written.strip(), re.IGNORECASE)
    if match is None:
        raise PlanFault(field=field, line=line, reason="malformed")
    try:
        first = _date(match[1], year)
        last = _date(match[2], year) if match[2] else first
    except ValueError:
        raise PlanFault(field=field, line=line, reason="malformed") from None
    if {first.year, last.year} != {year}:
        raise PlanFault(field=field, line=line, reason="other_year")
    if last < first:
        raise PlanFault(field=field, line=line, reason="out_of_range")
    return list(_days(first, last)), match[3].strip()


def _date(written: str, year: int) -> date:
    """Raises: ValueError: there is no such day."""
    if "-" in written:
        return date(*(int(part) for part in written.split("-")))
    day, month, *rest = (int(part) for part in written.split("/"))
    return date(rest[0] if rest else year, month, day)


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += _DAY
