"""Open petitions that lie where nobody may take them up.

A petition reaches its agency whether or not an officer of that agency has an account, and one that
may hold a denunciation stays hidden from everybody who is not cleared for them. Where nobody is,
the petition is seen by no one while its dates run; whoever opens accounts is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from intake.petition import MAY_HOLD_DENUNCIATION
from intake.status import HANDLING_ROLES, OPEN_STATUSES
from intake.store.engine import Transaction
from intake.store.tables import officers, petitions


@dataclass(frozen=True)
class Unattended:
    """How many open petitions of an agency nobody there may take up.

    `ordinary` waits for any officer, `protected` for one cleared for denunciations.
    """

    agency: str
    ordinary: int
    protected: int


def unattended(tx: Transaction) -> list[Unattended]:
    """Agencies with open petitions and no active officer who may take them up, most first."""
    protected = petitions.c.kind.in_(MAY_HOLD_DENUNCIATION)
    counted = tx.execute(
        select(petitions.c.agency, protected, func.count())
        .where(petitions.c.status.in_(OPEN_STATUSES), petitions.c.agency.is_not(None))
        .group_by(petitions.c.agency, protected)
    )
    active = tx.execute(
        select(officers.c.agency, officers.c.handles_denunciations).where(
            officers.c.active, officers.c.role.in_(HANDLING_ROLES)
        )
    ).all()
    someone = {agency for agency, _ in active}
    cleared = {agency for agency, is_cleared in active if is_cleared}
    waiting: dict[str, list[int]] = {}
    for agency, is_protected, count in counted:
        if agency not in (cleared if is_protected else someone):
            waiting.setdefault(agency, [0, 0])[bool(is_protected)] += count
    found = [Unattended(agency, *counts) for agency, counts in waiting.items()]
    return sorted(found, key=lambda row: (-row.protected, -row.ordinary, row.agency))
