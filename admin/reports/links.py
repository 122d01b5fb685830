"""Where a number opens the list behind it."""

from __future__ import annotations

from urllib.parse import quote

from admin.reports.figures import Figures


def in_address(number: str) -> str:
    """A number's id as one part of a path: `01-TCD.c5`."""
    return number.replace("/", "-")


def from_address(part: str) -> str:
    """The id again; only form cells carry a slash."""
    head, dot, column = part.partition(".c")
    if dot and column.isdigit() and head[:1].isdigit():
        return f"{head.replace('-', '/', 1)}.c{column}"
    return part


def report_path(figures: Figures) -> str:
    """The console page of the report."""
    period = figures.period
    return f"/console/reports/{quote(figures.body.agency.code)}/{period.regime}/{period.text}"


def number_path(figures: Figures, number: str) -> str:
    """The console page of a number's records."""
    address = f"{report_path(figures)}/numbers/{in_address(number)}"
    return address if figures.scope == "own" else f"{address}?scope={figures.scope}"
