"""Office hours: when officers may be disturbed, and the next moment at which they may."""

from __future__ import annotations

from datetime import datetime, timedelta

from intake.clock import CIVIL_ZONE, local_date
from intake.errors import IntakeError
from intake.office import Office
from intake.warning_steps import WarningPlan

# Tết and the week-ends around it are shorter; a plan without hours finds nothing at all.
_LOOKED_AHEAD = 20


def in_office_hours(office: Office, plan: WarningPlan, *, now: datetime) -> bool:
    """Whether officers may be disturbed: a working day of the calendar, within office hours."""
    return plan.is_open(now) and office.calendar.is_working_day(local_date(now))


def next_office_hour(office: Office, plan: WarningPlan, *, now: datetime) -> datetime:
    """`now` if it lies in office hours, else when they begin next.

    Where the calendar of the days ahead is missing, or no hours are set: an hour from now, to look
    again.
    """
    try:
        if in_office_hours(office, plan, now=now):
            return now
        for ahead in range(_LOOKED_AHEAD):
            day = local_date(now) + timedelta(days=ahead)
            if not office.calendar.is_working_day(day):
                continue
            for start, _ in sorted(plan.hours):
                opens = datetime.combine(day, start, CIVIL_ZONE)
                if opens > now:
                    return opens
    except IntakeError:  # a year without its calendar
        pass
    return now + timedelta(hours=1)
