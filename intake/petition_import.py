"""Petitions from a list (XLSX or CSV): checked row by row, then filed in one transaction each.

For the papers an office already has when it starts. A dry run and the real run make the same plan;
with a fault in any row nothing is filed. A row with a `key` (the old register's number) that was
imported before is left out, so that a list can be sent again after it was corrected.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from intake.actions import file_petition, new_receipt
from intake.classification import classify
from intake.clock import local_date, start_of_day
from intake.errors import DataFault, UnknownAgency
from intake.office import Office
from intake.officers import SYSTEM
from intake.petition import Petitioner, PetitionKind, Source, Submission
from intake.sheets import read_sheet
from intake.store.tables import jobs
from intake.text import clean, fold

_FILE = Path(__file__).parent / "data" / "petition_columns.toml"
_IMPORTED = "petition_import"
_REQUIRED = ("text", "received_on")
_MOST_FAULTS = 200


@dataclass(frozen=True)
class PlannedPetition:
    """One row that would be filed. `line` is its line in the list, `key` the old number or ""."""

    line: int
    key: str
    submission: Submission


@dataclass(frozen=True)
class PetitionPlan:
    """What an import would do. `faults` are (line, reason); `known` rows were imported before."""

    petitions: tuple[PlannedPetition, ...]
    known: int
    faults: tuple[tuple[int, str], ...]


def plan_petitions(office: Office, path: Path, *, now: datetime) -> PetitionPlan:
    """Read and check a list.

    Raises:
        DataFault: the file can't be read or lacks a required column.
    """
    (head_line, head), *rows = read_sheet(path) or [(0, [])]
    columns = _columns(path.name, head_line, head)
    with office.store.read() as tx:
        done = set(tx.execute(select(jobs.c.slot).where(jobs.c.name == _IMPORTED)).scalars())
    planned, faults, known = [], [], 0
    for line, cells in rows:
        values = {
            name: clean(cells[place]).strip() if place < len(cells) else ""
            for name, place in columns.items()
        }
        if values.get("key") and _slot(office, values["key"]) in done:
            known += 1
            continue
        try:
            submission = _submission(office, values, now)
        except _Fault as fault:
            faults.append((line, str(fault)))
            continue
        planned.append(PlannedPetition(line, values.get("key", ""), submission))
    return PetitionPlan(tuple(planned), known, tuple(faults[:_MOST_FAULTS]))


def import_petitions(office: Office, plan: PetitionPlan, *, now: datetime) -> list[str]:
    """File a plan without faults; returns the new references in the order of the list.

    Raises:
        DataFault: the plan has faults.
    """
    if plan.faults:
        line, reason = plan.faults[0]
        raise DataFault(file="list", line=line, fault=reason)
    references = []
    for planned in plan.petitions:
        day = planned.submission.signed_on or local_date(now)
        receipt = new_receipt(office, now=start_of_day(day))
        with office.store.write() as tx:
            filed = file_petition(office, tx, planned.submission, receipt, now=now, actor=SYSTEM)
            if planned.key:
                slot = _slot(office, planned.key)
                tx.execute(insert(jobs).values(name=_IMPORTED, slot=slot, done_at=now))
        references.append(filed.petition.reference)
    return references


class _Fault(Exception):
    """A row that can't be filed, in words for whoever made the list (never the row's content)."""


def _submission(office: Office, values: Mapping[str, str], now: datetime) -> Submission:
    text = values["text"]
    if not text:
        raise _Fault("text is empty")
    received = _day(values["received_on"])
    if received > local_date(now):
        raise _Fault("received_on lies in the future")
    seen = classify(text)
    kind = _kind(values.get("kind", "")) or PetitionKind(seen.kind)
    if kind is PetitionKind.OTHER:
        raise _Fault("kind is not given and the text does not tell it")
    agency, agency_class, routing = values.get("agency", ""), None, {}
    if agency:
        try:
            agency_class = office.directory.get_on(agency, local_date(now)).agency_class
        except UnknownAgency as error:
            raise _Fault("agency is no code of the directory") from error
    else:
        proposed = office.router.route(
            text, place=values.get("place") or None, on=local_date(now), kind=kind
        )
        if proposed.decision == "route" and proposed.candidates:
            agency = proposed.candidates[0].agency
            agency_class = proposed.candidates[0].agency_class
            routing = {"explanation": proposed.explanation, "versions": dict(proposed.versions)}
    person = Petitioner(
        name=values.get("name", ""), address=values.get("address", ""),
        phone=values.get("phone", ""),
    )  # fmt: skip
    return Submission(
        kind=kind,
        text=text,
        source=Source.POST,
        petitioners=(person,) if person.name or person.phone or person.address else (),
        anonymous=not person.name,
        place_text=values.get("place", ""),
        agency=agency or None,
        agency_class=agency_class,
        topic=seen.topic,
        fields=seen.fields,
        people=_number(values.get("people", ""), "people"),
        instance=_number(values.get("instance", ""), "instance"),
        signed_on=received,
        routing=routing,
    )


def _kind(typed: str) -> PetitionKind | None:
    if not typed:
        return None
    for code, names in _data()["kinds"].items():
        if fold(typed) in {fold(code), *(fold(name) for name in names)}:
            return PetitionKind(code)
    raise _Fault("kind is none of the known ones")


def _day(typed: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(typed, form).date()  # noqa: DTZ007 - a civil day has no zone
        except ValueError:
            continue
    raise _Fault("received_on is no date (21/11/2026)")


def _number(typed: str, column: str) -> int:
    if not typed:
        return 1
    if not typed.isascii() or not typed.isdigit() or not int(typed):
        raise _Fault(f"{column} is no number from 1")
    return int(typed)


def _columns(name: str, line: int, head: list[str]) -> dict[str, int]:
    folded = [fold(cell) for cell in head]
    found = {}
    for column, titles in _data()["columns"].items():
        for title in (column, *titles):
            if fold(title) in folded:
                found[column] = folded.index(fold(title))
                break
    missing = [column for column in _REQUIRED if column not in found]
    if missing:
        raise DataFault(file=name, line=line, fault=f"no column {', '.join(missing)}")
    return found


def _slot(office: Office, key: str) -> str:
    return office.sealer.fingerprint(key, purpose="petition-import")


@cache
def _data() -> dict[str, Any]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)
