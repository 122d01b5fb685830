"""Who is warned of what today: dates near and past, petitions nobody took, reception days owed.

Run again at any time: a warning is one row an officer, petition, date and step, and a second run
writes nothing new. When it runs is `schedule.py`'s business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from intake.accounts import list_officers
from intake.clock import local_date
from intake.deadlines import MISSED, RUNNING
from intake.directory import Agency
from intake.duty import DutyStatus, duty_statuses
from intake.office import Office
from intake.officer_messages import write_officer_notices
from intake.officer_notices import NewNotice, OfficerNoticeKind
from intake.officers import CITIZEN, Officer
from intake.permissions import can_view, is_reception_centre
from intake.petition import Petition
from intake.status import Role
from intake.store.dates import open_dates
from intake.store.engine import Transaction
from intake.store.petitions import petition_columns, petition_of
from intake.store.tables import handlings, jobs, petitions, reception_days, timeline
from intake.warning_steps import HANDLER, HEAD, SUPERIOR, DutyHolder, WarningPlan

_BATCH = 500
_HANDLERS = (Role.RECEPTION_DESK, Role.AGENCY_CLERK)
# Working days are never rarer than this in calendar days, Tết included.
_DAYS_A_WORKING_DAY, _LONGEST_REST = 2, 14
# A duty period that ended is looked at this long: a week's or month's, and time to record it.
_DUTY_LOOKS_BACK = timedelta(days=62)
_NEWS = ("petition_filed", "petition_forwarded", "route_corrected", "petition_rehomed")
_ASSIGNED = "petition_assigned"
_ADDED = "information_added"
_CURSOR = ("officer-news", "cursor")


class Staff:
    """The active officers, and who of them is responsible for a petition."""

    def __init__(self, office: Office, officers: Sequence[Officer]) -> None:
        """Args: officers: all accounts; closed ones are left out."""
        self._directory = office.directory
        self._by_agency: dict[str, list[Officer]] = defaultdict(list)
        self.active = [officer for officer in officers if officer.active]
        for officer in self.active:
            self._by_agency[officer.agency].append(officer)

    def handlers(self, petition: Petition) -> tuple[list[Officer], bool]:
        """Who handles the petition, and whether somebody has taken it.

        The assigned officer while he is there; else everyone of the agency who may; where the
        agency has nobody here, the reception centre's desk.
        """
        own = [each for each in self._of(petition.agency) if self._may(each, petition)]
        taken = [each for each in own if each.username == petition.assigned_to]
        if taken:
            return taken, True
        hands = [each for each in own if each.role in _HANDLERS]
        if hands or self.heads(petition):
            return hands, False
        desks = (d for d in self.active if d.role is Role.RECEPTION_DESK)
        return [d for d in desks if self._is_central(d) and self._may(d, petition)], False

    def heads(self, petition: Petition) -> list[Officer]:
        """The heads of the petition's agency."""
        return self._heads_at(petition.agency, petition)

    def superiors(self, petition: Petition) -> list[Officer]:
        """The heads of the nearest body above that has one here."""
        seen: set[str] = set()
        code = self._directory.superior_code(petition.agency or "")
        while code is not None and code not in seen:
            seen.add(code)
            found = self._heads_at(code, petition)
            if found:
                return found
            code = self._directory.superior_code(code)
        return []

    def of_agency(self, agency: str) -> list[Officer]:
        """Heads and handling officers of a body."""
        return [each for each in self._of(agency) if each.role in (*_HANDLERS, Role.HEAD)]

    def agencies(self) -> list[str]:
        """Codes of the bodies that have officers here."""
        return list(self._by_agency)

    def _of(self, agency: str | None) -> list[Officer]:
        return self._by_agency.get(agency or "", [])

    def _heads_at(self, agency: str | None, petition: Petition) -> list[Officer]:
        return [
            each
            for each in self._of(agency)
            if each.role is Role.HEAD and self._may(each, petition)
        ]

    def _may(self, officer: Officer, petition: Petition) -> bool:
        return can_view(officer, petition, self._directory)

    def _is_central(self, officer: Officer) -> bool:
        return is_reception_centre(officer.agency, self._directory)


@dataclass(frozen=True)
class _Round:
    """One run: the office as of today, the plan and the staff."""

    office: Office
    plan: WarningPlan
    staff: Staff
    today: date

    def working_days_past(self, due: date) -> int:
        """Working days from the due day to today; negative before it."""
        if due >= self.today:
            return -self.office.calendar.working_days_between(self.today, due)
        return self.office.calendar.working_days_between(due, self.today)


