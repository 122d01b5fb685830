"""From a stored petition to its legal dates: builds the clock's case, derives, stores.

The engine (`deadlines.py`) knows no petitions; petitions know no law. They meet here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from intake.deadlines import ClockCase, ClockEvent, Deadline, derive_deadlines
from intake.office import Office
from intake.petition import Petition, PetitionKind
from intake.rules import ALARM
from intake.status import PetitionStatus
from intake.store.dates import StoredDates, StoredDeadline, write_dates
from intake.store.engine import Transaction
from intake.store.petitions import (
    ClockEventRow,
    clock_events_of,
    get_petition_by_id,
    handlings_of,
)
from intake.workdays import CalendarYearMissing

# The only term that runs from a mere message: the answer about what becomes of it
# (Luật TCD Điều 28 k1); every other one needs a legal receipt.
_MESSAGE_TRIGGER = "content_received_by_reception_officer"
# A petition's arrival and departure belong to one stay; the next stay begins with its own arrival.
_OF_ONE_STAY = ("received", "forwarded", "reopened")
_BEGINS_A_STAY = ("forwarded", "reopened")
# From this many criteria a denunciation is especially complex (NĐ 31/2019 Điều 3 k3).
_ESPECIALLY_COMPLEX = 2
_NO_FACTS: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DueView:
    """A petition's deadlines, and the one the office owes next (None: nothing is owed).

    `missing_year`: a term reaches into a year whose calendar nobody has entered, so no date can
    be given; the petition itself must be taken and handled all the same.
    """

    deadlines: tuple[Deadline, ...]
    next: Deadline | None
    missing_year: int | None = None


@dataclass(frozen=True, slots=True)
class DatedRow:
    """What the clock needs of a petition, for bulk work: reading all columns takes most time."""

    id: int
    kind: PetitionKind
    status: PetitionStatus
    instance: int
    complex: bool
    remote: bool
    several_places: bool
    dismissal: bool
    own_competence: bool
    facts: tuple[str, ...]
    acceptance_rule: str
    as_information: bool


def due_view(office: Office, tx: Transaction, petition: Petition, *, today: date) -> DueView:
    """Derive a petition's deadlines as of `today`."""
    events = clock_events_of(tx, petition.id)
    arrivals = [row["received_on"] for row in handlings_of(tx, petition.id)]
    return derive_view(office, petition, events, arrivals, today=today)


def derive_view(
    office: Office,
    petition: Petition | DatedRow,
    events: Sequence[ClockEventRow],
    arrivals: Sequence[date],
    *,
    today: date,
) -> DueView:
    """The same from rows already read: `arrivals` are the days the petition came to each agency."""
    try:
        return _derive_view(office, petition, events, arrivals, today)
    except CalendarYearMissing as missing:
        return DueView((), None, int(str(missing.values["year"])))


def _derive_view(
    office: Office,
    petition: Petition | DatedRow,
    events: Sequence[ClockEventRow],
    arrivals: Sequence[date],
    today: date,
) -> DueView:
    since = arrivals[-1] if len(arrivals) > 1 else None
    facts = _facts(petition, events)
    derived = list(_derive(office, petition, _current_events(events, since), facts, today))
    if since is not None:
        # A forwarded petition's new holder has its own terms, but the ceiling for leaving a
        # petition untouched goes on from the first receipt.
        first = _derive(office, petition, _current_events(events, None), facts, today)
        derived = [row for row in derived if row.mode != ALARM]
        derived += [row for row in first if row.mode == ALARM]
    owed = [row for row in derived if row.is_owed]
    if not (petition.status.is_open or petition.status is PetitionStatus.ANSWERED):
        owed = [row for row in owed if _outlives(office, row)]
    # A term whose source nobody has read is shown with its mark, but promised to nobody while a
    # read one is owed too.
    in_order = sorted(owed, key=lambda row: (not row.verified, row.due, row.rule))
    following = in_order[0] if in_order else None
    return DueView(tuple(sorted(derived, key=lambda row: (row.due, row.rule))), following)


def _outlives(office: Office, row: Deadline) -> bool:
    """Whether an office owes it though the petition has ended: what came later to the file, and
    what the ending itself obliges to (a decision to send)."""
    event = office.rules.events.get(row.ground.event)
    return event is not None and (event.occurs or event.stops)


def store_deadlines(
    office: Office, tx: Transaction, petition: Petition, *, today: date
) -> Petition:
    """Derive and store a petition's deadlines and its next due date."""
    view = due_view(office, tx, petition, today=today)
    write_dates(tx, office.store, {petition.id: dates_of(view)})
    return get_petition_by_id(tx, petition.id)


def dates_of(view: DueView) -> StoredDates:
    """A view as it is stored."""
    return StoredDates(
        rows=tuple(
            StoredDeadline(
                row.rule, row.stage, row.start, row.nominal, row.due, row.state, row.verified
            )
            for row in view.deadlines
        ),
        next_rule=view.next.rule if view.next else None,
        next_due=view.next.due if view.next else None,
    )


def _current_events(events: Sequence[ClockEventRow], since: date | None) -> tuple[ClockEvent, ...]:
    """The events of the petition's present stay; a forwarded one was received on its arrival.

    What was entered before the stay began belongs to the earlier one, the same day included.
    """
    if since is None:
        return tuple(ClockEvent(row.event, row.on, row.at) for row in events)
    began = max((row.id for row in events if row.event in _BEGINS_A_STAY), default=0)
    later = [
        row
        for row in events
        if row.on >= since and row.id > began and row.event not in _OF_ONE_STAY
    ]
    arrived = [ClockEvent("received", since)] if any(r.event == "received" for r in events) else []
    return (*arrived, *(ClockEvent(row.event, row.on, row.at) for row in later))


def _facts(petition: Petition | DatedRow, events: Sequence[ClockEventRow]) -> frozenset[str]:
    """The facts of the case that have no place of their own in `ClockCase`."""
    found = set(petition.facts)
    if petition.dismissal:
        found.add("dismissal")
    if any(len(row.criteria) >= _ESPECIALLY_COMPLEX for row in events if row.event == "extended"):
        found.add("especially_complex")
    return frozenset(found) if found else _NO_FACTS


def _derive(
    office: Office,
    petition: Petition | DatedRow,
    events: tuple[ClockEvent, ...],
    facts: frozenset[str],
    today: date,
) -> tuple[Deadline, ...]:
    legal = tuple(event for event in events if event.event != "message_received")
    message_only = not any(event.event == "received" for event in legal)
    if message_only:
        legal = (
            *(ClockEvent("received", e.on) for e in events if e.event == "message_received"),
            *legal,
        )
    case = ClockCase(
        kind=petition.kind,
        instance=petition.instance,
        complex=petition.complex,
        remote=petition.remote,
        several_places=petition.several_places,
        own_competence=petition.own_competence,
        events=legal,
        facts=facts,
        confirmed=petition.acceptance_rule,
    )
    derived = derive_deadlines(case, as_of=today, rules=office.rules, calendar=office.calendar)
    if petition.as_information:
        # Outside the Law on Denunciations its terms don't run; those of every petition do.
        derived = tuple(
            row for row in derived if office.rules.get(row.rule).kinds != (PetitionKind.TC,)
        )
    if message_only:
        return tuple(
            row for row in derived if office.rules.get(row.rule).trigger == _MESSAGE_TRIGGER
        )
    return derived
