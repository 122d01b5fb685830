"""Stored deadlines in bulk: which petitions' dates are another than stored, and writing many.

What dates a petition has depends on a few of its columns and on its events, and many petitions
share both. Such a set is read as one `key`, put together by the database; petitions with equal keys
have equal dates. Beside them stands the digest of what is stored, so that nothing of what did not
change is read or written.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    String,
    Table,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from intake.status import OPEN_STATUSES
from intake.store.engine import Store, Transaction
from intake.store.tables import clock_events, deadline_digests, handlings, petitions


@dataclass(frozen=True)
class StoredDeadline:
    """A derived deadline as stored for lists; the derivation itself is recomputed when shown."""

    rule: str
    stage: str
    start: date
    nominal: date
    due: date
    state: str
    verified: bool


@dataclass(frozen=True)
class StoredDates:
    """All deadlines of a petition, and the one owed next (None: none)."""

    rows: tuple[StoredDeadline, ...]
    next_rule: str | None
    next_due: date | None

    @cached_property
    def digest(self) -> int:
        """Eight bytes of a hash of it all, signed: equal dates have equal digests."""
        shown = "\n".join(
            [*map(_line, self.rows), f"{self.next_rule}\t{self.next_due}"],
        )
        hashed = blake2b(shown.encode(), digest_size=8).digest()
        return int.from_bytes(hashed, "big", signed=True)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A petition whose dates are open: its key, and the digest of its stored dates, if any."""

    id: int
    digest: int | None
    key: Hashable


def scan_open(tx: Transaction, store: Store, *, after: int, limit: int) -> list[Scanned]:
    """The petitions with open dates that follow the id `after`, by id."""
    _plainly(tx, store)
    query = _scan(store).where(petitions.c.id > after, open_dates()).order_by(petitions.c.id)
    return [Scanned(row[0], row[1], row[2:]) for row in tx.execute(query.limit(limit))]


def scan_again(tx: Transaction, store: Store, ids: Collection[int]) -> list[Scanned]:
    """The same for petitions named, held until this transaction ends."""
    _plainly(tx, store)
    mine = among(store, petitions.c.id, ids)
    if not store.is_sqlite:  # SQLite's one writer holds everything
        tx.execute(select(petitions.c.id).where(mine).order_by(petitions.c.id).with_for_update())
    query = _scan(store).where(mine, open_dates()).order_by(petitions.c.id)
    return [Scanned(row[0], row[1], row[2:]) for row in tx.execute(query)]


def open_dates() -> ColumnElement[bool]:
    """Whether dates may still move: the petition is open, or something is owed though it is not."""
    return or_(petitions.c.status.in_(sorted(OPEN_STATUSES)), petitions.c.next_due.is_not(None))


