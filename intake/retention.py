"""How long archived petitions are kept: a list for the head to decide on, never a deletion.

The terms are the rules of the stage `keep_archived_petition` (TT 05/2021 Điều 28).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from intake.deadlines import count_term
from intake.office import Office
from intake.petition import PetitionKind
from intake.store.engine import Transaction
from intake.store.tables import clock_events, petitions

_STAGE = "keep_archived_petition"
_ARCHIVED = "archived"


@dataclass(frozen=True)
class Kept:
    """A file whose term of keeping ended on `kept_until`, by `rule`."""

    reference: str
    agency: str | None
    archived_on: date
    kept_until: date
    rule: str
    citation: str
    verified: bool


def kept_long_enough(office: Office, tx: Transaction, *, today: date) -> list[Kept]:
    """The archived petitions whose term of keeping is over, the longest over first.

    One taken up again since is not among them: its last archiving counts, and it must be ended.

    Raises:
        CalendarYearMissing: a term that needs the working calendar reaches beyond it.
    """
    archived_on = func.max(clock_events.c.on).label("archived_on")
    rows = tx.execute(
        select(
            petitions.c.reference,
            petitions.c.agency,
            petitions.c.kind,
            petitions.c.closed_at,
            archived_on,
        )
        .join(clock_events, clock_events.c.petition_id == petitions.c.id)
        .where(clock_events.c.event == _ARCHIVED, petitions.c.closed_at.is_not(None))
        .group_by(
            petitions.c.id,
            petitions.c.reference,
            petitions.c.agency,
            petitions.c.kind,
            petitions.c.closed_at,
        )
    )
    found = []
    for row in rows:
        for rule in office.rules.starting(PetitionKind(row.kind)).get(_ARCHIVED, ()):
            if rule.stage != _STAGE or not rule.in_force(row.archived_on):
                continue
            until = count_term(row.archived_on, rule.amount or 0, rule.unit, office.calendar).due
            if until < today:
                verified = rule.verified_on(row.archived_on)
                found.append(
                    Kept(
                        row.reference,
                        row.agency,
                        row.archived_on,
                        until,
                        rule.id,
                        rule.citation,
                        verified,
                    )
                )
    return sorted(found, key=lambda kept: (kept.kept_until, kept.reference))
