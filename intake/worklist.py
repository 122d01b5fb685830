"""An officer's list of petitions: exactly what `permissions.can_view` lets that officer know of.

The list, its counts and its search all go through the same scope, so that a badge never counts
what the list hides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from heapq import merge
from itertools import islice

from sqlalchemy import select

from intake.directory import Directory
from intake.office import Office
from intake.officers import Officer
from intake.permissions import accused_side_of, can_view, is_above, is_reception_centre
from intake.petition import MAY_HOLD_DENUNCIATION, Petition, PetitionKind
from intake.status import HANDLING_ROLES, PetitionStatus, Role
from intake.store.engine import Transaction
from intake.store.petitions import (
    PetitionFilter,
    count_petitions,
    list_petitions,
    page_key,
)
from intake.store.tables import petitions

_LONGEST_EXCERPT = 140


@dataclass(frozen=True)
class Wanted:
    """What an officer asks to see; everything optional. `received_until` is exclusive.

    `not_told`: a notice has not reached the citizen.
    """

    agency: str | None = None
    statuses: tuple[PetitionStatus, ...] = ()
    kinds: tuple[PetitionKind, ...] = ()
    open_only: bool = False
    due_before: date | None = None
    assigned_to: str | None = None
    unassigned: bool = False
    not_told: bool = False
    received_from: datetime | None = None
    received_until: datetime | None = None
    query: str = ""


def worklist(
    office: Office,
    tx: Transaction,
    officer: Officer,
    wanted: Wanted,
    *,
    after: tuple[date, int] | None = None,
    limit: int = 50,
) -> list[Petition]:
    """The officer's petitions by due date; `after` is the last `page_key` seen."""
    parts = [
        list_petitions(tx, part, after=after, limit=limit)
        for part in _filters(officer, wanted, office.directory)
    ]
    found = islice(merge(*parts, key=page_key), limit)
    return [row for row in found if can_view(officer, row, office.directory)]


def count_worklist(office: Office, tx: Transaction, officer: Officer, wanted: Wanted) -> int:
    """How many petitions `worklist` would give over all pages."""
    return sum(count_petitions(tx, part) for part in _filters(officer, wanted, office.directory))


def viewable_agencies(officer: Officer, directory: Directory) -> tuple[str, ...] | None:
    """Agencies whose petitions the officer may see; None: all of the province."""
    if officer.role is Role.RECEPTION_DESK and is_reception_centre(officer.agency, directory):
        return None
    if officer.role is Role.HEAD:
        below = (code for code in directory.codes() if is_above(officer.agency, code, directory))
        return (officer.agency, *below)
    return (officer.agency,)


def excerpts(office: Office, tx: Transaction, shown: Sequence[Petition]) -> Mapping[int, str]:
    """The first words of each petition by id, for a list; none of what may hold a denunciation."""
    ids = [row.id for row in shown if not row.kind.may_hold_denunciation]
    references = {row.id: row.reference for row in shown}
    rows = tx.execute(
        select(petitions.c.id, petitions.c.content_sealed).where(petitions.c.id.in_(ids))
    )
    found: dict[int, str] = {}
    for petition_id, sealed in rows:
        about = f"petition:{references[petition_id]}:content"
        text = " ".join(str(json.loads(office.sealer.open(sealed, about=about))["text"]).split())
        cut = text[:_LONGEST_EXCERPT].rsplit(" ", 1)[0] if len(text) > _LONGEST_EXCERPT else text
        found[petition_id] = cut if cut == text else cut + "…"
    return found


def _filters(officer: Officer, wanted: Wanted, directory: Directory) -> list[PetitionFilter]:
    """Disjoint filters that together are the officer's view, narrowed to what is wanted."""
    if not officer.active or officer.role not in HANDLING_ROLES:
        return []
    asked = PetitionFilter(
        statuses=wanted.statuses,
        kinds=wanted.kinds,
        open_only=wanted.open_only,
        due_before=wanted.due_before,
        assigned_to=wanted.assigned_to,
        unassigned=wanted.unassigned,
        not_told=wanted.not_told,
        received_from=wanted.received_from,
        received_until=wanted.received_until,
        query=wanted.query,
        exclude_denunciations=not officer.handles_denunciations,
        exclude_accused=accused_side_of(officer.agency, directory),
    )
    desk = officer.role is Role.RECEPTION_DESK
    agencies = viewable_agencies(officer, directory)
    if agencies is not None:
        return _narrowed(replace(asked, agencies=agencies, without_agency=desk), wanted.agency)
    # The province's desk sees every agency's petitions, but what may hold a
    # denunciation only on its own pile.
    everything = replace(asked, exclude_denunciations=True)
    filters = _narrowed(everything, wanted.agency)
    secret = tuple(kind for kind in MAY_HOLD_DENUNCIATION if kind in (wanted.kinds or (kind,)))
    if officer.handles_denunciations and secret:
        own = replace(asked, agencies=(officer.agency,), without_agency=True, kinds=secret)
        filters += _narrowed(own, wanted.agency)
    return filters


def _narrowed(chosen: PetitionFilter, agency: str | None) -> list[PetitionFilter]:
    if agency is None:
        return [chosen]
    if chosen.agencies is not None and agency not in chosen.agencies:
        return []
    return [replace(chosen, agencies=(agency,), without_agency=False)]
