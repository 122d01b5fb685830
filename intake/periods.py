"""Reporting periods: which civil days a label covers under which regime.

The same label ("6 tháng") covers other days in another regime, so a period always carries its
regime and its two days, both inside. Regimes, cut-offs and due days are
`data/reports/regimes.toml`. What happens at 23:30 on the last day belongs to the closing period.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from intake.clock import local_date
from intake.errors import DataFault, InvalidInput

_FILE = Path(__file__).parent / "data" / "reports" / "regimes.toml"
_NAMED = re.compile(r"(\d{4})-(M\d{2}|[0-9A-Z]{2,3})")
_MONTH = re.compile(r"M(0[1-9]|1[0-2])")
_CUSTOM = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")
_YEARS = range(2014, 2101)  # Luật Tiếp công dân is in force since 2014
_LONGEST = timedelta(days=3700)
_ON_THE_DESK = timedelta(days=91)
CUSTOM = "custom"


@dataclass(frozen=True)
class NamedPeriod:
    """A period as a regime defines it. `starts`, `ends`: (month, day); `due`: day by sender."""

    code: str
    label: str
    starts: tuple[int, int]
    starts_year: int
    ends: tuple[int, int]
    due_month: int
    due: Mapping[str, int]
    narrative: bool


@dataclass(frozen=True)
class Regime:
    """One reporting regime. `follows_drafting`: data end with the last full day before drafting.

    `months`: (label, first day in the month before, last day in the month) where the regime has
    monthly reports.
    """

    code: str
    label: str
    follows_drafting: bool
    form_set: str
    addressee_unit: str
    addressee_province: str
    source: str
    verified: bool
    periods: tuple[NamedPeriod, ...]
    months: tuple[str, int, int] | None

    def named(self, code: str) -> NamedPeriod | None:
        """The period of that code (`Q3`, `6T`, `M05` …), None if the regime has none."""
        for period in self.periods:
            if period.code == code:
                return period
        month = _MONTH.fullmatch(code)
        if self.months is None or month is None:
            return None
        label, first, last = self.months
        number = int(month[1])
        return NamedPeriod(
            code=code,
            label=label.replace("{month}", str(number)),
            starts=(number - 1 or 12, first),
            starts_year=0 if number > 1 else -1,
            ends=(number, last),
            due_month=number,
            due={},
            narrative=True,
        )


@dataclass(frozen=True)
class Period:
    """An explicit interval of civil days, both ends inside, under one regime.

    `text` is what the caller wrote (`2026-Q3`); `label` has slots {year}, or {first} and {last};
    `nominal_last_day` is the regime's own end, `last_day` where the data end; `due` gives the
    day a report is owed, by sender ("unit", "province").
    """

    text: str
    regime: str
    code: str
    year: int
    label: str
    first_day: date
    last_day: date
    nominal_last_day: date
    due: Mapping[str, date]
    narrative: bool

    @property
    def days(self) -> int:
        """Number of days covered."""
        return (self.last_day - self.first_day).days + 1

    @property
    def cut_short(self) -> bool:
        """Whether the data end before the regime's own end of the period."""
        return self.last_day < self.nominal_last_day

    def covers(self, day: date) -> bool:
        """Whether a civil day lies inside."""
        return self.first_day <= day <= self.last_day

    def covers_instant(self, instant: datetime) -> bool:
        """Whether an instant lies inside, by the civil day in Việt Nam."""
        return self.covers(local_date(instant))

    def is_over(self, today: date) -> bool:
        """Whether the last day has passed entirely."""
        return self.last_day < today


@cache
def regimes() -> Mapping[str, Regime]:
    """All regimes by code.

    Raises:
        DataFault: the data file is malformed.
    """
    with _FILE.open("rb") as file:
        rows = tomllib.load(file)["regime"]
    found: dict[str, Regime] = {}
    for number, row in enumerate(rows, start=1):
        try:
            found[row["code"]] = _regime(row)
        except (KeyError, ValueError) as error:
            raise DataFault(file=_FILE.name, line=f"regime {number}", fault=str(error)) from error
    return found


def regime_of(code: str) -> Regime:
    """The regime of that code.

    Raises:
        InvalidInput: there is none.
    """
    try:
        return regimes()[code]
    except KeyError as error:
        raise InvalidInput(field="regime", reason="unknown") from error


def resolve_period(text: str, regime: str, *, today: date) -> Period:
    """The days a label covers.

    Args:
        text: `2026-Q3`, `2026-6T`, `2026-9T`, `2026-NAM`, `2026-M05`, or `2026-01-01..2026-03-31`.
        regime: code of the regime, see `regimes()`.
        today: the civil day of drafting; a regime without cut-off ends on the day before.

    Raises:
        InvalidInput: no such regime or period, impossible days, or a period that has not begun.
    """
    chosen = regime_of(regime)
    wanted = text.strip().upper()
    custom = _CUSTOM.fullmatch(wanted)
    if custom:
        return _custom(wanted, chosen, custom[1], custom[2], today)
    named = _NAMED.fullmatch(wanted)
    if named is None or int(named[1]) not in _YEARS:
        raise InvalidInput(field="period", reason="malformed")
    definition = chosen.named(named[2])
    if definition is None:
        raise InvalidInput(field="period", reason="unknown")
    return _resolved(wanted, chosen, definition, int(named[1]), today)