def among(store: Store, column: Column[Any], ids: Iterable[int]) -> ColumnElement[bool]:
    """Whether the column is one of `ids`, as one parameter however many they are."""
    if store.is_sqlite:
        listed = func.json_each(json.dumps(list(ids))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == func.any(literal(list(ids), ARRAY(BigInteger)))


def write_dates(tx: Transaction, store: Store, dates: Mapping[int, StoredDates]) -> None:
    """Store each petition's dates instead of what was there, next date and digest included."""
    if not dates:
        return
    # Petitions share their dates: each set is put into words once.
    worded = {id(one): _worded(store, one) for one in dates.values()}
    written = [(number, one, worded[id(one)]) for number, one in dates.items()]
    if store.is_sqlite:
        _write_sqlite(tx, written)
    else:
        _write_postgresql(tx, written)


# ---- reading --------------------------------------------------------------------------------


def _plainly(tx: Transaction, store: Store) -> None:
    """Compiling these statements takes PostgreSQL longer than running them on a batch."""
    if not store.is_sqlite:
        tx.execute(text("SET LOCAL jit = off"))


def _scan(store: Store) -> Any:
    """id, digest, then the columns that make the key. No type is converted: they are compared."""
    plain = (
        "kind", "status", "instance", "complex", "remote", "several_places", "dismissal",
        "own_competence", "acceptance_rule", "as_information",
    )  # fmt: skip
    stays = (
        select(func.count())
        .where(handlings.c.petition_id == petitions.c.id)
        .correlate(petitions)
        .scalar_subquery()
    )
    # Looked up one by one: a join would begin at the table's first row with every batch.
    digest = (
        select(deadline_digests.c.digest)
        .where(deadline_digests.c.petition_id == petitions.c.id)
        .correlate(petitions)
        .scalar_subquery()
    )
    return select(
        petitions.c.id,
        digest,
        *(type_coerce(petitions.c[name], Integer) for name in plain),
        cast(petitions.c.facts, String),
        _events(store, clock_events.c.on),
        # Where a petition was handed on, the order of entries and the days of arrival count too.
        case((stays > 1, _events(store) + literal("|") + _arrivals(store)), else_=""),
    )


def _events(store: Store, *order: Column[date]) -> ColumnElement[str]:
    """All events of a petition in one text, in the order given, then as entered."""
    item = (
        clock_events.c.event
        + literal(" ")
        + cast(clock_events.c.on, String)
        + literal(" ")
        + func.coalesce(cast(clock_events.c.at, String), "")
        + literal(" ")
        + case(
            (clock_events.c.event == "extended", cast(clock_events.c.criteria, String)), else_=""
        )
    )
    return _joined(store, clock_events, item, (*order, clock_events.c.id))


def _arrivals(store: Store) -> ColumnElement[str]:
    """The days on which a petition came to each agency, in one text."""
    return _joined(store, handlings, cast(handlings.c.received_on, String), (handlings.c.id,))


def _joined(
    store: Store, table: Table, item: ColumnElement[str], order: Sequence[Column[Any]]
) -> ColumnElement[str]:
    mine = table.c.petition_id == petitions.c.id
    if store.is_sqlite:
        rows = select(item.label("item")).where(mine).order_by(*order).correlate(petitions)
        return select(func.group_concat(rows.subquery().c.item, ";")).scalar_subquery()
    joined = func.string_agg(item, aggregate_order_by(literal(";"), *order))
    return select(joined).where(mine).correlate(petitions).scalar_subquery()


# ---- writing --------------------------------------------------------------------------------

_INSERT = (
    "INSERT INTO deadlines (petition_id, rule, stage, start, nominal, due, state, verified)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_COPY = "COPY deadlines (petition_id, rule, stage, start, nominal, due, state, verified) FROM STDIN"
_Written = Sequence[tuple[int, StoredDates, Any]]


def _line(row: StoredDeadline) -> str:
    """A row as COPY takes it: codes and ISO days, nothing in them needs escaping."""
    verified = "t" if row.verified else "f"
    return "\t".join(
        (row.rule, row.stage, f"{row.start}", f"{row.nominal}", f"{row.due}", row.state, verified)
    )


def _worded(store: Store, dates: StoredDates) -> Any:
    if store.is_sqlite:
        return [
            (r.rule, r.stage, f"{r.start}", f"{r.nominal}", f"{r.due}", r.state, r.verified)
            for r in dates.rows
        ]
    return [_line(row) for row in dates.rows]


def _write_sqlite(tx: Transaction, written: _Written) -> None:
    ids = json.dumps([number for number, _, _ in written])
    tx.execute(
        text("DELETE FROM deadlines WHERE petition_id IN (SELECT value FROM json_each(:ids))"),
        {"ids": ids},
    )
    rows = [(number, *row) for number, _, worded in written for row in worded]
    if rows:
        tx.exec_driver_sql(_INSERT, rows)
    tx.exec_driver_sql(
        "UPDATE petitions SET next_rule = ?1, next_due = ?2"
        " WHERE id = ?3 AND (next_rule IS NOT ?1 OR next_due IS NOT ?2)",
        [
            (dates.next_rule, f"{dates.next_due}" if dates.next_due else None, number)
            for number, dates, _ in written
        ],
    )
    tx.exec_driver_sql(
        "INSERT INTO deadline_digests (petition_id, digest) VALUES (?, ?)"
        " ON CONFLICT (petition_id) DO UPDATE SET digest = excluded.digest",
        [(number, dates.digest) for number, dates, _ in written],
    )


_DELETE = text("DELETE FROM deadlines WHERE petition_id = ANY(CAST(:ids AS bigint[]))")
_UPDATE = text(
    "UPDATE petitions SET next_rule = v.rule, next_due = v.due"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:rules AS varchar[]), CAST(:dues AS date[]))"
    " AS v(id, rule, due) WHERE petitions.id = v.id"
    " AND (petitions.next_rule, petitions.next_due) IS DISTINCT FROM (v.rule, v.due)"
)
_DIGEST = text(
    "INSERT INTO deadline_digests (petition_id, digest)"
    " SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:digests AS bigint[]))"
    " ON CONFLICT (petition_id) DO UPDATE SET digest = excluded.digest"
)


def _write_postgresql(tx: Transaction, written: _Written) -> None:
    ids = [number for number, _, _ in written]
    tx.execute(_DELETE, {"ids": ids})
    lines = [f"{number}\t{line}\n" for number, _, worded in written for line in worded]
    if lines:
        driver: Any = tx.connection.driver_connection
        with (
            driver.cursor() as cursor,
            cursor.copy(_COPY) as copy,
        ):
            copy.write("".join(lines))
    dates = [one for _, one, _ in written]
    tx.execute(
        _UPDATE,
        {
            "ids": ids,
            "rules": [one.next_rule for one in dates],
            "dues": [one.next_due for one in dates],
        },
    )
    tx.execute(_DIGEST, {"ids": ids, "digests": [one.digest for one in dates]})
