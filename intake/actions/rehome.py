"""Re-homing: when a body has closed, its open petitions go on at the body that took over.

This is no forwarding in law: the successor stands in its predecessor's place, so every date goes
on unchanged and the stay at the agency remains one. Each petition is a transaction of its own; a
run that was interrupted goes on with what is still at a closed body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from intake.clock import local_date
from intake.due import store_deadlines
from intake.errors import VersionConflict
from intake.notices import write_notice
from intake.office import Office
from intake.officers import SYSTEM
from intake.permissions import is_accused_side
from intake.petition import Petition
from intake.status import OPEN_STATUSES, NoticeKind
from intake.store.engine import Transaction
from intake.store.petitions import (
    get_petition_by_id,
    open_handling,
    petition_columns,
    petition_of,
    update_handling,
    update_petition,
)
from intake.store.tables import officers, petitions
from intake.timeline import record

EVENT = "petition_rehomed"
_BATCH = 500


@dataclass(frozen=True)
class Rehoming:
    """One petition's way: from the closed body to its successor, or to the reception centre.

    `to_centre`: several bodies took over, or the one that did may not have the petition; a person
    decides there.
    """

    reference: str
    before: str
    after: str
    to_centre: bool


def planned_rehomings(office: Office, tx: Transaction, *, now: datetime) -> Iterator[Rehoming]:
    """What `rehome_petitions` would do, changing nothing."""
    today = local_date(now)
    closed = _closed_bodies(office, today)
    last = 0
    while True:
        rows = _at_closed_bodies(tx, closed, last)
        for petition in rows:
            last = petition.id
            yield _way(office, petition, closed, today)
        if len(rows) < _BATCH:
            return


def rehome_petitions(office: Office, *, now: datetime) -> Iterator[Rehoming]:
    """Move every open petition of a closed body; each is committed before it is yielded.

    A petition that an officer changes at the same moment is left for the next run.
    """
    today = local_date(now)
    closed = _closed_bodies(office, today)
    last = 0
    while True:
        with office.store.read() as tx:
            rows = _at_closed_bodies(tx, closed, last)
        for row in rows:
            last = row.id
            try:
                with office.store.write() as tx:
                    moved = _rehome(office, tx, row.id, closed, now)
            except VersionConflict:
                continue
            if moved is not None:
                yield moved
        if len(rows) < _BATCH:
            return


def officers_at_closed_bodies(
    office: Office, tx: Transaction, *, now: datetime
) -> list[tuple[str, str]]:
    """(username, closed body) of active officers an administrator still has to move."""
    closed = _closed_bodies(office, local_date(now))
    query = (
        select(officers.c.username, officers.c.agency)
        .where(officers.c.active, officers.c.agency.in_(list(closed)))
        .order_by(officers.c.agency, officers.c.username)
    )
    return [(row.username, row.agency) for row in tx.execute(query)]


_Closed = Mapping[str, tuple[str, ...]]


def _closed_bodies(office: Office, today: date) -> _Closed:
    return dict(office.directory.moves(today))


def _at_closed_bodies(tx: Transaction, closed: _Closed, after: int) -> list[Petition]:
    query = (
        select(*petition_columns())
        .where(petitions.c.id > after, petitions.c.status.in_(OPEN_STATUSES))
        .where(petitions.c.agency.in_(list(closed)))
        .order_by(petitions.c.id)
        .limit(_BATCH)
    )
    return [petition_of(row) for row in tx.execute(query).mappings()]


def _way(office: Office, petition: Petition, closed: _Closed, today: date) -> Rehoming:
    assert petition.agency is not None  # it was selected by its agency
    successors = closed[petition.agency]
    chosen = successors[0] if len(successors) == 1 else None
    if chosen is None or not _may_have(office, petition, chosen, today):
        centre = office.directory.province.reception_centres[0]
        return Rehoming(petition.reference, petition.agency, centre, to_centre=True)
    return Rehoming(petition.reference, petition.agency, chosen, to_centre=False)


def _may_have(office: Office, petition: Petition, target: str, today: date) -> bool:
    """Whether the successor receives petitions, and stands on no accused side itself.

    Who took over an accused body is on its side too (Luật TC Điều 24: not to the accused).
    """
    directory = office.directory
    if not directory.get(target).competent:
        return False
    known = set(directory.codes())
    accused = {
        agency.code
        for code in petition.accused
        if code in known
        for agency in directory.current(code, today)
    }
    return not is_accused_side(target, (*petition.accused, *sorted(accused)), directory)


def _rehome(
    office: Office, tx: Transaction, petition_id: int, closed: _Closed, now: datetime
) -> Rehoming | None:
    today = local_date(now)
    petition = get_petition_by_id(tx, petition_id)
    if petition.agency not in closed or not petition.status.is_open:
        return None
    way = _way(office, petition, closed, today)
    stay = open_handling(tx, petition.id)
    if stay is not None:
        update_handling(tx, stay["id"], {"agency": way.after})
    changed = update_petition(
        tx,
        petition,
        {
            "agency": way.after,
            "agency_class": office.directory.get(way.after).agency_class,
            "assigned_to": _still_there(tx, petition.assigned_to, way.after),
        },
        now=now,
    )
    changed = store_deadlines(office, tx, changed, today=today)
    record(
        office.store,
        tx,
        petition_id=changed.id,
        event=EVENT,
        actor=SYSTEM,
        now=now,
        audience="citizen",
        values={"from": way.before, "agency": way.after, "status": changed.status},
    )
    write_notice(
        tx,
        office.sealer,
        changed,
        NoticeKind.REHOMED,
        {
            "reference": changed.reference,
            "kind": changed.kind,
            "from": way.before,
            "agency": way.after,
            "due": changed.next_due.isoformat() if changed.next_due else None,
            "rule": changed.next_rule,
        },
        now=now,
    )
    return way


def _still_there(tx: Transaction, username: str | None, agency: str) -> str | None:
    """The assigned officer, if he came along to the new body."""
    if username is None:
        return None
    there = select(officers.c.username).where(
        officers.c.username == username, officers.c.agency == agency, officers.c.active
    )
    return tx.execute(there).scalar_one_or_none()
