"""Petitions in the database: rows in, frozen dataclasses out. No rules here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Text,
    and_,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from intake.errors import NotFound, VersionConflict
from intake.petition import (
    MAY_HOLD_DENUNCIATION,
    Petition,
    PetitionContent,
    Petitioner,
    PetitionKind,
    Source,
)
from intake.sealing import Sealer
from intake.status import PetitionStatus
from intake.store.dates import StoredDeadline, open_dates
from intake.store.engine import Transaction
from intake.store.tables import (
    answers,
    attachments,
    bands,
    clock_events,
    deadlines,
    handlings,
    notices,
    petitioners,
    petitions,
)
from intake.text import fold

_COLUMNS = [
    column
    for column in petitions.c
    if column.name not in ("secret_hash", "content_sealed", "search_text")
]


def petition_columns() -> list[Column[Any]]:
    """The columns that make a `Petition`; the sealed ones are not among them."""
    return _COLUMNS


def insert_petition(tx: Transaction, values: Mapping[str, Any]) -> int:
    """A new row; returns its id."""
    return int(
        tx.execute(insert(petitions).values(**values).returning(petitions.c.id)).scalar_one()
    )


def get_petition(tx: Transaction, reference: str) -> Petition:
    """The petition of that reference.

    Raises:
        NotFound: there is none.
    """
    row = tx.execute(select(*_COLUMNS).where(petitions.c.reference == reference)).mappings().first()
    if row is None:
        raise NotFound(what="petition")
    return petition_of(row)


def get_petition_by_id(tx: Transaction, petition_id: int) -> Petition:
    """The petition of that internal id.

    Raises:
        NotFound: there is none.
    """
    row = tx.execute(select(*_COLUMNS).where(petitions.c.id == petition_id)).mappings().first()
    if row is None:
        raise NotFound(what="petition")
    return petition_of(row)


def secret_hash_of(tx: Transaction, reference: str) -> str | None:
    """The stored hash of the secret part, or None where no such petition is."""
    return tx.execute(
        select(petitions.c.secret_hash).where(petitions.c.reference == reference)
    ).scalar_one_or_none()


def update_petition(
    tx: Transaction, petition: Petition, changes: Mapping[str, Any], *, now: datetime
) -> Petition:
    """Write changes to the petition the caller read; version + 1.

    Raises:
        VersionConflict: it was changed in between.
    """
    result = tx.execute(
        update(petitions)
        .where(petitions.c.id == petition.id, petitions.c.version == petition.version)
        .values(**changes, version=petition.version + 1, updated_at=now)
    )
    if result.rowcount != 1:
        raise VersionConflict(
            reference=petition.reference, expected=petition.version, actual=petition.version + 1
        )
    return get_petition_by_id(tx, petition.id)


def petition_of(row: Mapping[Any, Any]) -> Petition:
    """A row as a petition."""
    values = {column.name: row[column.name] for column in _COLUMNS}
    values["kind"] = PetitionKind(values["kind"])
    values["status"] = PetitionStatus(values["status"])
    values["source"] = Source(values["source"])
    values["fields"] = tuple(values["fields"])
    values["accused"] = tuple(values["accused"])
    values["facts"] = tuple(values["facts"])
    return Petition(**values)


# ---- the sealed part ------------------------------------------------------------------------


def seal_content(
    sealer: Sealer, reference: str, *, text: str, answers: Mapping[str, str], place_text: str
) -> bytes:
    """Petition text and further answers, sealed to the reference."""
    content = {"text": text, "answers": dict(answers), "place": place_text}
    return sealer.seal(
        json.dumps(content, ensure_ascii=False), about=f"petition:{reference}:content"
    )


def content_of(tx: Transaction, sealer: Sealer, petition: Petition) -> PetitionContent:
    """The sealed part, opened, people included; whether the reader may is the caller's check."""
    sealed = tx.execute(
        select(petitions.c.content_sealed).where(petitions.c.id == petition.id)
    ).scalar_one()
    content = json.loads(sealer.open(sealed, about=f"petition:{petition.reference}:content"))
    people = tx.execute(
        select(petitioners)
        .where(petitioners.c.petition_id == petition.id)
        .order_by(petitioners.c.id)
    ).mappings()
    return PetitionContent(
        text=content["text"],
        answers=content["answers"],
        place_text=content["place"],
        petitioners=tuple(
            Petitioner(
                role=row["role"],
                **json.loads(
                    sealer.open(row["identity_sealed"], about=f"petitioner:{petition.reference}")
                ),
            )
            for row in people
        ),
    )


