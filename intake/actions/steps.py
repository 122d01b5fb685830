"""Recording what has no action of its own: that something owed was done, or came about; and taking
back what was recorded by mistake."""

from __future__ import annotations

from datetime import date, datetime, time

from intake.actions.change import Change, begin, check_day
from intake.due import due_view
from intake.errors import InvalidInput
from intake.obligations import owed_steps, possible_occurrences, recorded_steps
from intake.office import Office
from intake.officers import Officer
from intake.petition import Petition
from intake.status import Action
from intake.store.engine import Transaction
from intake.store.petitions import (
    ClockEventRow,
    add_clock_event,
    clock_events_of,
    remove_clock_event,
)

MISTAKES = ("wrong_day", "wrong_step", "wrong_petition", "not_done")
"""Why a recorded step is taken back."""


def record_step(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    event: str,
    now: datetime,
    version: int | None = None,
    on: date | None = None,
    at: time | None = None,
    document_number: str = "",
) -> Petition:
    """Record that something owed was done (a decision sent, a conclusion published …), or that
    something came about from which the law counts (a meeting is fixed, documents were asked for …).

    Args:
        event: one of `owed_steps` or `possible_occurrences` for the petition as it stands.
        on: the day, default today; a meeting's may lie ahead.
        at: the local time of day of a meeting whose terms count in hours.

    Raises:
        InvalidInput: neither owed nor possible, or a day or time that cannot be.
        CalendarYearMissing: the day lies in a year without a calendar.
    """
    change = begin(office, tx, officer, reference, Action.RECORD_STEP, version=version, now=now)
    day = on or change.today
    if _is_owed(change, event, day):
        if at is not None:
            raise InvalidInput(field="at", reason="not_asked")
    else:
        _check_occurrence(change, event, day, at)
    number = document_number.strip()
    add_clock_event(tx, change.petition.id, event, day, at=at, document_number=number)
    return change.finish(
        {},
        values={
            "step": event,
            "on": day.isoformat(),
            "at": f"{at:%H:%M}" if at else None,
            "document_number": number,
        },
    )


def take_back_step(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    step: int,
    mistake: str,
    now: datetime,
    version: int | None = None,
) -> Petition:
    """Take back what `record_step` recorded by mistake; all dates are derived as if it had not.

    The timeline keeps both entries. To mend a day, take the step back and record it again.

    Args:
        step: id of one of `recorded_steps`.
        mistake: a code of `MISTAKES`.

    Raises:
        InvalidInput: no such step, or no such mistake.
    """
    change = begin(office, tx, officer, reference, Action.TAKE_BACK_STEP, version=version, now=now)
    happened = clock_events_of(tx, change.petition.id)
    found = next((row for row in recorded_steps(office.rules, happened) if row.id == step), None)
    if found is None:
        raise InvalidInput(field="step", reason="not_recorded")
    if mistake not in MISTAKES:
        raise InvalidInput(field="mistake", reason="unknown")
    remove_clock_event(tx, found.id)
    return change.finish(
        {},
        values={
            "step": found.event,
            "on": found.on.isoformat(),
            "at": f"{found.at:%H:%M}" if found.at else None,
            "document_number": found.document_number,
            "mistake": mistake,
        },
    )


def _is_owed(change: Change, event: str, day: date) -> bool:
    view = due_view(change.office, change.tx, change.petition, today=change.today)
    step = next((row for row in owed_steps(change.office.rules, view) if row.event == event), None)
    if step is None:
        return False
    check_day("on", day, not_before=step.not_before, today=change.today)
    return True


def _check_occurrence(change: Change, event: str, day: date, at: time | None) -> None:
    recorded = clock_events_of(change.tx, change.petition.id)
    possible = possible_occurrences(
        change.office.rules, change.petition, {row.event for row in recorded}
    )
    found = next((row for row in possible if row.event == event), None)
    if found is None:
        raise InvalidInput(field="event", reason="not_owed")
    if found.planned:
        change.office.calendar.year(day.year)
    else:
        check_day("on", day, not_before=_earliest(change, recorded, event), today=change.today)
    if found.timed and at is None:
        raise InvalidInput(field="at", reason="required")
    if at is not None and not found.timed:
        raise InvalidInput(field="at", reason="not_asked")


def _earliest(change: Change, recorded: list[ClockEventRow], event: str) -> date | None:
    """The day before which it cannot have come about: that of what it follows, or the receipt."""
    kind = change.office.rules.events[event]
    before = {*kind.needs, *kind.after}
    days = [row.on for row in recorded if row.event in before]
    return min(days, default=change.petition.legal_received_on)
