"""Visits (lượt tiếp công dân): entering, voiding, listing."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from intake.actions.filing import new_uid
from intake.actions.handling import new_case
from intake.clock import local_date, start_of_day
from intake.counting.facts import RECEIVERS, REGIMES
from intake.counting.rules import counting_rules
from intake.errors import InvalidInput, NotFound
from intake.office import Office
from intake.officers import Officer
from intake.permissions import check_can_view
from intake.register.rights import can_register, check_can_register
from intake.register.values import FIRST_DAY, VOID_REASONS, in_range, one_of, short, trace
from intake.sealing import Sealer
from intake.store.engine import Transaction
from intake.store.petitions import get_petition
from intake.store.tables import cases, petitions, reception_days, visit_cases, visits

MODES = ("in_person", "online")


RESULTS = ("explained", "petition_received", "guided", "refused")


# Regular reception is the staff's; periodic and ad hoc days are the head's (Luật TCD Điều 18).
_RECEIVERS_OF = {
    "regular": ("staff",), "periodic": ("head", "delegate"), "ad_hoc": ("head", "delegate"),
}  # fmt: skip


_MOST_PEOPLE = 10_000


_MOST_CASES = 20


@dataclass(frozen=True)
class VisitForm:
    """What an officer enters about one visit.

    `petitions`, `cases`: references and uids of what the visit was about; with neither, a new case
    is opened. `group_threshold` other than the rule's needs `group_note`. `visitor` (name, address,
    …) and `content` are sealed.
    """

    regime: str
    received_by: str
    people: int = 1
    on: date | None = None
    at: datetime | None = None
    mode: str = "in_person"
    receiver_name: str = ""
    result: str = ""
    petitions: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    reception_day: str | None = None
    group_threshold: int | None = None
    group_note: str = ""
    visitor: Mapping[str, str] = field(default_factory=dict)
    content: str = ""


@dataclass(frozen=True)
class Visit:
    """A visit as stored; what the visitor said is opened apart (`visit_summary`)."""

    uid: str
    agency: str
    on: date
    at: datetime
    regime: str
    received_by: str
    receiver_name: str
    mode: str
    people: int
    large_group: bool
    group_threshold: int
    group_note: str
    status: str
    result: str
    created_by: str
    created_at: datetime
    cases: tuple[str, ...]
    reception_day: str | None


def record_visit(
    office: Office, tx: Transaction, officer: Officer, form: VisitForm, *, now: datetime
) -> Visit:
    """Enter one visit (lượt tiếp) at the officer's agency.

    A visit handed on to the head the same day is entered once, as the head's.

    Raises:
        NotAllowed: the officer keeps no register.
        InvalidInput: a value is out of range, the receiver does not fit the regime, or another
            group threshold has no note.
        NotFound: a petition, case or reception day the officer may not know of.
    """
    agency = officer.agency
    check_can_register(officer, agency)
    day, instant = _moment(form, now)
    one_of("regime", form.regime, REGIMES)
    one_of("received_by", form.received_by, RECEIVERS)
    one_of("mode", form.mode, MODES)
    if form.result:
        one_of("result", form.result, RESULTS)
    if form.received_by not in _RECEIVERS_OF[form.regime]:
        raise InvalidInput(field="received_by", reason="regime_mismatch")
    in_range("people", form.people, 1, _MOST_PEOPLE)
    threshold, note = _threshold(form)
    reception_day = _day_of_visit(tx, agency, form, day)
    linked = _cases_of(office, tx, officer, form, day, now)
    uid = new_uid()
    visit_id = tx.execute(
        insert(visits)
        .values(
            uid=uid,
            agency=agency,
            on=day,
            at=instant,
            regime=form.regime,
            received_by=form.received_by,
            receiver_name=short("receiver_name", form.receiver_name, 120),
            mode=form.mode,
            people=form.people,
            large_group=form.people >= threshold,
            group_threshold=threshold,
            group_note=note,
            reception_day_id=reception_day["id"] if reception_day else None,
            status="final",
            result=form.result,
            summary_sealed=_sealed_summary(office.sealer, uid, form),
            created_by=officer.username,
            created_at=now,
        )
        .returning(visits.c.id)
    ).scalar_one()
    tx.execute(
        insert(visit_cases), [{"visit_id": visit_id, "case_id": case_id} for case_id in linked]
    )
    if reception_day and not reception_day["held"]:
        tx.execute(
            update(reception_days)
            .where(reception_days.c.id == reception_day["id"])
            .values(held=True, nobody_came=False)
        )
    trace(
        office, tx, officer, "visit_recorded", now,
        visit=uid, on=day.isoformat(), regime=form.regime, received_by=form.received_by,
        people=form.people, large_group=form.people >= threshold,
    )  # fmt: skip
    return get_visit(tx, officer, uid)


def void_visit(
    office: Office, tx: Transaction, officer: Officer, uid: str, *, reason: str, now: datetime
) -> Visit:
    """Void a visit entered wrongly; it stays on record and is not counted any more.

    Raises:
        NotFound: no such visit in this agency's register.
        InvalidInput: unknown reason, or already void.
    """
    check_can_register(officer, officer.agency)
    visit = get_visit(tx, officer, uid)
    one_of("reason", reason, VOID_REASONS)
    if visit.status == "void":
        raise InvalidInput(field="status", reason="unchanged")
    tx.execute(update(visits).where(visits.c.uid == uid).values(status="void"))
    trace(office, tx, officer, "visit_voided", now, visit=uid, reason=reason)
    return get_visit(tx, officer, uid)


def get_visit(tx: Transaction, officer: Officer, uid: str) -> Visit:
    """A visit of the officer's own agency.

    Raises:
        NotFound: there is none.
    """
    found = list_visits(tx, officer.agency, uids=(uid,))
    if not found:
        raise NotFound(what="visit")
    return found[0]


def list_visits(
    tx: Transaction,
    agency: str,
    *,
    first: date | None = None,
    last: date | None = None,
    uids: Collection[str] | None = None,
    limit: int = 500,
) -> list[Visit]:
    """An agency's visits, newest first, void ones included."""
    query = (
        select(visits, reception_days.c.uid.label("day_uid"))
        .outerjoin(reception_days, reception_days.c.id == visits.c.reception_day_id)
        .where(visits.c.agency == agency)
        .order_by(visits.c.on.desc(), visits.c.id.desc())
        .limit(limit)
    )
    if first is not None:
        query = query.where(visits.c.on >= first)
    if last is not None:
        query = query.where(visits.c.on <= last)
    if uids is not None:
        query = query.where(visits.c.uid.in_(list(uids)))
    rows = list(tx.execute(query).mappings())
    linked: dict[int, list[str]] = {}
    pairs = (
        select(visit_cases.c.visit_id, cases.c.uid)
        .join(cases, cases.c.id == visit_cases.c.case_id)
        .where(visit_cases.c.visit_id.in_([row["id"] for row in rows]))
        .order_by(cases.c.id)
    )
    for visit_id, uid in tx.execute(pairs):
        linked.setdefault(visit_id, []).append(uid)
    return [_visit(row, tuple(linked.get(row["id"], ()))) for row in rows]


