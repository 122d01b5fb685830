"""Entries of the register: documents, dialogues, training, inspections, enforcement."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from intake.actions.filing import new_uid
from intake.clock import local_date
from intake.errors import DataFault, InvalidInput, NotFound
from intake.office import Office
from intake.officers import Officer
from intake.register.rights import check_can_enter
from intake.register.values import FIRST_DAY, VOID_REASONS, in_range, one_of, short, trace
from intake.store.engine import Transaction
from intake.store.tables import answers, register_entries

_ENTRIES_FILE = Path(__file__).parents[1] / "data" / "reports" / "entries.toml"


_OBLIGATION = re.compile(r"(answer):(\d{1,18})|(entry):([0-9a-f]{32})")


@dataclass(frozen=True)
class EntryValue:
    """One value of an entry: type "count", "amount", "flag", "text", "choice" or "obligation"."""

    name: str
    type: str
    required: bool
    label: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class EntryKind:
    """A kind of register entry and the values it has."""

    code: str
    label: str
    values: tuple[EntryValue, ...]


@dataclass(frozen=True)
class Entry:
    """An entry as stored."""

    uid: str
    agency: str
    entry: str
    on: date
    values: Mapping[str, Any]
    status: str
    created_by: str
    created_at: datetime


@cache
def entry_kinds() -> Mapping[str, EntryKind]:
    """The kinds of entries (`data/reports/entries.toml`).

    Raises:
        DataFault: the data file is malformed.
    """
    with _ENTRIES_FILE.open("rb") as file:
        rows = tomllib.load(file)["entry"]
    found = {}
    for number, row in enumerate(rows, start=1):
        try:
            found[row["code"]] = EntryKind(
                row["code"],
                row["label"],
                tuple(
                    EntryValue(
                        each["name"],
                        each["type"],
                        each["required"],
                        each["label"],
                        tuple(each.get("choices", ())),
                    )
                    for each in row["values"]
                ),
            )
        except KeyError as error:
            raise DataFault(
                file=_ENTRIES_FILE.name, line=f"entry {number}", fault=str(error)
            ) from error
    return found


@cache
def choice_labels() -> Mapping[str, str]:
    """Vietnamese labels of the choices of entries."""
    with _ENTRIES_FILE.open("rb") as file:
        labels: dict[str, str] = tomllib.load(file)["choices"]
    return labels


def record_entry(
    office: Office,
    tx: Transaction,
    officer: Officer,
    kind: str,
    values: Mapping[str, object],
    *,
    on: date,
    now: datetime,
) -> Entry:
    """Enter a document, dialogue, training, inspection or result of enforcement.

    Args:
        values: by name, see `entry_kinds()`; whatever is not given is not stored.

    Raises:
        NotAllowed: the officer keeps no register.
        InvalidInput: unknown kind or value, a part larger than its whole, or a day out of range.
        NotFound: the obligation is no decision of this agency.
    """
    agency = officer.agency
    check_can_enter(officer, agency)
    definition = entry_kinds().get(kind)
    if definition is None:
        raise InvalidInput(field="entry", reason="unknown")
    if not FIRST_DAY <= on <= local_date(now):
        raise InvalidInput(field="on", reason="out_of_range" if on < FIRST_DAY else "in_the_future")
    known = {value.name: value for value in definition.values}
    unknown = set(values) - set(known)
    if unknown:
        raise InvalidInput(field=min(unknown), reason="unknown")
    stored = {
        name: checked
        for name, value in known.items()
        if (checked := _entry_value(value, values.get(name))) is not None
    }
    _check_parts(stored)
    if "obligation" in stored:
        _check_obligation(tx, agency, str(stored["obligation"]))
    uid = new_uid()
    tx.execute(
        insert(register_entries).values(
            uid=uid, agency=agency, entry=kind, on=on, values=stored, status="final",
            created_by=officer.username, created_at=now,
        )
    )  # fmt: skip
    trace(office, tx, officer, "entry_recorded", now, entry=uid, kind=kind, on=on.isoformat())
    return get_entry(tx, agency, uid)


def void_entry(
    office: Office, tx: Transaction, officer: Officer, uid: str, *, reason: str, now: datetime
) -> Entry:
    """Void an entry; it stays on record and is not counted any more.

    Raises:
        NotFound: no such entry of this agency.
        InvalidInput: unknown reason, or already void.
    """
    check_can_enter(officer, officer.agency)
    entry = get_entry(tx, officer.agency, uid)
    one_of("reason", reason, VOID_REASONS)
    if entry.status == "void":
        raise InvalidInput(field="status", reason="unchanged")
    tx.execute(update(register_entries).where(register_entries.c.uid == uid).values(status="void"))
    trace(office, tx, officer, "entry_voided", now, entry=uid, reason=reason)
    return get_entry(tx, officer.agency, uid)


def get_entry(tx: Transaction, agency: str, uid: str) -> Entry:
    """An entry of an agency.

    Raises:
        NotFound: there is none.
    """
    for entry in list_entries(tx, agency, uids=(uid,)):
        return entry
    raise NotFound(what="entry")


def list_entries(
    tx: Transaction,
    agency: str,
    *,
    first: date | None = None,
    last: date | None = None,
    uids: Collection[str] | None = None,
    limit: int = 500,
) -> list[Entry]:
    """An agency's entries, newest first, void ones included."""
    query = (
        select(register_entries)
        .where(register_entries.c.agency == agency)
        .order_by(register_entries.c.on.desc(), register_entries.c.id.desc())
        .limit(limit)
    )
    if first is not None:
        query = query.where(register_entries.c.on >= first)
    if last is not None:
        query = query.where(register_entries.c.on <= last)
    if uids is not None:
        query = query.where(register_entries.c.uid.in_(list(uids)))
    return [
        Entry(
            uid=row["uid"], agency=row["agency"], entry=row["entry"], on=row["on"],
            values=row["values"], status=row["status"], created_by=row["created_by"],
            created_at=row["created_at"],
        )
        for row in tx.execute(query).mappings()
    ]  # fmt: skip