def write_warnings(office: Office, plan: WarningPlan, *, now: datetime) -> int:
    """Write today's warnings of dates, of petitions nobody took, and of reception duty.

    Args:
        office: with the officers' present calendar decisions.

    Returns:
        How many are new.
    """
    with office.store.read() as tx:
        staff = Staff(office, list_officers(tx))
    this = _Round(office, plan, staff, local_date(now))
    written, last = 0, 0
    while True:
        with office.store.read() as tx:
            rows = _candidates(tx, this, last)
            arrivals = _arrivals(tx, [row.id for row in rows if row.assigned_to is None])
        found = [each for row in rows for each in _warnings_of(this, row, arrivals.get(row.id))]
        if found:
            with office.store.write() as tx:
                written += write_officer_notices(office, tx, found, now=now)
        if len(rows) < _BATCH:
            break
        last = rows[-1].id
    with office.store.read() as tx:
        owed = list(_duty_notices(tx, this))
    if owed:
        with office.store.write() as tx:
            written += write_officer_notices(office, tx, owed, now=now)
    return written


def write_news(office: Office, *, now: datetime) -> int:
    """Tell officers what came to them since the last time (petitions, additions), in order.

    The place reached is kept in `jobs` and moves in the same transaction; the first run begins at
    the timeline's present end.

    Returns:
        How many notices are new.
    """
    with office.store.read() as tx:
        staff = Staff(office, list_officers(tx))
    written = 0
    while True:
        with office.store.write() as tx:
            last = _cursor(tx)
            rows = _happened(tx, last) if last is not None else []
            wanted = [each for row in rows for each in _news_of(staff, row)]
            written += write_officer_notices(office, tx, wanted, now=now)
            _move_cursor(office, tx, last, rows[-1][0] if rows else None)
        if len(rows) < _BATCH:
            return written


# ---- dates and petitions nobody took --------------------------------------------------------


def _candidates(tx: Transaction, this: _Round, after: int) -> list[Petition]:
    days = this.plan.earliest * _DAYS_A_WORKING_DAY + _LONGEST_REST
    near = petitions.c.next_due <= this.today + timedelta(days=days)
    query = (
        select(*petition_columns())
        .where(petitions.c.id > after, open_dates())
        .where(or_(near, petitions.c.assigned_to.is_(None)))
        .order_by(petitions.c.id)
        .limit(_BATCH)
    )
    return [petition_of(row) for row in tx.execute(query).mappings()]


def _arrivals(tx: Transaction, ids: Sequence[int]) -> Mapping[int, date]:
    """The day each petition came to its present agency."""
    rows = tx.execute(
        select(handlings.c.petition_id, func.max(handlings.c.received_on))
        .where(handlings.c.petition_id.in_(ids))
        .group_by(handlings.c.petition_id)
    )
    return {row[0]: row[1] for row in rows}


def _warnings_of(this: _Round, petition: Petition, arrived: date | None) -> list[NewNotice]:
    steps = this.plan.steps_of(petition.agency)
    handlers, taken = this.staff.handlers(petition)
    if petition.next_due is not None:
        days = this.working_days_past(petition.next_due)
        step = steps.reached(days)
        if step is not None:
            kind = _kind(days)
            to = step.to if taken else (*step.to, HEAD)
            key = f"due:{petition.id}:{petition.next_rule}:{petition.next_due}:{step.days}"
            return [
                NewNotice(
                    f"{key}:{officer.id}", officer.id, kind, petition.id, petition.agency,
                    petition.next_rule or "", petition.next_due, step.days,
                )
                for officer in _recipients(this.staff, petition, handlers, to)
            ]  # fmt: skip
    # What is still owed after the decision warns of its date; nobody has to take the file for it.
    if taken or not petition.status.is_open or arrived is None or arrived > this.today:
        return []
    after = steps.unassigned_for(this.working_days_past(arrived))
    if after is None:
        return []
    key = f"unassigned:{petition.id}:{petition.agency}:{arrived}:{after}"
    kind = OfficerNoticeKind.UNASSIGNED
    return [
        NewNotice(f"{key}:{each.id}", each.id, kind, petition.id, petition.agency, step=after)
        for each in _recipients(this.staff, petition, handlers, (HANDLER, HEAD))
    ]


def _kind(days: int) -> OfficerNoticeKind:
    if days == 0:
        return OfficerNoticeKind.DUE_TODAY
    return OfficerNoticeKind.OVERDUE if days > 0 else OfficerNoticeKind.DUE_SOON


def _recipients(
    staff: Staff, petition: Petition, handlers: Sequence[Officer], to: Sequence[str]
) -> list[Officer]:
    found: dict[int, Officer] = {}
    if HANDLER in to:
        found.update((each.id, each) for each in handlers)
    if HEAD in to:
        found.update((each.id, each) for each in staff.heads(petition))
    if SUPERIOR in to:
        found.update((each.id, each) for each in staff.superiors(petition))
    return list(found.values())