def visit_summary(office: Office, tx: Transaction, officer: Officer, uid: str) -> dict[str, Any]:
    """Who came and what was said, opened for the register's own keepers.

    Raises:
        NotFound: no such visit in this agency's register, or the officer keeps none.
    """
    if not can_register(officer, officer.agency):
        raise NotFound(what="visit")
    sealed = tx.execute(
        select(visits.c.summary_sealed).where(
            visits.c.uid == uid, visits.c.agency == officer.agency
        )
    ).first()
    if sealed is None:
        raise NotFound(what="visit")
    if sealed[0] is None:
        return {"visitor": {}, "content": ""}
    opened: dict[str, Any] = json.loads(office.sealer.open(sealed[0], about=f"visit:{uid}"))
    return opened


def _moment(form: VisitForm, now: datetime) -> tuple[date, datetime]:
    """The visit's civil day and instant; a day without a time of day stands for its beginning."""
    today = local_date(now)
    if form.at is not None:
        day, instant = local_date(form.at), form.at
    elif form.on is None or form.on == today:
        day, instant = today, now
    else:
        day, instant = form.on, start_of_day(form.on)
    if day > today or instant > now:
        raise InvalidInput(field="on", reason="in_the_future")
    if day < FIRST_DAY:
        raise InvalidInput(field="on", reason="out_of_range")
    return day, instant


