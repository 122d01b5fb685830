"""A second complaint beside the first: what its arrival means for the first one's terms.

Who complains again has used his time, and the first decision does not take effect (Luật KN Điều
33, 44). Both are known once the two petitions are in one case.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from intake.clock import local_date
from intake.due import store_deadlines
from intake.office import Office
from intake.officers import Actor
from intake.petition import Petition
from intake.status import PetitionStatus
from intake.store.engine import Transaction
from intake.store.petitions import (
    add_clock_event,
    clock_events_of,
    petition_columns,
    petition_of,
    update_petition,
)
from intake.store.tables import petitions
from intake.timeline import record

COMPLAINED_AGAIN = "complained_again"


def note_second_complaint(
    office: Office, tx: Transaction, case_id: int, *, by: Actor, now: datetime
) -> None:
    """Write into a case's first complaint that there is a second one, as soon as both are there.

    A case with several first complaints is left alone: which one is continued, nobody said.
    """
    rows = tx.execute(
        select(*petition_columns()).where(petitions.c.case_id == case_id).order_by(petitions.c.id)
    ).mappings()
    complaints = [row for row in map(petition_of, rows) if row.kind.is_complaint]
    seconds = [row for row in complaints if row.instance == 2 and _was_made(row)]
    firsts = [row for row in complaints if row.instance == 1]
    if len(firsts) != 1 or not seconds:
        return
    first = firsts[0]
    second = min(seconds, key=lambda row: (row.legal_received_on or local_date(now), row.id))
    if second.kind is first.kind and second.legal_received_on is not None:
        _note(office, tx, first, second, by=by, now=now)


def _was_made(petition: Petition) -> bool:
    """Whether the complaint exists in law: a paper came, and it was not withdrawn."""
    return petition.legal_received_on is not None and petition.status not in (
        PetitionStatus.WITHDRAWN,
        PetitionStatus.REJECTED,
    )


def _note(
    office: Office,
    tx: Transaction,
    first: Petition,
    second: Petition,
    *,
    by: Actor,
    now: datetime,
) -> None:
    assert second.legal_received_on is not None  # the caller looked
    if any(row.event == COMPLAINED_AGAIN for row in clock_events_of(tx, first.id)):
        return
    add_clock_event(tx, first.id, COMPLAINED_AGAIN, second.legal_received_on)
    changed = update_petition(tx, first, {}, now=now)
    store_deadlines(office, tx, changed, today=local_date(now))
    record(
        office.store,
        tx,
        petition_id=first.id,
        event=COMPLAINED_AGAIN,
        actor=by,
        now=now,
        values={"to": second.reference, "on": second.legal_received_on.isoformat()},
    )
