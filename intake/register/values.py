"""What the register's actions share: checked values and the trace."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from intake.errors import InvalidInput
from intake.office import Office
from intake.officers import Officer, actor_of
from intake.store.engine import Transaction
from intake.text import clean
from intake.timeline import record

FIRST_DAY = date(2014, 7, 1)  # Luật Tiếp công dân in force: nothing was registered before
VOID_REASONS = ("entered_twice", "wrong_data", "not_held")


def trace(
    office: Office, tx: Transaction, officer: Officer, event: str, now: datetime, **values: object
) -> None:
    """Append what the officer did to the timeline: codes, days and counts only."""
    record(
        office.store, tx, petition_id=None, event=event, actor=actor_of(officer), now=now,
        values={"agency": officer.agency, **values},
    )  # fmt: skip


def one_of(name: str, value: str, allowed: Collection[str]) -> None:
    """Refuse a code that is not of the list.

    Raises:
        InvalidInput.
    """
    if value not in allowed:
        raise InvalidInput(field=name, reason="unknown")


def in_range(name: str, value: float, least: int, most: int) -> float:
    """The value, if it lies between the bounds, both inside.

    Raises:
        InvalidInput.
    """
    if not least <= value <= most:
        raise InvalidInput(field=name, reason="out_of_range")
    return value


def short(name: str, text: str, longest: int) -> str:
    """A cleaned, trimmed text of at most `longest` characters.

    Raises:
        InvalidInput: it is longer.
    """
    kept = clean(text).strip()
    if len(kept) > longest:
        raise InvalidInput(field=name, reason="too_long")
    return kept
