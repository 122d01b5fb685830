"""Deriving the dates of many petitions anew: after a calendar decision, and once a day.

Works in batches, every batch its own transaction, so that the service goes on answering and an
interrupted run is taken up where it stopped. Petitions whose dates are the same are derived once,
and what did not change is not written. Ended petitions to which nothing is owed are left alone:
their dates were right on their day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from intake.clock import local_date
from intake.due import DatedRow, dates_of, derive_view
from intake.notices import write_notice
from intake.office import Office
from intake.officers import SYSTEM
from intake.petition import Petition, PetitionKind
from intake.status import NoticeKind, PetitionStatus
from intake.store.dates import (
    Scanned,
    StoredDates,
    among,
    open_dates,
    scan_again,
    scan_open,
    write_dates,
)
from intake.store.engine import Transaction
from intake.store.petitions import ClockEventRow, petition_columns, petition_of
from intake.store.tables import clock_events, handlings, jobs, petitions
from intake.timeline import record

_BATCH, _TELL = 4_000, 500
_TOLD = "deadline_missed"
# Derived sorts of cases kept at hand: some hundred bytes each.
_MOST_SORTS = 100_000


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
    sorts = _Sorts(office, local_date(now))
    last = _resume_point(office, slot)
    while True:
        with office.store.read() as tx:
            rows = scan_open(tx, office.store, after=last, limit=batch)
            stale = [row.id for row in rows if sorts.of(tx, row, rows).digest != row.digest]
        with office.store.write() as tx:
            moved = _rewrite(office, tx, sorts, stale) if stale else []
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
        if len(rows) < _TELL:
            return told


class _Sorts:
    """The dates of each sort of case met so far (see `store/dates.py`), derived once."""

    def __init__(self, office: Office, today: date) -> None:
        self._office = office
        self._today = today
        self._known: dict[Hashable, StoredDates] = {}

    def of(self, tx: Transaction, row: Scanned, beside: Sequence[Scanned]) -> StoredDates:
        """The dates of a petition; for one of a new sort, those of all new ones `beside` it too."""
        found = self._known.get(row.key)
        if found is None:
            self._learn(tx, beside)
            found = self._known[row.key]
        return found

    def _learn(self, tx: Transaction, rows: Sequence[Scanned]) -> None:
        if len(self._known) > _MOST_SORTS:
            self._known.clear()
        new = {row.key: row.id for row in rows if row.key not in self._known}
        derived = _derived(self._office, tx, list(new.values()), self._today)
        self._known.update((key, derived[number]) for key, number in new.items())


_KINDS = {str(kind): kind for kind in PetitionKind}
_STATUSES = {str(status): status for status in PetitionStatus}
_SLIM = [petitions.c[name] for name in DatedRow.__slots__]


def _derived(
    office: Office, tx: Transaction, ids: Sequence[int], today: date
) -> Mapping[int, StoredDates]:
    """Each petition's dates as they should be."""
    events: dict[int, list[ClockEventRow]] = defaultdict(list)
    named = (clock_events.c[name] for name in ("petition_id", "event", "on", "at", "id"))
    for event in tx.execute(
        select(*named, clock_events.c.criteria)
        .where(among(office.store, clock_events.c.petition_id, ids))
        .order_by(clock_events.c.on, clock_events.c.id)
    ):
        criteria = tuple(event.criteria)
        row = ClockEventRow(event.event, event.on, "", criteria, event.at, event.id)
        events[event.petition_id].append(row)
    arrivals: dict[int, list[date]] = defaultdict(list)
    for stay in tx.execute(
        select(handlings.c.petition_id, handlings.c.received_on)
        .where(among(office.store, handlings.c.petition_id, ids))
        .order_by(handlings.c.id)
    ):
        arrivals[stay[0]].append(stay[1])
    found = {}
    for number, kind, status, *others in tx.execute(
        select(*_SLIM).where(among(office.store, petitions.c.id, ids))
    ):
        petition = DatedRow(number, _KINDS[kind], _STATUSES[status], *others)
        view = derive_view(office, petition, events[number], arrivals[number], today=today)
        found[number] = dates_of(view)
    return found


def _rewrite(office: Office, tx: Transaction, sorts: _Sorts, stale: Sequence[int]) -> list[Moved]:
    """Store the dates of petitions that looked stale, read once more now that they are held."""
    rows = scan_again(tx, office.store, stale)
    dates = {row.id: sorts.of(tx, row, rows) for row in rows}
    changed = {row.id: dates[row.id] for row in rows if dates[row.id].digest != row.digest}
    before = tx.execute(
        select(petitions.c.id, petitions.c.reference, petitions.c.next_due)
        .where(among(office.store, petitions.c.id, changed))
        .order_by(petitions.c.id)
    ).all()
    write_dates(tx, office.store, changed)
    return [
        Moved(reference, changed[number].next_rule, due, changed[number].next_due)
        for number, reference, due in before
        if due != changed[number].next_due
    ]


def _untold_missed(tx: Transaction, today: date) -> list[tuple[Petition, str, date]]:
    """Petitions whose next date has passed and whose citizen was not told of that rule yet."""
    slot = petitions.c.reference + ":" + petitions.c.next_rule
    told = select(jobs.c.name).where(jobs.c.name == _TOLD, jobs.c.slot == slot)
    query = (
        select(*petition_columns())
        .where(open_dates(), petitions.c.next_due < today)
        .where(~told.exists())
        .order_by(petitions.c.id)
        .limit(_TELL)
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
