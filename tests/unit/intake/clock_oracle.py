"""A second opinion on legal time: brute force, one day after the other, sharing nothing.

No table of the product is read here and no module of it imported. The days off are typed in once
more, from the public decisions; the counting is by stepping. Slow on purpose.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

DAY = timedelta(days=1)

# Weekdays off, and Saturdays on.
OFF = {
    date.fromisoformat(text)
    for text in """
    2024-01-01
    2024-02-08 2024-02-09 2024-02-12 2024-02-13 2024-02-14
    2024-04-18 2024-04-29 2024-04-30 2024-05-01
    2024-09-02 2024-09-03
    2025-01-01
    2025-01-27 2025-01-28 2025-01-29 2025-01-30 2025-01-31
    2025-04-07 2025-04-30 2025-05-01 2025-05-02
    2025-09-01 2025-09-02
    2026-01-01 2026-01-02
    2026-02-16 2026-02-17 2026-02-18 2026-02-19 2026-02-20
    2026-04-27 2026-04-30 2026-05-01
    2026-08-31 2026-09-01 2026-09-02
    2026-11-24
    2027-01-01 2027-04-16 2027-04-30 2027-05-03 2027-09-02 2027-11-24
    """.split()
}
ON = {date(2024, 5, 4), date(2025, 4, 26), date(2026, 1, 10), date(2026, 8, 22)}
FIRST_YEAR, LAST_YEAR = 2024, 2027


def works(day: date) -> bool:
    """Whether offices work on `day`."""
    assert FIRST_YEAR <= day.year <= LAST_YEAR, day
    if day in ON:
        return True
    return day.isoweekday() <= 5 and day not in OFF


def working_days_after(start: date, n: int) -> date:
    """Step to the n-th working day after `start`."""
    day = start
    while n:
        day += DAY
        n -= works(day)
    return day


def working_days_before(start: date, n: int) -> date:
    """Step back to the n-th working day before `start`."""
    day = start
    while n:
        day -= DAY
        n -= works(day)
    return day


def next_working(day: date) -> date:
    """`day` or the first working day after it."""
    while not works(day):
        day += DAY
    return day


def last_working(day: date) -> date:
    """`day` or the first working day before it."""
    while not works(day):
        day -= DAY
    return day


def count(start: date, length: str) -> tuple[date, date]:
    """Nominal and last day of a term written as in the scenarios.

    "7WD", "30CD", "30CD+7" (seven suspended days), "5CD before", "1YEAR", "0HOUR before",
    "7WD|10CD" (two rules, the earlier holds; the first where both end together).
    """
    if "|" in length:
        both = [count(start, part) for part in length.split("|")]
        return min(both, key=lambda found: found[1])
    found = re.fullmatch(r"(\d+)(WD|CD|YEAR|HOUR)(?:\+(\d+))?( before)?", length)
    assert found, length
    amount, unit, pause, before = int(found[1]), found[2], int(found[3] or 0), bool(found[4])
    if unit == "WD":
        day = (working_days_before if before else working_days_after)(start, amount)
        return day, day
    if unit == "CD":
        day = start
        for _ in range(amount + pause):
            day += -DAY if before else DAY
        return day, (last_working if before else next_working)(day)
    if unit == "YEAR":
        try:
            day = start.replace(year=start.year + amount)
        except ValueError:
            day = date(start.year + amount, 2, 28)
        return day, day
    return start, start
