"""The timeline: what happened to a petition, append-only and hash-chained.

An entry holds codes, days, document numbers and agency codes; never a name, an address or text a
citizen wrote. All entries form one chain, so that an edit, a removal or a swap anywhere shows in
`verify`; the head of the chain is printed with backups, where a cut tail shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from intake.officers import Actor
from intake.status import Role
from intake.store.engine import Store, Transaction
from intake.store.tables import timeline

FIRST_HASH = "0" * 64
_BATCH = 5_000


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened. `audience`: "citizen" entries are shown to the citizen too."""

    id: int
    petition_id: int | None
    at: datetime
    event: str
    actor_role: Role
    actor: str
    audience: str
    values: Mapping[str, Any]


def record(
    store: Store,
    tx: Transaction,
    *,
    petition_id: int | None,
    event: str,
    actor: Actor,
    now: datetime,
    audience: str = "officers",
    values: Mapping[str, Any] | None = None,
) -> None:
    """Append an entry in the caller's transaction, chained to the last one."""
    store.append_lock(tx)
    previous = tx.execute(
        select(timeline.c.hash).order_by(timeline.c.id.desc()).limit(1)
    ).scalar_one_or_none()
    row = {
        "petition_id": petition_id,
        "at": now,
        "event": event,
        "actor_role": str(actor.role),
        "actor": actor.name,
        "audience": audience,
        "values": dict(values or {}),
    }
    chained = previous or FIRST_HASH
    tx.execute(insert(timeline).values(**row, previous_hash=chained, hash=_digest(chained, row)))


def entries_of(
    tx: Transaction, petition_id: int, *, audience: str | None = None
) -> list[TimelineEntry]:
    """A petition's entries, oldest first; `audience="citizen"` leaves out what is internal."""
    query = select(timeline).where(timeline.c.petition_id == petition_id).order_by(timeline.c.id)
    if audience is not None:
        query = query.where(timeline.c.audience == audience)
    return [
        TimelineEntry(
            id=row["id"],
            petition_id=row["petition_id"],
            at=row["at"],
            event=row["event"],
            actor_role=Role(row["actor_role"]),
            actor=row["actor"],
            audience=row["audience"],
            values=row["values"],
        )
        for row in tx.execute(query).mappings()
    ]


@dataclass(frozen=True)
class ChainReport:
    """What `verify` found: entries read, hash of the last one, id of the first bad one."""

    entries: int
    head: str
    broken_at: int | None


def verify(tx: Transaction) -> ChainReport:
    """Recompute the whole chain."""
    previous, count = FIRST_HASH, 0
    for row in _all_rows(tx):
        if row["previous_hash"] != previous or row["hash"] != _digest(previous, row):
            return ChainReport(count, previous, row["id"])
        previous, count = row["hash"], count + 1
    return ChainReport(count, previous, None)


def _all_rows(tx: Transaction) -> Iterator[Mapping[str, Any]]:
    last = 0
    while True:
        rows = (
            tx.execute(
                select(timeline).where(timeline.c.id > last).order_by(timeline.c.id).limit(_BATCH)
            )
            .mappings()
            .all()
        )
        for row in rows:
            yield dict(row)
            last = row["id"]
        if len(rows) < _BATCH:
            return


def _digest(previous: str, row: Mapping[str, Any]) -> str:
    # Length-prefixed parts: no two different entries share one byte string.
    parts = [
        previous,
        str(row["petition_id"] or ""),
        row["at"].isoformat(),
        row["event"],
        row["actor_role"],
        row["actor"],
        row["audience"],
        json.dumps(row["values"], sort_keys=True, ensure_ascii=False, separators=(",", ":")),
    ]
    encoded = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (p.encode() for p in parts))
    return hashlib.sha256(encoded).hexdigest()
