"""Recording that an obligation which has no action of its own was fulfilled."""

from __future__ import annotations

from datetime import date, datetime

from intake.actions.change import begin, check_day
from intake.due import due_view
from intake.errors import InvalidInput
from intake.obligations import owed_steps
from intake.office import Office
from intake.officers import Officer
from intake.petition import Petition
from intake.status import Action
from intake.store.engine import Transaction
from intake.store.petitions import add_clock_event


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
    document_number: str = "",
) -> Petition:
    """Record that something owed was done (a decision sent, a conclusion published …).

    Args:
        event: one of `owed_steps` for the petition as it stands.
        on: the day it was done, default today.

    Raises:
        InvalidInput: nothing owed ends on that event, or the day lies in the future or before the
            duty began.
    """
    change = begin(office, tx, officer, reference, Action.RECORD_STEP, version=version, now=now)
    view = due_view(office, tx, change.petition, today=change.today)
    step = next((row for row in owed_steps(office.rules, view) if row.event == event), None)
    if step is None:
        raise InvalidInput(field="event", reason="not_owed")
    day = on or change.today
    check_day("on", day, not_before=step.not_before, today=change.today)
    number = document_number.strip()
    add_clock_event(tx, change.petition.id, event, day, document_number=number)
    return change.finish(
        {}, values={"step": event, "on": day.isoformat(), "document_number": number}
    )
