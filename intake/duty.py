"""Leaders' reception duty (tiếp công dân định kỳ): how many days a period asks for, and were held.

The numbers are rules of kind DUTY in `data/law/rules-reception.toml`. The register of receptions is
the caller's; here are only days.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from intake.deadlines import FUTURE, MET, MISSED, RUNNING
from intake.rules import DAYS_PER_WEEK, Rule, Rules
from intake.workdays import WorkCalendar

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DutyStatus:
    """One rule over one period (a calendar month, or a week from Monday to Sunday).

    Attributes:
        required: days the period asks for; fewer than the rule's where the period has fewer
            working days (a week that is all Tết asks for none).
        held: the distinct days held in the period up to `as_of`, in order.
        state: future, running, met or missed.
        last_chance: the last working day of the period; None if it has none.
    """

    rule: str
    office: str
    first: date
    last: date
    required: int
    held: tuple[date, ...]
    state: str
    last_chance: date | None
    citation: str
    verified: bool

    @property
    def missing(self) -> int:
        """Days still to be held (or, when the period is over, not held)."""
        return max(0, self.required - len(self.held))


def duty_statuses(
    office: str,
    *,
    first: date,
    last: date,
    held: Collection[date],
    as_of: date,
    rules: Rules,
    calendar: WorkCalendar,
) -> tuple[DutyStatus, ...]:
    """The duty of an office holder in every period that begins from `first` to `last`.

    A period counts if the rule is in force on all its days: a week cut by a change of law is asked
    of nobody.

    Args:
        office: code of `names.toml`, table `office`, such as "chair_commune".
        held: days on which this leader received citizens, in any order.

    Raises:
        CalendarYearMissing: no calendar for a day of a period.
        KeyError: no such office.

    Source:
        Luật 42/2013/QH13 Điều 12, 13, 15, 18; Luật 136/2025/QH15 Điều 1; NĐ 154/2026/NĐ-CP Điều 10.
    """
    rules.names.name("office", office)
    found = []
    for rule in rules.all():
        if rule.office != office:
            continue
        for begin, end in _periods(rule, first, last):
            if rule.in_force(begin) and rule.in_force(end):
                found.append(_status(rule, begin, end, held, as_of, calendar))
    return tuple(sorted(found, key=lambda status: status.first))


def _status(
    rule: Rule, first: date, last: date, held: Collection[date], as_of: date, calendar: WorkCalendar
) -> DutyStatus:
    working = calendar.working_days(first, last)
    required = min(rule.amount or 0, len(working))
    done = tuple(sorted({day for day in held if first <= day <= min(last, as_of)}))
    if len(done) >= required:
        state = MET if as_of >= first else FUTURE
    elif as_of < first:
        state = FUTURE
    else:
        state = RUNNING if as_of <= last else MISSED
    return DutyStatus(
        rule=rule.id,
        office=rule.office,
        first=first,
        last=last,
        required=required,
        held=done,
        state=state,
        last_chance=working[-1] if working else None,
        citation=rule.citation,
        verified=rule.verified,
    )


def _periods(rule: Rule, first: date, last: date) -> list[tuple[date, date]]:
    found = []
    if rule.unit == DAYS_PER_WEEK:
        begin = first + timedelta(days=(8 - first.isoweekday()) % 7)
        while begin <= last:
            found.append((begin, begin + _WEEK - _DAY))
            begin += _WEEK
        return found
    begin = first if first.day == 1 else _next_month(first)
    while begin <= last:
        following = _next_month(begin)
        found.append((begin, following - _DAY))
        begin = following
    return found


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
