"""The working calendar: the only place that knows weekends, holidays and swapped days.

A year is data (`data/law/calendar/YEAR.toml`) with the decision behind every day, and officers
add to it by decisions of their own. A year nobody described is an error, never a guess; a year
described but not yet decided upon counts, and says so (`confirmed`, `doubts`).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import ClassVar

from intake.errors import IntakeError
from intake.law_files import LAW_FOLDER, LawFile, Row, read_law_file
from intake.law_phrases import phrase, weekday_name

CALENDAR_FOLDER = LAW_FOLDER / "calendar"

HOLIDAY = "holiday"
COMPENSATORY = "compensatory"
SWAP_OUT = "swap_out"
SWAP_IN = "swap_in"
DECIDED_OFF = "decided_off"
DECIDED_ON = "decided_on"

_KINDS_IN_FILES = (HOLIDAY, COMPENSATORY, SWAP_OUT, SWAP_IN)
_WORKING_KINDS = frozenset({SWAP_IN, DECIDED_ON})


class CalendarYearMissing(IntakeError):
    """A term reaches into a year whose holidays nobody has entered. Values: year."""

    code: ClassVar[str] = "calendar-year-missing"
    sentence: ClassVar[str] = "no working calendar for the year {year}; enter it before counting"


@dataclass(frozen=True)
class CalendarDay:
    """A day that differs from the plain week, and why.

    `kind`: holiday, compensatory, swap_out, swap_in (from files), decided_off, decided_on (an
    officer's decision). `name` is Vietnamese and is shown to people.
    """

    day: date
    kind: str
    name: str
    decision: str
    verified: bool
    swapped_with: date | None = None

    @property
    def working(self) -> bool:
        """Whether offices work on it."""
        return self.kind in _WORKING_KINDS


@dataclass(frozen=True)
class DayOverride:
    """An officer's decision about one day; it goes before what the year's file says.

    `reason` is Vietnamese and shown to people; `decision` names the document.
    """

    day: date
    working: bool
    reason: str
    decision: str


@dataclass(frozen=True)
class YearDecision:
    """An officer's decision about a whole year: opens a year without a file, or confirms one."""

    year: int
    confirmed: bool
    decision: str


@dataclass(frozen=True)
class Pending:
    """A stretch of days (both ends included) about which a decision is still to come."""

    first: date
    last: date
    note: str


@dataclass(frozen=True)
class CalendarYear:
    """One year: its special days, what is pending, and whether the year's plan is published."""

    year: int
    confirmed: bool
    published: date | None
    weekly_rest: frozenset[int]  # ISO weekdays, Monday is 1
    days: tuple[CalendarDay, ...]
    pending: tuple[Pending, ...]

    @property
    def settled(self) -> bool:
        """Whether nothing about the year is left to confirm."""
        return self.confirmed and not self.pending and all(day.verified for day in self.days)


@dataclass(frozen=True)
class Doubt:
    """Something uncertain in a stretch of days: an unconfirmed year, a day or a pending plan.

    `about`: "year", "day" or "pending"; `text` is the year, the day's or plan's Vietnamese note.
    """

    about: str
    day: date
    text: str


class WorkCalendar:
    """Working days over an unbroken run of years. Immutable; every method is pure.

    Look-ups are by day number in tables built once, so that adding any number of working days
    costs the same.
    """

    def __init__(self, years: Iterable[CalendarYear]) -> None:
        """Raises: ValueError for no years, or a gap between them."""
        ordered = sorted(years, key=lambda year: year.year)
        if not ordered:
            raise ValueError("a calendar needs at least one year")
        numbers = [year.year for year in ordered]
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            raise ValueError(f"calendar years must follow each other without a gap: {numbers}")
        self._years = {year.year: year for year in ordered}
        self._special = {day.day: day for year in ordered for day in year.days}
        self._first = date(numbers[0], 1, 1).toordinal()
        self._last = date(numbers[-1], 12, 31).toordinal()
        self._build_tables()

    def _build_tables(self) -> None:
        size = self._last - self._first + 1
        self._dates = [date.fromordinal(self._first + offset) for offset in range(size)]
        flags = bytearray(size)
        for offset, day in enumerate(self._dates):
            special = self._special.get(day)
            resting = day.isoweekday() in self._years[day.year].weekly_rest
            flags[offset] = special.working if special else not resting
        self._working = bytes(flags)
        # Dates of working days in order, and for each day how many of them lie before it.
        self._working_days = [day for offset, day in enumerate(self._dates) if flags[offset]]
        before = array("i", [0])
        for flag in flags:
            before.append(before[-1] + flag)
        self._before = before

    @staticmethod
    def load(
        day_overrides: Iterable[DayOverride] = (),
        *,
        year_decisions: Iterable[YearDecision] = (),
        folder: Path | None = None,
    ) -> WorkCalendar:
        """The shipped years with the officers' decisions laid over them.

        Args:
            day_overrides: decisions on single days; a day in a year without data has no effect
                until the year is opened.
            year_decisions: years to open or to confirm.
            folder: another folder of YEAR.toml files.

        Raises:
            DataFault: a calendar file is wrong; names file and line.
        """
        years = dict(_shipped_years(folder or CALENDAR_FOLDER))
        for decision in year_decisions:
            years[decision.year] = _decided_year(years.get(decision.year), decision)
        for override in day_overrides:
            year = years.get(override.day.year)
            if year is not None:
                years[override.day.year] = _with_override(year, override)
        return WorkCalendar(years.values())

    @property
    def years(self) -> tuple[CalendarYear, ...]:
        """All years, oldest first."""
        return tuple(self._years.values())

    def year(self, year: int) -> CalendarYear:
        """One year.

        Raises:
            CalendarYearMissing: nobody entered it.
        """
        found = self._years.get(year)
        if found is None:
            raise CalendarYearMissing(year=year)
        return found

    def confirmed(self, year: int) -> bool:
        """Whether the year's plan of days off is published and entered.

        Raises:
            CalendarYearMissing: nobody entered the year.
        """
        return self.year(year).confirmed

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on `day`: swapped-in Saturdays do, swapped-out days don't.

        Raises:
            CalendarYearMissing: no data for its year.
        """
        return self._working[self._offset(day)] == 1

    def special_day(self, day: date) -> CalendarDay | None:
        """The entry for `day` where it differs from the plain week."""
        return self._special.get(day)

    def explain(self, day: date) -> str:
        """Why `day` is or is no working day, in Vietnamese, with the decision behind it.

        Raises:
            CalendarYearMissing: no data for its year.
        """
        special = self._special.get(day)
        working = self.is_working_day(day)
        weekday = weekday_name(day)
        if special is None:
            said = phrase("day.working" if working else "day.weekend", weekday=weekday)
        else:
            said = phrase(
                f"day.{special.kind}",
                weekday=weekday,
                name=special.name,
                decision=special.decision,
            )
        doubts = self.doubts(day, day)
        said_doubts = [phrase(f"doubt.{doubt.about}", text=doubt.text) for doubt in doubts]
        return phrase("day.joiner").join([said, *said_doubts])

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after `day` (before it, if n is negative); `day` isn't counted.

        n = 0 gives `day` itself, working or not.

        Raises:
            CalendarYearMissing: the count leaves the years there is data for.
        """
        offset = self._offset(day)
        if n == 0:
            return day
        index = self._before[offset + 1] + n - 1 if n > 0 else self._before[offset] + n
        if index < 0:
            raise CalendarYearMissing(year=self._dates[0].year - 1)
        try:
            return self._working_days[index]
        except IndexError:
            raise CalendarYearMissing(year=self._dates[-1].year + 1) from None

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after `start` up to and including `end` (end >= start).

        Undoes `add_working_days` for every end that is a working day.
        """
        return self._before[self._offset(end) + 1] - self._before[self._offset(start) + 1]

    def working_days(self, first: date, last: date) -> tuple[date, ...]:
        """The working days from `first` to `last` (both included), in order."""
        begin, end = self._before[self._offset(first)], self._before[self._offset(last) + 1]
        return tuple(self._working_days[begin:end])

    def roll_forward(self, day: date) -> date:
        """`day` if it is a working day, else the next one.

        Raises:
            CalendarYearMissing: no data for its year, or for the year of the next working day.
        """
        offset = self._offset(day)
        if self._working[offset]:
            return day
        try:
            return self._working_days[self._before[offset]]
        except IndexError:
            raise CalendarYearMissing(year=self._dates[-1].year + 1) from None

    def roll_back(self, day: date) -> date:
        """`day` if it is a working day, else the one before: for "at least N days before"."""
        return day if self.is_working_day(day) else self.add_working_days(day, -1)

    def special_days(self, first: date, last: date) -> tuple[CalendarDay, ...]:
        """Entries from `first` to `last` (both included), by day."""
        if first > last:
            return ()
        self._offset(first)
        self._offset(last)
        return tuple(
            entry
            for year in range(first.year, last.year + 1)
            for entry in self._years[year].days
            if first <= entry.day <= last
        )

    def doubts(self, first: date, last: date) -> tuple[Doubt, ...]:
        """What is uncertain from `first` to `last` (both included), by day.

        One doubt for each unconfirmed year, each pending decision and each unverified day of a
        confirmed year (in an unconfirmed one the year's doubt says it all).
        """
        found: list[Doubt] = []
        for number in range(first.year, last.year + 1):
            year = self.year(number)
            inside = max(first, date(number, 1, 1))
            if not year.confirmed:
                found.append(Doubt("year", inside, str(number)))
            found += [
                Doubt("pending", pending.first, pending.note)
                for pending in year.pending
                if pending.first <= last and pending.last >= first
            ]
            if year.confirmed:
                found += [
                    Doubt("day", entry.day, entry.name)
                    for entry in year.days
                    if not entry.verified and first <= entry.day <= last
                ]
        return tuple(found)

    def differences(self, other: WorkCalendar) -> tuple[date, ...]:
        """Days that are working days in exactly one of the two calendars, in order.

        A year that only one of them has counts with all its days: terms could not be counted in it.
        """
        mine, theirs = self._flags_by_day(), other._flags_by_day()
        return tuple(
            sorted(day for day in mine.keys() | theirs.keys() if mine.get(day) != theirs.get(day))
        )

    def _flags_by_day(self) -> Mapping[date, int]:
        return dict(zip(self._dates, self._working, strict=True))

    def _offset(self, day: date) -> int:
        offset = day.toordinal() - self._first
        if offset < 0 or offset >= len(self._working):
            raise CalendarYearMissing(year=day.year)
        return offset


def _decided_year(known: CalendarYear | None, decision: YearDecision) -> CalendarYear:
    weekend = frozenset({6, 7})
    if known is None:
        return CalendarYear(decision.year, decision.confirmed, None, weekend, (), ())
    if not decision.confirmed:
        return replace(known, confirmed=False)
    # Who confirms the year confirms the days that were only expected, and waits for no more.
    days = tuple(replace(day, verified=True) for day in known.days)
    return replace(known, confirmed=True, days=days, pending=())


def _with_override(year: CalendarYear, override: DayOverride) -> CalendarYear:
    kind = DECIDED_ON if override.working else DECIDED_OFF
    entry = CalendarDay(override.day, kind, override.reason, override.decision, verified=True)
    others = [day for day in year.days if day.day != override.day]
    days = tuple(sorted((*others, entry), key=lambda day: day.day))
    return CalendarYear(
        year.year, year.confirmed, year.published, year.weekly_rest, days, year.pending
    )


@cache
def _shipped_years(folder: Path) -> Mapping[int, CalendarYear]:
    return {
        year.year: year for path in sorted(folder.glob("*.toml")) for year in [_read_year(path)]
    }


def _read_year(path: Path) -> CalendarYear:
    file = read_law_file(path)
    file.top.check_keys(("year", "confirmed", "published", "weekly_rest"))
    number = file.top.whole("year", least=1900)
    if number is None or path.stem != str(number):
        file.top.fault("year must be the one the file is named after", "year")
    rest = file.top.values.get("weekly_rest")
    if not isinstance(rest, list) or any(item not in range(1, 8) for item in rest):
        file.top.fault("weekly_rest must list ISO weekdays 1-7", "weekly_rest")
    days = tuple(_read_day(row, number) for row in file.rows("day"))
    _check_days(file, days)
    return CalendarYear(
        year=number,
        confirmed=file.top.flag("confirmed", default=False),
        published=file.top.day("published"),
        weekly_rest=frozenset(rest),
        days=days,
        pending=tuple(_read_pending(row) for row in file.rows("pending")),
    )


def _read_day(row: Row, year: int) -> CalendarDay:
    row.check_keys(("on", "kind", "name", "decision", "status", "swapped_with"))
    on = row.required_day("on")
    if on.year != year:
        row.fault(f"{on} is not in {year}", "on")
    return CalendarDay(
        day=on,
        kind=row.one_of("kind", _KINDS_IN_FILES),
        name=row.text("name"),
        decision=row.text("decision"),
        verified=row.one_of("status", ("verified", "unverified")) == "verified",
        swapped_with=row.day("swapped_with"),
    )


def _read_pending(row: Row) -> Pending:
    row.check_keys(("from", "to", "note"))
    first, last = row.required_day("from"), row.required_day("to")
    if first > last:
        row.fault("from lies after to", "from")
    return Pending(first, last, row.text("note"))


def _check_days(file: LawFile, days: tuple[CalendarDay, ...]) -> None:
    """Days in order, once each, and every swapped day with its counterpart."""
    kinds = {day.day: day.kind for day in days}
    earlier: CalendarDay | None = None
    for row, day in zip(file.rows("day"), days, strict=True):
        if earlier is not None and day.day <= earlier.day:
            row.fault(f"{day.day} stands after {earlier.day}: each day once, in order", "on")
        earlier = day
        if day.kind in (SWAP_IN, SWAP_OUT):
            opposite = SWAP_OUT if day.kind == SWAP_IN else SWAP_IN
            if day.swapped_with is None or kinds.get(day.swapped_with, opposite) != opposite:
                row.fault(f"{day.day} names no day it is swapped with", "swapped_with")
        elif day.swapped_with is not None:
            row.fault("only a swapped day has swapped_with", "swapped_with")
