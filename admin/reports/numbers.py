"""Numbers and days as Vietnamese reports print them.

Counts 1–9 get a leading zero in prose (custom of the reports, not of NĐ 30/2020), never in tables,
decimals, percentages or years. Percentages are computed from the integers, half up, two decimals.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

_HUNDREDTH = Decimal("0.01")


def grouped(value: int | Decimal) -> str:
    """`12345.5` as `12.345,5`; no trailing zeros."""
    exact = Decimal(value)
    sign = "-" if exact < 0 else ""
    whole, _, fraction = format(abs(exact), "f").partition(".")
    fraction = fraction.rstrip("0")
    shown = f"{int(whole):,}".replace(",", ".")
    return f"{sign}{shown},{fraction}" if fraction else f"{sign}{shown}"


def n(value: int | Decimal) -> str:
    """A count in prose: `05`, `12`, `2.799`; decimals are never padded."""
    return f"0{value}" if value in range(1, 10) else grouped(value)


def percent(part: int | Decimal, whole: int | Decimal) -> str:
    """`part` of `whole`: `60,53`, `25`; the caller adds the sign.

    Raises:
        ZeroDivisionError: `whole` is 0; a report says that in words.
    """
    if not whole:
        raise ZeroDivisionError("no percentage of nothing")
    exact = Decimal(part) * 100 / Decimal(whole)
    return grouped(exact.quantize(_HUNDREDTH, rounding=ROUND_HALF_UP))


def signed(value: int | Decimal) -> str:
    """A difference: `+7`, `-7`, `0`."""
    return f"+{grouped(value)}" if value > 0 else grouped(value)


def day(value: date) -> str:
    """`07/6/2026`, `05/02/2026`, `14/3/2026`: days below 10 and months 1 and 2 are padded
    (NĐ 30/2020/NĐ-CP, Phụ lục I)."""
    return f"{value.day:02}/{_month(value)}/{value.year}"


def day_parts(value: date) -> tuple[str, str, str]:
    """Day, month and year as the place-and-date line prints them: `07`, `6`, `2026`."""
    return f"{value.day:02}", _month(value), str(value.year)


def _month(value: date) -> str:
    return f"{value.month:02}" if value.month < 3 else str(value.month)