def _threshold(form: VisitForm) -> tuple[int, str]:
    standard = counting_rules().group_threshold
    chosen = standard if form.group_threshold is None else form.group_threshold
    note = short("group_note", form.group_note, 200)
    if chosen != standard and not note:
        raise InvalidInput(field="group_threshold", reason="note_required")
    in_range("group_threshold", chosen, 2, 1_000)
    return chosen, note


def _day_of_visit(tx: Transaction, agency: str, form: VisitForm, day: date) -> RowMapping | None:
    """The reception day the visit belongs to: the one named, or the announced one that fits."""
    if form.regime == "regular" and form.reception_day is None:
        return None
    query = select(reception_days).where(
        reception_days.c.agency == agency, reception_days.c.on == day
    )
    if form.reception_day is not None:
        query = query.where(reception_days.c.uid == form.reception_day)
    else:
        query = query.where(
            reception_days.c.regime == form.regime, reception_days.c.chair == form.received_by
        )
    row = tx.execute(query.limit(1)).mappings().first()
    if row is None:
        if form.reception_day is not None:
            raise NotFound(what="reception day")
        return None
    if row["regime"] != form.regime or row["chair"] != form.received_by:
        raise InvalidInput(field="reception_day", reason="regime_mismatch")
    if row["nobody_came"] or row["held"] is False:
        raise InvalidInput(field="reception_day", reason="already_recorded")
    return row


def _cases_of(
    office: Office,
    tx: Transaction,
    officer: Officer,
    form: VisitForm,
    day: date,
    now: datetime,
) -> list[int]:
    if len(form.petitions) + len(form.cases) > _MOST_CASES:
        raise InvalidInput(field="cases", reason="out_of_range")
    found: list[int] = []
    for reference in form.petitions:
        petition = get_petition(tx, reference.strip().upper())
        check_can_view(officer, petition, office.directory)
        case_id = petition.case_id
        if case_id is None:
            case_id = new_case(tx, agency=petition.agency, opened_on=day)
            tx.execute(
                update(petitions)
                .where(petitions.c.id == petition.id)
                .values(case_id=case_id, version=petition.version + 1, updated_at=now)
            )
        found.append(case_id)
    for uid in form.cases:
        case_id = tx.execute(
            select(cases.c.id).where(cases.c.uid == uid, cases.c.agency == officer.agency)
        ).scalar_one_or_none()
        if case_id is None:
            raise NotFound(what="case")
        found.append(case_id)
    return list(dict.fromkeys(found)) or [new_case(tx, agency=officer.agency, opened_on=day)]


def _sealed_summary(sealer: Sealer, uid: str, form: VisitForm) -> bytes | None:
    visitor = {
        name: short(name, value, 300) for name, value in form.visitor.items() if value.strip()
    }
    content = short("content", form.content, 20_000)
    if not visitor and not content:
        return None
    packed = json.dumps({"visitor": visitor, "content": content}, ensure_ascii=False)
    return sealer.seal(packed, about=f"visit:{uid}")


def _visit(row: RowMapping, linked: tuple[str, ...]) -> Visit:
    plain = {
        name: row[name]
        for name in Visit.__dataclass_fields__
        if name not in ("cases", "reception_day")
    }
    return Visit(**plain, cases=linked, reception_day=row["day_uid"])
