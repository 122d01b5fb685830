"""What officers state about a period: that a number is really none, and the numbers as sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from intake.actions.filing import new_uid
from intake.clock import local_date
from intake.errors import InvalidInput
from intake.office import Office
from intake.officers import Officer
from intake.periods import Period
from intake.register.rights import check_can_state
from intake.register.values import short, trace
from intake.store.engine import Transaction
from intake.store.tables import snapshots, zero_confirmations


@dataclass(frozen=True)
class ZeroConfirmation:
    """An officer's statement that these numbers of the period are really none."""

    agency: str
    first_day: date
    last_day: date
    statements: tuple[str, ...]
    by: str
    at: datetime


@dataclass(frozen=True)
class Snapshot:
    """A period's numbers as they were fixed: `cells` by number id, `records` behind each."""

    uid: str
    agency: str
    scope: str
    regime: str
    period: str
    form_set: str
    first_day: date
    last_day: date
    taken_at: datetime
    taken_by: str
    cells: Mapping[str, Any]
    records: Mapping[str, Sequence[Sequence[Any]]]
    supersedes: int | None
    note: str


def confirm_zero(
    office: Office,
    tx: Transaction,
    officer: Officer,
    period: Period,
    statements: Sequence[str],
    *,
    now: datetime,
) -> ZeroConfirmation:
    """State for the officer's agency that these numbers of the period are none.

    A later confirmation of the same days replaces the earlier one; both stay in the timeline.

    Args:
        statements: ids of the numbers stated to be zero.

    Raises:
        NotAllowed: the officer makes no statements for the agency.
        InvalidInput: the period is not over yet, or nothing is stated.
    """
    agency = officer.agency
    check_can_state(officer, agency)
    if not period.is_over(local_date(now)):
        raise InvalidInput(field="period", reason="not_over")
    if not statements:
        raise InvalidInput(field="statements", reason="empty")
    stated = sorted(set(statements))
    same = (
        zero_confirmations.c.agency == agency,
        zero_confirmations.c.first_day == period.first_day,
        zero_confirmations.c.last_day == period.last_day,
    )
    changed = tx.execute(
        update(zero_confirmations)
        .where(*same)
        .values(statements=stated, by=officer.username, at=now)
    )
    if changed.rowcount == 0:
        tx.execute(
            insert(zero_confirmations).values(
                agency=agency, first_day=period.first_day, last_day=period.last_day,
                statements=stated, by=officer.username, at=now,
            )
        )  # fmt: skip
    trace(
        office, tx, officer, "zero_confirmed", now,
        first=period.first_day.isoformat(), last=period.last_day.isoformat(), statements=stated,
    )  # fmt: skip
    found = zero_confirmation(tx, agency, period)
    assert found is not None
    return found


def zero_confirmation(tx: Transaction, agency: str, period: Period) -> ZeroConfirmation | None:
    """What an officer stated about exactly these days, if anything."""
    row = (
        tx.execute(
            select(zero_confirmations).where(
                zero_confirmations.c.agency == agency,
                zero_confirmations.c.first_day == period.first_day,
                zero_confirmations.c.last_day == period.last_day,
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    return ZeroConfirmation(
        row["agency"], row["first_day"], row["last_day"], tuple(row["statements"]), row["by"],
        row["at"],
    )  # fmt: skip


def take_snapshot(
    office: Office,
    tx: Transaction,
    officer: Officer,
    period: Period,
    *,
    scope: str,
    form_set: str,
    cells: Mapping[str, int | str],
    records: Mapping[str, Sequence[Sequence[object]]],
    note: str = "",
    now: datetime,
) -> Snapshot:
    """Fix a period's numbers (chốt số liệu): what is sent is read from here ever after.

    A second snapshot of the same period corrects the first and says why.

    Raises:
        NotAllowed: the officer makes no statements for the agency.
        InvalidInput: the period is not over, or a correction has no note.
    """
    agency = officer.agency
    check_can_state(officer, agency)
    if not period.is_over(local_date(now)):
        raise InvalidInput(field="period", reason="not_over")
    note = short("note", note, 500)
    earlier = _snapshot_row(tx, agency, scope, period)
    if earlier is not None and not note:
        raise InvalidInput(field="note", reason="required")
    uid = new_uid()
    tx.execute(
        insert(snapshots).values(
            uid=uid,
            agency=agency,
            scope=scope,
            regime=period.regime,
            period=period.text,
            form_set=form_set,
            first_day=period.first_day,
            last_day=period.last_day,
            taken_at=now,
            taken_by=officer.username,
            cells=dict(cells),
            records={name: [list(row) for row in rows] for name, rows in records.items()},
            supersedes=earlier["id"] if earlier else None,
            note=note,
        )
    )
    trace(
        office, tx, officer, "numbers_fixed", now,
        snapshot=uid, period=period.text, regime=period.regime, scope=scope,
        corrects=earlier["uid"] if earlier else None,
    )  # fmt: skip
    found = snapshot_of(tx, agency, scope, period)
    assert found is not None
    return found


def snapshot_of(tx: Transaction, agency: str, scope: str, period: Period) -> Snapshot | None:
    """The newest snapshot of an agency's period, if its numbers were fixed.

    A period without prescribed cut-off is found by its label, whatever day its data ended.
    """
    row = _snapshot_row(tx, agency, scope, period)
    if row is None:
        return None
    return Snapshot(**{name: row[name] for name in Snapshot.__dataclass_fields__})


def _snapshot_row(tx: Transaction, agency: str, scope: str, period: Period) -> RowMapping | None:
    return (
        tx.execute(
            select(snapshots)
            .where(
                snapshots.c.agency == agency,
                snapshots.c.scope == scope,
                snapshots.c.regime == period.regime,
                snapshots.c.period == period.text,
            )
            .order_by(snapshots.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