# ---- reception duty -------------------------------------------------------------------------


def _duty_notices(tx: Transaction, this: _Round) -> Iterator[NewNotice]:
    for agency in this.staff.agencies():
        holder = duty_holder(this.plan, this.office.directory.get(agency), this.office)
        if holder is None:
            continue
        for status in duty_of(this.office, tx, agency, holder.office, today=this.today):
            kind = _duty_kind(this, status)
            if kind is None:
                continue
            key = f"{kind}:{agency}:{status.rule}:{status.first}:{status.missing}"
            for officer in this.staff.of_agency(agency):
                yield NewNotice(
                    f"{key}:{officer.id}", officer.id, kind, None, agency,
                    status.rule, status.last, status.missing,
                )  # fmt: skip


def duty_holder(plan: WarningPlan, agency: Agency, office: Office) -> DutyHolder | None:
    """Whose reception duty is looked after at this body, if anybody's."""
    for holder in plan.duty_holders:
        if holder.centre:
            if is_reception_centre(agency.code, office.directory):
                return holder
        elif agency.main and agency.agency_class in holder.classes:
            return holder
    return None


def duty_of(
    office: Office, tx: Transaction, agency: str, holder: str, *, today: date
) -> tuple[DutyStatus, ...]:
    """The reception duty at a body over the periods of the last two months, oldest first.

    Only days the head himself held count, as the register has them.
    """
    first = today - _DUTY_LOOKS_BACK
    held = tx.execute(
        select(reception_days.c.on).where(
            reception_days.c.agency == agency,
            reception_days.c.on.between(first, today),
            reception_days.c.chair == "head",
            reception_days.c.held.is_(True),
        )
    ).scalars()
    return duty_statuses(
        holder,
        first=first,
        last=today,
        held=list(held),
        as_of=today,
        rules=office.rules,
        calendar=office.calendar,
    )


def _duty_kind(this: _Round, status: DutyStatus) -> OfficerNoticeKind | None:
    if status.state == MISSED:
        return OfficerNoticeKind.DUTY_MISSED
    if status.state != RUNNING or status.last_chance is None:
        return None
    left = -this.working_days_past(status.last_chance)
    near = left <= this.plan.duty_before
    return OfficerNoticeKind.DUTY_DUE if near else None


# ---- news -----------------------------------------------------------------------------------

_Happening = tuple[int, str, str, Petition]


def _happened(tx: Transaction, after: int) -> list[_Happening]:
    query = (
        select(
            timeline.c.id.label("entry"), timeline.c.event, timeline.c.actor, *petition_columns()
        )
        .join(petitions, petitions.c.id == timeline.c.petition_id)
        .where(timeline.c.id > after, timeline.c.event.in_((*_NEWS, _ASSIGNED, _ADDED)))
        .order_by(timeline.c.id)
        .limit(_BATCH)
    )
    return [
        (row["entry"], row["event"], row["actor"], petition_of(row))
        for row in tx.execute(query).mappings()
    ]


def _news_of(staff: Staff, happening: _Happening) -> list[NewNotice]:
    entry, event, actor, petition = happening
    handlers, taken = staff.handlers(petition)
    if event == _ADDED:
        # What an officer added on the citizen's word is known in the house already.
        kind, told = OfficerNoticeKind.INFORMATION_ADDED, actor == CITIZEN.name
    else:
        kind = OfficerNoticeKind.ASSIGNED if taken else OfficerNoticeKind.NEW
        told = taken is (event == _ASSIGNED)
    if not petition.status.is_open or not told:
        return []
    return [
        NewNotice(f"news:{entry}:{each.id}", each.id, kind, petition.id, petition.agency)
        for each in handlers
        if each.username != actor
    ]


def _cursor(tx: Transaction) -> int | None:
    """The timeline entry read last, held until the transaction ends; None at the first run."""
    name, slot = _CURSOR
    found: int | None = tx.execute(
        select(jobs.c.progress).where(jobs.c.name == name, jobs.c.slot == slot).with_for_update()
    ).scalar_one_or_none()
    return found


def _move_cursor(office: Office, tx: Transaction, known: int | None, reached: int | None) -> None:
    name, slot = _CURSOR
    if known is None:
        newest = tx.execute(select(func.coalesce(func.max(timeline.c.id), 0))).scalar_one()
        build = sqlite_insert if office.store.is_sqlite else postgresql_insert
        row = build(jobs).values(name=name, slot=slot, progress=newest)
        tx.execute(row.on_conflict_do_nothing())
    elif reached is not None:
        tx.execute(
            update(jobs).where(jobs.c.name == name, jobs.c.slot == slot).values(progress=reached)
        )