def replace_content(
    tx: Transaction,
    sealer: Sealer,
    petition: Petition,
    *,
    text: str,
    answers: Mapping[str, str],
    place_text: str,
) -> None:
    """Store changed text or answers (added information)."""
    tx.execute(
        update(petitions)
        .where(petitions.c.id == petition.id)
        .values(
            content_sealed=seal_content(
                sealer, petition.reference, text=text, answers=answers, place_text=place_text
            ),
            search_text=search_text(petition.kind, petition.reference, text, place_text),
        )
    )


def insert_petitioners(
    tx: Transaction, sealer: Sealer, petition_id: int, reference: str, people: Sequence[Petitioner]
) -> None:
    """Store people sealed; the telephone number also as a keyed digest."""
    for person in people:
        identity = {
            "name": person.name,
            "address": person.address,
            "phone": person.phone,
            "email": person.email,
            "identity_number": person.identity_number,
        }
        digits = "".join(letter for letter in person.phone if letter.isdigit())
        tx.execute(
            insert(petitioners).values(
                petition_id=petition_id,
                role=person.role,
                identity_sealed=sealer.seal(
                    json.dumps(identity, ensure_ascii=False), about=f"petitioner:{reference}"
                ),
                phone_fingerprint=sealer.fingerprint(digits, purpose="phone") if digits else None,
            )
        )


def search_text(kind: PetitionKind, reference: str, text: str, place_text: str) -> str:
    """What officers' search looks through: folded words; of what may hold a denunciation the
    reference only."""
    if kind.may_hold_denunciation:
        return reference.lower()
    return fold(f"{reference} {place_text} {text}")[:4_000]


# ---- lists ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class PetitionFilter:
    """What a list shows. `agencies` None: all; `without_agency` adds petitions nobody has yet.

    `open_only`: the petition is open, or something is still owed though it was answered.

    `exclude_denunciations` and `exclude_accused` (agency codes whose accused petitions vanish) come
    from the officer's permissions, never from the request.
    """

    agencies: tuple[str, ...] | None = None
    without_agency: bool = False
    statuses: tuple[PetitionStatus, ...] = ()
    kinds: tuple[PetitionKind, ...] = ()
    open_only: bool = False
    due_before: date | None = None
    assigned_to: str | None = None
    unassigned: bool = False
    not_told: bool = False
    received_from: datetime | None = None
    received_until: datetime | None = None
    query: str = ""
    references: tuple[str, ...] | None = None
    exclude_denunciations: bool = True
    exclude_accused: tuple[str, ...] = ()


def list_petitions(
    tx: Transaction,
    chosen: PetitionFilter,
    *,
    after: tuple[date, int] | None = None,
    limit: int = 50,
) -> list[Petition]:
    """Petitions by due date (undated last), keyset-paged: `after` is the last page's `page_key`."""
    due = func.coalesce(petitions.c.next_due, FAR_FUTURE)
    query = select(*_COLUMNS).where(*_conditions(chosen)).order_by(due, petitions.c.id).limit(limit)
    if after is not None:
        query = query.where(or_(due > after[0], and_(due == after[0], petitions.c.id > after[1])))
    return [petition_of(row) for row in tx.execute(query).mappings()]


def count_petitions(tx: Transaction, chosen: PetitionFilter) -> int:
    """How many petitions `list_petitions` would give over all pages."""
    return int(
        tx.execute(
            select(func.count()).select_from(petitions).where(*_conditions(chosen))
        ).scalar_one()
    )


FAR_FUTURE = date(9999, 12, 31)
_MOST_WORDS = 8


