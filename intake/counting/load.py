"""The facts of a period, read from the database. Nothing sealed is opened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import RowMapping, and_, or_, select

from intake.clock import local_date, start_of_day
from intake.counting.facts import (
    AnswerFact,
    DayFact,
    EntryFact,
    Facts,
    HandlingFact,
    OverdueFact,
    VisitFact,
)
from intake.deadlines import FUTURE, MET, SUPERSEDED, SUSPENDED
from intake.rules import Rules
from intake.store.engine import Transaction
from intake.store.tables import (
    answers,
    cases,
    clock_events,
    deadlines,
    handlings,
    petitions,
    reception_days,
    register_entries,
    visit_cases,
    visits,
)

# Entries that keep counting until what they order is done.
_STANDING = ("enforcement_due", "enforcement_result")
_CHUNK = 400  # ids in one IN list; SQLite's limit on variables is far above


def load_facts(
    tx: Transaction, agencies: Collection[str], first: date, last: date, rules: Rules
) -> Facts:
    """Everything the numbers of these agencies for `first`–`last` (inside) are made of."""
    codes = sorted(agencies)
    stays = _handlings(tx, codes, first, last)
    return Facts(
        visits=_visits(tx, codes, first, last),
        days=_days(tx, codes, first, last),
        handlings=stays,
        answers=_answers(tx, codes, last),
        entries=_entries(tx, codes, first, last),
        overdue=_overdue(tx, codes, last, rules),
    )


def _visits(tx: Transaction, codes: list[str], first: date, last: date) -> tuple[VisitFact, ...]:
    chosen = and_(
        visits.c.agency.in_(codes), visits.c.on.between(first, last), visits.c.status == "final"
    )
    linked: dict[int, list[str]] = {}
    joined = (
        select(visit_cases.c.visit_id, cases.c.uid)
        .join(cases, cases.c.id == visit_cases.c.case_id)
        .join(visits, visits.c.id == visit_cases.c.visit_id)
        .where(chosen)
        .order_by(cases.c.id)
    )
    for visit_id, uid in tx.execute(joined):
        linked.setdefault(visit_id, []).append(uid)
    rows = tx.execute(select(visits).where(chosen).order_by(visits.c.on, visits.c.id)).mappings()
    return tuple(
        VisitFact(
            uid=row["uid"],
            agency=row["agency"],
            on=row["on"],
            regime=row["regime"],
            received_by=row["received_by"],
            people=row["people"],
            large_group=row["large_group"],
            cases=tuple(linked.get(row["id"], ())),
            online=row["mode"] == "online",
            group_threshold=row["group_threshold"],
        )
        for row in rows
    )


def _days(tx: Transaction, codes: list[str], first: date, last: date) -> tuple[DayFact, ...]:
    rows = tx.execute(
        select(reception_days)
        .where(reception_days.c.agency.in_(codes), reception_days.c.on.between(first, last))
        .order_by(reception_days.c.on, reception_days.c.id)
    ).mappings()
    return tuple(
        DayFact(
            uid=row["uid"],
            agency=row["agency"],
            on=row["on"],
            regime=row["regime"],
            chair=row["chair"],
            held=row["held"],
            nobody_came=row["nobody_came"],
        )
        for row in rows
    )


def _handlings(
    tx: Transaction, codes: list[str], first: date, last: date
) -> tuple[HandlingFact, ...]:
    joined = (
        select(
            handlings.c.agency,
            handlings.c.source,
            handlings.c.received_on,
            handlings.c.processed_on,
            handlings.c.eligible,
            handlings.c.competent,
            handlings.c.outcome,
            petitions.c.id.label("petition_id"),
            petitions.c.reference,
            petitions.c.kind,
            petitions.c.instance,
            petitions.c.fields,
            petitions.c.legal_received_on,
            petitions.c.received_at,
            cases.c.uid.label("case_uid"),
        )
        .join(petitions, petitions.c.id == handlings.c.petition_id)
        .outerjoin(cases, cases.c.id == petitions.c.case_id)
        .where(
            handlings.c.agency.in_(codes),
            # A draft of the period may have got a later day of receipt with its signed petition.
            or_(
                handlings.c.received_on <= last,
                petitions.c.received_at < start_of_day(last + timedelta(days=1)),
            ),
            or_(handlings.c.processed_on.is_(None), handlings.c.processed_on >= first),
        )
        .order_by(handlings.c.id)
    )
    rows = list(tx.execute(joined).mappings())
    events = _events(tx, {row["petition_id"] for row in rows})
    return tuple(_handling(row, events.get(row["petition_id"], {})) for row in rows)


def _handling(row: RowMapping, events: Mapping[str, tuple[date, ...]]) -> HandlingFact:
    arrived: datetime = row["received_at"]
    return HandlingFact(
        reference=row["reference"],
        agency=row["agency"],
        kind=row["kind"],
        instance=row["instance"],
        fields=tuple(row["fields"]),
        case=row["case_uid"] or row["reference"],
        source=row["source"],
        message_on=local_date(arrived),
        legal_on=row["legal_received_on"],
        received_on=row["received_on"],
        processed_on=row["processed_on"],
        eligible=row["eligible"],
        competent=row["competent"],
        outcome=row["outcome"],
        accepted=events.get("accepted", ()),
        withdrawn=events.get("withdrawn", ()),
    )


def _events(tx: Transaction, petition_ids: Iterable[int]) -> dict[int, dict[str, tuple[date, ...]]]:
    found: dict[int, dict[str, tuple[date, ...]]] = {}
    ids = sorted(petition_ids)
    for start in range(0, len(ids), _CHUNK):
        rows = tx.execute(
            select(clock_events.c.petition_id, clock_events.c.event, clock_events.c.on).where(
                clock_events.c.petition_id.in_(ids[start : start + _CHUNK]),
                clock_events.c.event.in_(("accepted", "withdrawn")),
            )
        )
        for petition_id, event, on in rows:
            kept = found.setdefault(petition_id, {})
            kept[event] = (*kept.get(event, ()), on)
    return found


def _answers(tx: Transaction, codes: list[str], last: date) -> tuple[AnswerFact, ...]:
    """All up to `last`: earlier decisions may still have to be carried out."""
    rows = tx.execute(
        select(
            answers.c.id,
            answers.c.agency,
            answers.c.answered_on,
            answers.c.instance,
            answers.c.verdict,
            answers.c.remedies,
            petitions.c.reference,
            petitions.c.kind,
        )
        .join(petitions, petitions.c.id == answers.c.petition_id)
        .where(answers.c.agency.in_(codes), answers.c.answered_on <= last)
        .order_by(answers.c.id)
    ).mappings()
    return tuple(
        AnswerFact(
            id=row["id"],
            reference=row["reference"],
            agency=row["agency"],
            kind=row["kind"],
            on=row["answered_on"],
            instance=row["instance"],
            verdict=row["verdict"],
            remedies=row["remedies"],
        )
        for row in rows
    )


def _entries(tx: Transaction, codes: list[str], first: date, last: date) -> tuple[EntryFact, ...]:
    rows = tx.execute(
        select(register_entries)
        .where(
            register_entries.c.agency.in_(codes),
            register_entries.c.status == "final",
            register_entries.c.on <= last,
            or_(register_entries.c.on >= first, register_entries.c.entry.in_(_STANDING)),
        )
        .order_by(register_entries.c.id)
    ).mappings()
    return tuple(
        EntryFact(
            uid=row["uid"],
            agency=row["agency"],
            entry=row["entry"],
            on=row["on"],
            values=row["values"],
        )
        for row in rows
    )


def _overdue(
    tx: Transaction, codes: list[str], last: date, rules: Rules
) -> tuple[OverdueFact, ...]:
    """Petitions whose term for settling ended by `last` without an answer by then."""
    settled = (
        select(answers.c.id)
        .where(answers.c.petition_id == petitions.c.id, answers.c.answered_on <= last)
        .exists()
    )
    withdrawn = (
        select(clock_events.c.id)
        .where(
            clock_events.c.petition_id == petitions.c.id,
            clock_events.c.event == "withdrawn",
            clock_events.c.on <= last,
        )
        .exists()
    )
    rows = tx.execute(
        select(
            petitions.c.reference,
            petitions.c.agency,
            petitions.c.kind,
            deadlines.c.rule,
            deadlines.c.due,
            cases.c.uid.label("case_uid"),
        )
        .join(deadlines, deadlines.c.petition_id == petitions.c.id)
        .outerjoin(cases, cases.c.id == petitions.c.case_id)
        .where(
            petitions.c.agency.in_(codes),
            petitions.c.accepted_on <= last,
            deadlines.c.due <= last,
            deadlines.c.state.notin_((SUPERSEDED, SUSPENDED, FUTURE, MET)),
            ~settled,
            ~withdrawn,
        )
        .order_by(petitions.c.id, deadlines.c.due)
    ).mappings()
    found: dict[str, OverdueFact] = {}
    for row in rows:
        if rules.settles(row["rule"]):
            found[row["reference"]] = OverdueFact(
                reference=row["reference"],
                agency=row["agency"],
                kind=row["kind"],
                case=row["case_uid"] or row["reference"],
                due=row["due"],
            )
    return tuple(found.values())
