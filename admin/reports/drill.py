"""What lies behind a number: its records as rows of codes, days and states.

Reporting staff see references, kinds, days and states; no name, no address and no petition text is
read here. Whether a row links on to the petition depends on `intake.permissions`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, select

from admin.reports.figures import Figures
from intake.clock import local_date
from intake.counting.facts import Record
from intake.office import Office
from intake.officers import Officer
from intake.permissions import can_view
from intake.statistics import Number
from intake.store.engine import Transaction
from intake.store.petitions import petition_of
from intake.store.tables import (
    answers,
    cases,
    petitions,
    reception_days,
    register_entries,
    visit_cases,
    visits,
)

_CHUNK = 400


@dataclass(frozen=True)
class DrillRow:
    """One record behind a number.

    `kind`, `what` and `state` are codes (what: petition kind, regime, entry …); `petition` is the
    reference to open, "" where the officer may not; `parts`: references and visits of a case.
    """

    kind: str
    ref: str
    agency: str
    amount: Any
    what: str = ""
    on: date | None = None
    state: str = ""
    document: str = ""
    petition: str = ""
    parts: tuple[str, ...] = ()


def rows_behind(
    office: Office, tx: Transaction, officer: Officer | None, figures: Figures, number: Number
) -> list[DrillRow]:
    """The rows of a number, in the order of its records; as many as it has records.

    Args:
        officer: who looks; None shows no links.
    """
    by_kind: dict[str, list[Record]] = {}
    for row in number.records:
        by_kind.setdefault(row.kind, []).append(row)
    found: dict[Record, DrillRow] = {}
    for kind, rows in by_kind.items():
        found.update(_READERS[kind](office, tx, officer, figures, rows))
    return [
        found.get(row, DrillRow(row.kind, row.ref, row.agency, row.amount))
        for row in number.records
    ]


def _visits(
    office: Office, tx: Transaction, officer: Officer | None, figures: Figures, rows: list[Record]
) -> Mapping[Record, DrillRow]:
    stored = _by_key(tx, select(visits), visits.c.uid, [row.ref for row in rows], "uid")
    return {
        row: DrillRow(
            row.kind, row.ref, row.agency, row.amount, what=one["regime"], on=one["on"],
            state=one["received_by"],
        )
        for row in rows
        if (one := stored.get(row.ref)) is not None
    }  # fmt: skip


def _days(
    office: Office, tx: Transaction, officer: Officer | None, figures: Figures, rows: list[Record]
) -> Mapping[Record, DrillRow]:
    stored = _by_key(
        tx, select(reception_days), reception_days.c.uid, [row.ref for row in rows], "uid"
    )
    return {
        row: DrillRow(
            row.kind, row.ref, row.agency, row.amount, what=one["regime"], on=one["on"],
            state=_day_state(one), document=one["notice_number"],
        )
        for row in rows
        if (one := stored.get(row.ref)) is not None
    }  # fmt: skip


def _day_state(one: RowMapping) -> str:
    if one["held"] is None:
        return "unrecorded"
    if not one["held"]:
        return "not_held"
    return "nobody_came" if one["nobody_came"] else "held"


def _petitions(
    office: Office, tx: Transaction, officer: Officer | None, figures: Figures, rows: list[Record]
) -> Mapping[Record, DrillRow]:
    stored = _by_key(
        tx, select(petitions), petitions.c.reference, [row.ref for row in rows], "reference"
    )
    return {
        row: _petition_row(office, officer, row, stored[row.ref])
        for row in rows
        if row.ref in stored
    }


def _petition_row(
    office: Office, officer: Officer | None, row: Record, one: RowMapping
) -> DrillRow:
    petition = petition_of(one)
    opens = officer is not None and can_view(officer, petition, office.directory)
    return DrillRow(
        row.kind, row.ref, row.agency, row.amount, what=petition.kind,
        on=petition.legal_received_on or local_date(petition.received_at),
        state=petition.status, petition=petition.reference if opens else "",
    )  # fmt: skip


def _cases(
    office: Office, tx: Transaction, officer: Officer | None, figures: Figures, rows: list[Record]
) -> Mapping[Record, DrillRow]:
    """A case by its petitions and visits; one that stands alone is its petition."""
    alone = _petitions(office, tx, officer, figures, rows)
    uids = [row.ref for row in rows if row not in alone]
    stored = _by_key(tx, select(cases), cases.c.uid, uids, "uid")
    references = _parts(
        tx, select(cases.c.uid, petitions.c.reference)
        .join(petitions, petitions.c.case_id == cases.c.id), uids,
    )  # fmt: skip
    days = _parts(
        tx, select(cases.c.uid, visits.c.on)
        .join(visit_cases, visit_cases.c.case_id == cases.c.id)
        .join(visits, visits.c.id == visit_cases.c.visit_id)
        .where(visits.c.status == "final")
        .where(visits.c.on.between(figures.period.first_day, figures.period.last_day)), uids,
    )  # fmt: skip
    found = dict(alone)
    for row in rows:
        if row not in found and row.ref in stored:
            parts = (
                *references.get(row.ref, ()),
                *(f"{on:%d/%m/%Y}" for on in days.get(row.ref, ())),
            )
            found[row] = DrillRow(
                row.kind, row.ref, row.agency, row.amount, on=stored[row.ref]["opened_on"],
                parts=parts,
            )  # fmt: skip
    return found


def _answers(
    office: Office, tx: Transaction, officer: Officer | None, figures: Figures, rows: list[Record]
) -> Mapping[Record, DrillRow]:
    """Decisions and conclusions, named by their petition and number."""
    ids = {row: int(row.ref.rpartition("#")[2]) for row in rows}
    stored = _by_key(tx, select(answers), answers.c.id, list(ids.values()), "id")
    owners = _petitions(
        office, tx, officer, figures,
        [Record("petition", row.ref.partition("#")[0], row.agency) for row in rows],
    )  # fmt: skip
    by_reference = {row.ref: drill for row, drill in owners.items()}
    found = {}
    for row, key in ids.items():
        one = stored.get(key)
        owner = by_reference.get(row.ref.partition("#")[0])
        if one is not None:
            found[row] = DrillRow(
                row.kind, row.ref.partition("#")[0], row.agency, row.amount,
                what=owner.what if owner else "", on=one["answered_on"],
                state=one["verdict"] or "", document=one["document_number"],
                petition=owner.petition if owner else "",
            )  # fmt: skip
    return found


def _entries(
    office: Office, tx: Transaction, officer: Officer | None, figures: Figures, rows: list[Record]
) -> Mapping[Record, DrillRow]:
    stored = _by_key(
        tx, select(register_entries), register_entries.c.uid, [row.ref for row in rows], "uid"
    )
    return {
        row: DrillRow(
            row.kind, row.ref, row.agency, row.amount, what=one["entry"], on=one["on"],
            state=str(one["values"].get("type", "")), document=str(one["values"].get("number", "")),
        )
        for row in rows
        if (one := stored.get(row.ref)) is not None
    }  # fmt: skip


_Reader = Callable[
    [Office, Transaction, Officer | None, Figures, list[Record]], Mapping[Record, DrillRow]
]
_READERS: Mapping[str, _Reader] = {
    "visit": _visits,
    "day": _days,
    "petition": _petitions,
    "case": _cases,
    "answer": _answers,
    "entry": _entries,
}


def _by_key(
    tx: Transaction,
    query: Select[Any],
    column: ColumnElement[Any],
    keys: Collection[Any],
    name: str,
) -> dict[Any, RowMapping]:
    return {
        row[name]: row
        for chunk in _chunks(keys)
        for row in tx.execute(query.where(column.in_(chunk))).mappings()
    }


def _parts(tx: Transaction, query: Select[Any], uids: Collection[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for chunk in _chunks(uids):
        for uid, part in tx.execute(query.where(cases.c.uid.in_(chunk))):
            found.setdefault(uid, []).append(part)
    return found


def _chunks(keys: Collection[Any]) -> Iterator[list[Any]]:
    ordered = sorted(set(keys))
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