def periods_around(today: date) -> tuple[Period, ...]:
    """The named periods that reporting staff have on their desk: running, or closed of late.

    Closed of late: ended within the last quarter. Months are left out, they have no due day of
    their own. The latest end first; of one end, the shorter period first.
    """
    found = []
    for regime in regimes().values():
        for year in (today.year - 1, today.year, today.year + 1):
            for definition in regime.periods:
                text = f"{year}-{definition.code}"
                try:
                    period = _resolved(text, regime, definition, year, today)
                except InvalidInput:
                    continue  # has not begun
                if period.nominal_last_day >= today - _ON_THE_DESK:
                    found.append(period)
    return tuple(
        sorted(found, key=lambda p: (-p.nominal_last_day.toordinal(), -p.first_day.toordinal()))
    )


def comparable_period(period: Period) -> Period:
    """The same period one year earlier (cùng kỳ): same regime, same cut-offs."""
    if period.code == CUSTOM:
        first, last = _a_year_before(period.first_day), _a_year_before(period.last_day)
        return replace(
            period,
            text=f"{first}..{last}",
            year=first.year,
            first_day=first,
            last_day=last,
            nominal_last_day=last,
            due={},
        )
    chosen = regimes()[period.regime]
    definition = chosen.named(period.code)
    assert definition is not None
    year = period.year - 1
    before = _resolved(f"{year}-{period.code}", chosen, definition, year, date.max)
    if period.cut_short:
        before = replace(before, last_day=_a_year_before(period.last_day))
    return before


def previous_period(period: Period) -> Period | None:
    """The period that ends the day before this one begins, of the same length and regime.

    None for an interval of the caller's own and for cumulative periods, which begin anew.
    """
    order = ("Q1", "Q2", "Q3", "Q4")
    chosen = regimes()[period.regime]
    if period.code in order:
        index = order.index(period.code)
        year, code = (period.year, order[index - 1]) if index else (period.year - 1, order[3])
    elif period.code == "NAM":
        year, code = period.year - 1, "NAM"
    else:
        month = _MONTH.fullmatch(period.code)
        if month is None:
            return None
        number = int(month[1])
        year, code = (period.year, f"M{number - 1:02}") if number > 1 else (period.year - 1, "M12")
    definition = chosen.named(code)
    if definition is None:
        return None
    return _resolved(f"{year}-{code}", chosen, definition, year, date.max)


def quarters_within(period: Period) -> tuple[Period, ...]:
    """The quarters of the same regime that lie wholly inside, in order."""
    chosen = regimes()[period.regime]
    found = []
    for year in range(period.first_day.year, period.last_day.year + 1):
        for code in ("Q1", "Q2", "Q3", "Q4"):
            definition = chosen.named(code)
            if definition is None:
                continue
            quarter = _resolved(f"{year}-{code}", chosen, definition, year, date.max)
            if quarter.first_day >= period.first_day and quarter.last_day <= period.last_day:
                found.append(quarter)
    return tuple(found)


def _regime(row: Mapping[str, Any]) -> Regime:
    months = row.get("months")
    if row["cut_off"] not in ("fixed", "drafting"):
        raise ValueError("cut_off")
    return Regime(
        code=row["code"],
        label=row["label"],
        follows_drafting=row["cut_off"] == "drafting",
        form_set=row["form_set"],
        addressee_unit=row["addressee_unit"],
        addressee_province=row["addressee_province"],
        source=row["source"],
        verified=row["verified"],
        months=(months["label"], months["first_day"], months["last_day"]) if months else None,
        periods=tuple(
            NamedPeriod(
                code=each["code"],
                label=each["label"],
                starts=_month_day(each["from"]),
                starts_year=each.get("from_year", 0),
                ends=_month_day(each["to"]),
                due_month=each["due_month"],
                due=each["due"],
                narrative=each["narrative"],
            )
            for each in row["period"]
        ),
    )


def _month_day(text: str) -> tuple[int, int]:
    month, day = text.split("-")
    return date(2000, int(month), int(day)).month, int(day)


def _resolved(text: str, regime: Regime, definition: NamedPeriod, year: int, today: date) -> Period:
    first = date(year + definition.starts_year, *definition.starts)
    nominal = date(year, *definition.ends)
    last = nominal
    if regime.follows_drafting:
        last = min(nominal, today - timedelta(days=1))
    if first > today or last < first:
        raise InvalidInput(field="period", reason="not_begun")
    return Period(
        text=text,
        regime=regime.code,
        code=definition.code,
        year=year,
        label=definition.label,
        first_day=first,
        last_day=last,
        nominal_last_day=nominal,
        due={who: date(year, definition.due_month, day) for who, day in definition.due.items()},
        narrative=definition.narrative,
    )


def _custom(text: str, regime: Regime, first: str, last: str, today: date) -> Period:
    try:
        first_day, last_day = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise InvalidInput(field="period", reason="malformed") from error
    if first_day.year not in _YEARS or last_day.year not in _YEARS:
        raise InvalidInput(field="period", reason="out_of_range")
    if last_day < first_day or last_day - first_day > _LONGEST:
        raise InvalidInput(field="period", reason="out_of_range")
    if first_day > today:
        raise InvalidInput(field="period", reason="not_begun")
    return Period(
        text=text,
        regime=regime.code,
        code=CUSTOM,
        year=first_day.year,
        label="",
        first_day=first_day,
        last_day=last_day,
        nominal_last_day=last_day,
        due={},
        narrative=True,
    )


def _a_year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
