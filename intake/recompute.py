"""Deriving the dates of many petitions anew: after a calendar decision, and once a day.

Works in batches of a few statements each, every batch its own transaction, so that the service
goes on answering and an interrupted run is taken up where it stopped. Ended petitions are left
alone: their dates were right on their day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from intake.clock import local_date
from intake.due import DatedRow, DueView, derive_view
from intake.notices import write_notice
from intake.office import Office
from intake.officers import SYSTEM
from intake.petition import Petition, PetitionKind
from intake.status import OPEN_STATUSES, NoticeKind, PetitionStatus
from intake.store.engine import Transaction
from intake.store.petitions import ClockEventRow, petition_columns, petition_of
from intake.store.tables import clock_events, deadlines, handlings, jobs, petitions
from intake.timeline import record

_BATCH = 500
_TOLD = "deadline_missed"


@dataclass(frozen=True)
class Moved:
    """One petition whose next date is another than before."""

    reference: str
    rule: str | None
    before: date | None
    after: date | None


def recompute_open(
    office: Office, *, now: datetime, slot: str, batch: int = _BATCH
) -> Iterator[Moved]:
    """Derive every open petition's deadlines anew and yield those whose next date moved.

    Args:
        slot: names this run ("calendar:2026-11-21T03:00"); called again with the same slot after
            an interruption it goes on after the last finished batch.
        batch: petitions a transaction.
    """
    today = local_date(now)
    last = _resume_point(office, slot)
    while True:
        with office.store.write() as tx:
            rows = _open_petitions(tx, last, batch)
            moved = _recompute(office, tx, rows, today)
            last = rows[-1].id if rows else last
            _remember(office, tx, slot, last, done_at=now if len(rows) < batch else None)
        yield from moved
        if len(rows) < batch:
            return


def sweep(office: Office, *, now: datetime) -> int:
    """The daily round: derive anew, and tell each citizen once of a legal date that was missed.

    Returns:
        How many missed dates were told.
    """
    today = local_date(now)
    for _ in recompute_open(office, now=now, slot=f"sweep:{today.isoformat()}"):
        pass
    told = 0
    while True:
        with office.store.write() as tx:
            rows = _untold_missed(tx, today)
            for petition, rule, due in rows:
                _tell_missed(office, tx, petition, rule, due, now)
        told += len(rows)
        if len(rows) < _BATCH:
            return told


_KINDS = {str(kind): kind for kind in PetitionKind}
_STATUSES = {str(status): status for status in PetitionStatus}
_SLIM = [petitions.c[name] for name in DatedRow.__slots__]


def _open_petitions(tx: Transaction, after: int, batch: int) -> list[DatedRow]:
    query = (
        select(*_SLIM)
        .where(petitions.c.id > after, petitions.c.status.in_(OPEN_STATUSES))
        .order_by(petitions.c.id)
        .limit(batch)
    )
    return [
        DatedRow(number, reference, _KINDS[kind], _STATUSES[status], *others)
        for number, reference, kind, status, *others in tx.execute(query)
    ]


def _recompute(office: Office, tx: Transaction, rows: list[DatedRow], today: date) -> list[Moved]:
    ids = [petition.id for petition in rows]
    events: dict[int, list[ClockEventRow]] = defaultdict(list)
    for event in tx.execute(
        select(
            clock_events.c.petition_id,
            clock_events.c.event,
            clock_events.c.on,
        )
        .where(clock_events.c.petition_id.in_(ids))
        .order_by(clock_events.c.on, clock_events.c.id)
    ):
        events[event[0]].append(ClockEventRow(event[1], event[2], "", ()))
    arrivals: dict[int, list[date]] = defaultdict(list)
    for stay in tx.execute(
        select(handlings.c.petition_id, handlings.c.received_on)
        .where(handlings.c.petition_id.in_(ids))
        .order_by(handlings.c.id)
    ):
        arrivals[stay[0]].append(stay[1])
    stored: dict[int, set[tuple[str, date, str]]] = defaultdict(set)
    for row in tx.execute(
        select(deadlines.c.petition_id, deadlines.c.rule, deadlines.c.due, deadlines.c.state).where(
            deadlines.c.petition_id.in_(ids)
        )
    ):
        stored[row[0]].add((row[1], row[2], row[3]))

    changed: list[tuple[DatedRow, DueView]] = []
    for petition in rows:
        view = derive_view(
            office, petition, events[petition.id], arrivals[petition.id], today=today
        )
        if {(d.rule, d.due, d.state) for d in view.deadlines} != stored[petition.id]:
            changed.append((petition, view))
    _store(tx, changed)
    return [
        Moved(
            p.reference, v.next.rule if v.next else None, p.next_due, v.next.due if v.next else None
        )
        for p, v in changed
        if p.next_due != (v.next.due if v.next else None)
    ]


def _store(tx: Transaction, changed: list[tuple[DatedRow, DueView]]) -> None:
    if not changed:
        return
    tx.execute(delete(deadlines).where(deadlines.c.petition_id.in_([p.id for p, _ in changed])))
    tx.execute(
        insert(deadlines),
        [
            {
                "petition_id": petition.id,
                "rule": d.rule,
                "stage": d.stage,
                "start": d.start,
                "nominal": d.nominal,
                "due": d.due,
                "state": d.state,
                "verified": d.verified,
            }
            for petition, view in changed
            for d in view.deadlines
        ],
    )
    tx.execute(
        update(petitions)
        .where(petitions.c.id == bindparam("petition"))
        .values(next_due=bindparam("due"), next_rule=bindparam("rule")),
        [
            {
                "petition": petition.id,
                "due": view.next.due if view.next else None,
                "rule": view.next.rule if view.next else None,
            }
            for petition, view in changed
        ],
    )


def _untold_missed(tx: Transaction, today: date) -> list[tuple[Petition, str, date]]:
    """Open petitions whose next date has passed and whose citizen was not told of that rule yet."""
    slot = petitions.c.reference + ":" + petitions.c.next_rule
    told = select(jobs.c.name).where(jobs.c.name == _TOLD, jobs.c.slot == slot)
    query = (
        select(*petition_columns())
        .where(petitions.c.status.in_(OPEN_STATUSES), petitions.c.next_due < today)
        .where(~told.exists())
        .order_by(petitions.c.id)
        .limit(_BATCH)
    )
    found = [petition_of(row) for row in tx.execute(query).mappings()]
    return [(p, p.next_rule, p.next_due) for p in found if p.next_rule and p.next_due]


def _tell_missed(
    office: Office, tx: Transaction, petition: Petition, rule: str, due: date, now: datetime
) -> None:
    tx.execute(insert(jobs).values(name=_TOLD, slot=f"{petition.reference}:{rule}", done_at=now))
    values = {"rule": rule, "due": due.isoformat()}
    record(
        office.store,
        tx,
        petition_id=petition.id,
        event="deadline_missed",
        actor=SYSTEM,
        now=now,
        audience="citizen",
        values=values,
    )
    write_notice(
        tx,
        office.sealer,
        petition,
        NoticeKind.DEADLINE_MISSED,
        {
            "reference": petition.reference,
            "kind": petition.kind,
            "agency": petition.agency,
            **values,
        },
        now=now,
    )


def _resume_point(office: Office, slot: str) -> int:
    with office.store.read() as tx:
        row = tx.execute(
            select(jobs.c.progress, jobs.c.done_at).where(
                jobs.c.name == "recompute", jobs.c.slot == slot
            )
        ).first()
    if row is None or row.done_at is not None:
        return 0
    return int(row.progress)


def _remember(
    office: Office, tx: Transaction, slot: str, last: int, *, done_at: datetime | None
) -> None:
    build = sqlite_insert if office.store.is_sqlite else postgresql_insert
    values = {"progress": last, "done_at": done_at}
    tx.execute(
        build(jobs)
        .values(name="recompute", slot=slot, **values)
        .on_conflict_do_update(index_elements=["name", "slot"], set_=values)
    )