def _entry_value(value: EntryValue, given: object) -> object:
    """A given value in its stored form; None: not given.

    Raises:
        InvalidInput: missing though required, or not of its type.
    """
    if given is None or given == "":
        if value.required:
            raise InvalidInput(field=value.name, reason="required")
        return None
    match value.type:
        case "flag" if isinstance(given, bool):
            return given
        case "count" if isinstance(given, int) and not isinstance(given, bool):
            return in_range(value.name, given, 0, 10**9)
        case "amount" if isinstance(given, int | float) and not isinstance(given, bool):
            return in_range(value.name, given, 0, 10**12)
        case "text" if isinstance(given, str):
            return short(value.name, given, 200)
        case "choice" if isinstance(given, str):
            one_of(value.name, given, value.choices)
            return given
        case "obligation" if isinstance(given, str) and _OBLIGATION.fullmatch(given):
            return given
    raise InvalidInput(field=value.name, reason="malformed")


# A part may not exceed its whole (TT 06/2025: "trong đó" columns).
_PARTS = (
    ("disciplined_officials", "disciplined_people"),
    ("prosecuted_officials", "prosecuted_people"),
    ("answered", "opinions"),
)


def _check_parts(stored: Mapping[str, Any]) -> None:
    for part, whole in _PARTS:
        if part in stored and stored[part] > stored.get(whole, 0):
            raise InvalidInput(field=part, reason="out_of_range")


def _check_obligation(tx: Transaction, agency: str, obligation: str) -> None:
    found = _OBLIGATION.fullmatch(obligation)
    assert found is not None
    if found[1]:
        query = select(answers.c.id).where(
            answers.c.id == int(found[2]),
            answers.c.agency == agency,
            answers.c.verdict.is_not(None),
        )
    else:
        query = select(register_entries.c.id).where(
            register_entries.c.uid == found[4],
            register_entries.c.agency == agency,
            register_entries.c.entry == "enforcement_due",
            register_entries.c.status == "final",
        )
    if tx.execute(query).first() is None:
        raise NotFound(what="obligation")