def page_key(petition: Petition) -> tuple[date, int]:
    """The keyset position of a petition in `list_petitions`."""
    return (petition.next_due or FAR_FUTURE, petition.id)


def _conditions(chosen: PetitionFilter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if chosen.agencies is not None:
        mine = petitions.c.agency.in_(chosen.agencies)
        wanted.append(or_(mine, petitions.c.agency.is_(None)) if chosen.without_agency else mine)
    if chosen.exclude_denunciations:
        wanted.append(petitions.c.kind.not_in(MAY_HOLD_DENUNCIATION))
    for code in chosen.exclude_accused:
        # The list of codes is JSON on both databases, so a quoted code is found in its text.
        accused = cast(petitions.c.accused, Text)
        wanted.append(~accused.contains(f'"{code}"', autoescape=True))
    if chosen.statuses:
        wanted.append(petitions.c.status.in_(chosen.statuses))
    if chosen.open_only:
        wanted.append(open_dates())
    if chosen.kinds:
        wanted.append(petitions.c.kind.in_(chosen.kinds))
    if chosen.due_before is not None:
        wanted.append(petitions.c.next_due < chosen.due_before)
    if chosen.assigned_to is not None:
        wanted.append(petitions.c.assigned_to == chosen.assigned_to)
    if chosen.unassigned:
        wanted.append(petitions.c.assigned_to.is_(None))
    if chosen.not_told:
        untold = select(notices.c.petition_id).where(notices.c.state.in_(("held", "dead")))
        wanted.append(petitions.c.id.in_(untold))
    if chosen.received_from is not None:
        wanted.append(petitions.c.received_at >= chosen.received_from)
    if chosen.received_until is not None:
        wanted.append(petitions.c.received_at < chosen.received_until)
    if chosen.references is not None:
        wanted.append(petitions.c.reference.in_(chosen.references))
    words = fold(chosen.query).split()[:_MOST_WORDS]
    return wanted + [petitions.c.search_text.contains(word, autoescape=True) for word in words]


# ---- rows that belong to a petition ---------------------------------------------------------


@dataclass(frozen=True)
class ClockEventRow:
    """One thing the law counts from; `id` rises in the order in which they were entered."""

    event: str
    on: date
    document_number: str
    criteria: tuple[str, ...]
    at: time | None = None
    id: int = 0


def add_clock_event(
    tx: Transaction,
    petition_id: int,
    event: str,
    on: date,
    *,
    at: time | None = None,
    document_number: str = "",
    criteria: Sequence[str] = (),
) -> None:
    """Append an event of the legal clock; `at` is the local time of a meeting."""
    tx.execute(
        insert(clock_events).values(
            petition_id=petition_id,
            event=event,
            on=on,
            at=at,
            document_number=document_number,
            criteria=list(criteria),
        )
    )


def set_clock_event(
    tx: Transaction, petition_id: int, event: str, on: date, *, document_number: str = ""
) -> None:
    """Write an event that there is once, instead of what was recorded of it."""
    tx.execute(
        delete(clock_events).where(
            clock_events.c.petition_id == petition_id, clock_events.c.event == event
        )
    )
    add_clock_event(tx, petition_id, event, on, document_number=document_number)


def remove_clock_event(tx: Transaction, event_id: int) -> None:
    """Take an event off the legal clock; the timeline keeps that it was recorded."""
    tx.execute(delete(clock_events).where(clock_events.c.id == event_id))


def clock_events_of(tx: Transaction, petition_id: int) -> list[ClockEventRow]:
    """Events of the legal clock by day, then as entered."""
    rows = tx.execute(
        select(clock_events)
        .where(clock_events.c.petition_id == petition_id)
        .order_by(clock_events.c.on, clock_events.c.id)
    ).mappings()
    return [
        ClockEventRow(
            row["event"],
            row["on"],
            row["document_number"],
            tuple(row["criteria"]),
            row["at"],
            row["id"],
        )
        for row in rows
    ]


def deadlines_of(tx: Transaction, petition_id: int) -> list[StoredDeadline]:
    """A petition's derived deadlines by due day."""
    rows = tx.execute(
        select(deadlines).where(deadlines.c.petition_id == petition_id).order_by(deadlines.c.due)
    ).mappings()
    return [
        StoredDeadline(
            row["rule"],
            row["stage"],
            row["start"],
            row["nominal"],
            row["due"],
            row["state"],
            row["verified"],
        )
        for row in rows
    ]


def open_handling(tx: Transaction, petition_id: int) -> Mapping[Any, Any] | None:
    """The petition's present stay at an agency: the last row of `handlings`."""
    return (
        tx.execute(
            select(handlings)
            .where(handlings.c.petition_id == petition_id)
            .order_by(handlings.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )


def handlings_of(tx: Transaction, petition_id: int) -> list[Mapping[Any, Any]]:
    """All stays, oldest first."""
    return list(
        tx.execute(
            select(handlings).where(handlings.c.petition_id == petition_id).order_by(handlings.c.id)
        ).mappings()
    )


def start_handling(tx: Transaction, petition_id: int, agency: str, source: str, on: date) -> None:
    """The petition arrives at an agency."""
    tx.execute(
        insert(handlings).values(
            petition_id=petition_id, agency=agency, source=source, received_on=on
        )
    )


def update_handling(tx: Transaction, handling_id: int, changes: Mapping[str, Any]) -> None:
    """Record how the agency processed the petition."""
    tx.execute(update(handlings).where(handlings.c.id == handling_id).values(**changes))


def add_answer(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Store what the office decided or replied."""
    tx.execute(insert(answers).values(**values))


def answers_of(tx: Transaction, sealer: Sealer, petition: Petition) -> list[dict[str, Any]]:
    """The office's answers, oldest first, opened."""
    rows = tx.execute(
        select(answers).where(answers.c.petition_id == petition.id).order_by(answers.c.id)
    ).mappings()
    return [
        {
            "answered_on": row["answered_on"],
            "document_number": row["document_number"],
            "verdict": row["verdict"],
            "remedies": row["remedies"],
            "agency": row["agency"],
            "text": sealer.open(row["text_sealed"], about=f"answer:{petition.reference}"),
        }
        for row in rows
    ]


def insert_bands(tx: Transaction, petition_id: int, keys: Sequence[int]) -> None:
    """Store the text's band keys, by which likely duplicates are found."""
    if keys:
        tx.execute(insert(bands), [{"petition_id": petition_id, "band": key} for key in keys])


def replace_bands(tx: Transaction, petition_id: int, keys: Sequence[int]) -> None:
    """Store other band keys instead; none: nothing is found to be like the petition."""
    tx.execute(delete(bands).where(bands.c.petition_id == petition_id))
    insert_bands(tx, petition_id, keys)


def sharing_bands(tx: Transaction, keys: Sequence[int], *, limit: int = 20) -> list[int]:
    """Ids of petitions that share a band, those sharing most first.

    Of a band that many share (a printed letter sent by thousands) only some are looked at, so the
    cost does not grow with them; a near twin also shares bands that are its own.
    """
    if not keys:
        return []
    some = [
        select(bands.c.petition_id).where(bands.c.band == key).limit(_LOOKED_AT).subquery()
        for key in dict.fromkeys(keys)
    ]
    candidates = tx.execute(union(*(select(each) for each in some))).scalars().all()
    if not candidates:
        return []
    wanted = frozenset(keys)
    # Asked by petition alone: the index of a crowded band would be read from end to end.
    rows = tx.execute(
        select(bands.c.petition_id, bands.c.band).where(bands.c.petition_id.in_(candidates))
    )
    shared = Counter(int(petition_id) for petition_id, band in rows if band in wanted)
    ranked = sorted(shared, key=lambda petition_id: (-shared[petition_id], -petition_id))
    return ranked[:limit]


_LOOKED_AT = 24  # petitions of one band


def attach(tx: Transaction, petition_id: int, uids: Sequence[str]) -> int:
    """Give stored files to a petition; returns how many were free to give."""
    if not uids:
        return 0
    return tx.execute(
        update(attachments)
        .where(attachments.c.uid.in_(list(uids)), attachments.c.petition_id.is_(None))
        .values(petition_id=petition_id)
    ).rowcount
