"""What officers are told: new, assigned, due and overdue petitions, and reception days owed.

A notice is a row of codes and days; names and text never come near it. Whether it still holds is
decided when it is read: a petition answered or handed on meanwhile is not shown any more, nor one
the officer may no longer see.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, or_, select, update

from intake.office import Office
from intake.officers import Officer
from intake.permissions import can_view
from intake.petition import Petition
from intake.store.dates import open_dates
from intake.store.engine import Transaction
from intake.store.petitions import petition_columns, petition_of
from intake.store.tables import officer_notices, petitions
from intake.worklist import Wanted, worklist

KEPT = timedelta(days=180)
"""Notices older than this may be deleted; the timeline keeps what happened."""

_READ_AT_MOST = 1_000


class OfficerNoticeKind(StrEnum):
    """What an officer is told; the wording is in `data/officer_notices.toml`."""

    OVERDUE = "overdue"
    DUE_TODAY = "due_today"
    DUE_SOON = "due_soon"
    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    NEW = "new"
    INFORMATION_ADDED = "information_added"
    DUTY_MISSED = "duty_missed"
    DUTY_DUE = "duty_due"


DATED = (OfficerNoticeKind.OVERDUE, OfficerNoticeKind.DUE_TODAY, OfficerNoticeKind.DUE_SOON)
_DUTY = (OfficerNoticeKind.DUTY_MISSED, OfficerNoticeKind.DUTY_DUE)
# Of each group only the latest notice about a petition is shown.
_GROUPS: tuple[tuple[OfficerNoticeKind, ...], ...] = (
    DATED,
    (OfficerNoticeKind.UNASSIGNED, OfficerNoticeKind.ASSIGNED, OfficerNoticeKind.NEW),
    (OfficerNoticeKind.INFORMATION_ADDED,),
    _DUTY,
)
_GROUP_OF = {kind: group for group in _GROUPS for kind in group}
_ORDER = {kind: number for number, kind in enumerate(OfficerNoticeKind)}


@dataclass(frozen=True)
class NewNotice:
    """A notice to be written. `step`: working days from the due day; for duty, days missing."""

    dedup_key: str
    officer_id: int
    kind: OfficerNoticeKind
    petition_id: int | None = None
    agency: str | None = None
    rule: str = ""
    due: date | None = None
    step: int = 0


@dataclass(frozen=True)
class OfficerNotice:
    """A notice that still holds. `reference` is None for a reception duty, which `agency` owes.

    `unassigned`: nobody has taken the petition. `secret`: it may hold a denunciation, of
    which not even the hour is shown. `step`: working days from the due day at which it was given;
    for a duty the days that are missing.
    """

    id: int
    kind: OfficerNoticeKind
    reference: str | None
    agency: str | None
    rule: str
    due: date | None
    step: int
    unassigned: bool
    secret: bool
    created_at: datetime
    seen_at: datetime | None
    message_id: int | None

    @property
    def path(self) -> str:
        """Where the console shows what the notice is about."""
        return f"/console/petitions/{self.reference}" if self.reference else "/console"


def notices_for(
    office: Office,
    tx: Transaction,
    officer: Officer,
    *,
    today: date,
    only_untold: bool = False,
    of_messages: Collection[int] | None = None,
) -> list[OfficerNotice]:
    """The officer's notices that still hold, one a petition and kind of trouble: the latest.

    Petitions nobody has taken come first, then by urgency and day.

    Args:
        only_untold: those no message tells of.
        of_messages: those that one of these messages tells of.
    """
    query = (
        select(officer_notices, *(column.label(f"p_{column.name}") for column in _PETITION))
        .outerjoin(petitions, petitions.c.id == officer_notices.c.petition_id)
        .where(officer_notices.c.officer_id == officer.id)
        .where(or_(petitions.c.id.is_(None), open_dates()))
        .order_by(officer_notices.c.id.desc())
        .limit(_READ_AT_MOST)
    )
    found: dict[tuple[object, ...], OfficerNotice] = {}
    for row in tx.execute(query).mappings():
        petition = _petition(row)
        notice = _notice(row, petition)
        about: tuple[object, ...] = (row["petition_id"], _GROUP_OF[notice.kind])
        if petition is None:
            about = (row["agency"], row["rule"], row["due"])
        if about not in found and _holds(notice, petition, officer, office, today):
            found[about] = notice
    kept = [
        each
        for each in found.values()
        if not (only_untold and each.message_id is not None)
        and (of_messages is None or each.message_id in of_messages)
    ]
    return sorted(kept, key=_urgency)


def unseen_count(office: Office, tx: Transaction, officer: Officer, *, today: date) -> int:
    """How many notices the officer has not looked at: what a badge shows."""
    # Mostly there is none, and this is asked with every page.
    if tx.execute(_unseen_of(officer).limit(1)).first() is None:
        return 0
    return sum(each.seen_at is None for each in notices_for(office, tx, officer, today=today))


def mark_petition_seen(
    tx: Transaction, officer: Officer, petition_id: int, *, up_to: int, now: datetime
) -> None:
    """The officer has opened the petition: what was told of it, up to a notice's id, is seen."""
    tx.execute(
        update(officer_notices)
        .where(
            officer_notices.c.officer_id == officer.id,
            officer_notices.c.petition_id == petition_id,
            officer_notices.c.id <= up_to,
            officer_notices.c.seen_at.is_(None),
        )
        .values(seen_at=now)
    )


def newest_unseen_of(tx: Transaction, officer: Officer, petition_id: int) -> int | None:
    """The id of the last notice about a petition that the officer has not looked at."""
    query = _unseen_of(officer).where(officer_notices.c.petition_id == petition_id)
    found: int | None = tx.execute(
        query.order_by(officer_notices.c.id.desc()).limit(1)
    ).scalar_one_or_none()
    return found


def mark_one_seen(tx: Transaction, officer: Officer, notice_id: int, *, now: datetime) -> None:
    """The officer has looked at one notice; older ones of the same matter went with it.

    Another officer's notice, or none of that id, changes nothing.
    """
    row = (
        tx.execute(
            select(officer_notices).where(
                officer_notices.c.id == notice_id, officer_notices.c.officer_id == officer.id
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        return
    same = officer_notices.c.kind.in_(_GROUP_OF[OfficerNoticeKind(row["kind"])])
    if row["petition_id"] is None:
        for column in (officer_notices.c.agency, officer_notices.c.rule, officer_notices.c.due):
            same &= column == row[column.name]
    else:
        same &= officer_notices.c.petition_id == row["petition_id"]
    tx.execute(
        update(officer_notices)
        .where(
            officer_notices.c.officer_id == officer.id,
            officer_notices.c.id <= notice_id,
            officer_notices.c.seen_at.is_(None),
            same,
        )
        .values(seen_at=now)
    )


def mark_seen(tx: Transaction, officer: Officer, *, up_to: int, now: datetime) -> None:
    """The officer has looked at the list: every notice with an id up to `up_to` is seen."""
    tx.execute(
        update(officer_notices)
        .where(
            officer_notices.c.officer_id == officer.id,
            officer_notices.c.id <= up_to,
            officer_notices.c.seen_at.is_(None),
        )
        .values(seen_at=now)
    )


def overdue_petitions(
    office: Office, tx: Transaction, officer: Officer, *, today: date, limit: int = 50
) -> list[Petition]:
    """What is overdue among the petitions the officer may see, those nobody has taken first.

    For a head that is the whole agency and the bodies below it.
    """
    wanted = Wanted(open_only=True, due_before=today, unassigned=True)
    found = worklist(office, tx, officer, wanted, limit=limit)
    wanted = Wanted(open_only=True, due_before=today)
    taken = worklist(office, tx, officer, wanted, limit=limit + len(found))
    return (found + [each for each in taken if each.assigned_to is not None])[:limit]


# ---- reading --------------------------------------------------------------------------------

_PETITION = petition_columns()


def _unseen_of(officer: Officer) -> Select[Any]:
    return select(officer_notices.c.id).where(
        officer_notices.c.officer_id == officer.id, officer_notices.c.seen_at.is_(None)
    )


def _petition(row: Mapping[Any, Any]) -> Petition | None:
    if row["petition_id"] is None:
        return None
    return petition_of({column.name: row[f"p_{column.name}"] for column in _PETITION})


def _notice(row: Mapping[Any, Any], petition: Petition | None) -> OfficerNotice:
    return OfficerNotice(
        id=row["id"],
        kind=OfficerNoticeKind(row["kind"]),
        reference=petition.reference if petition else None,
        agency=petition.agency if petition else row["agency"],
        rule=row["rule"],
        due=row["due"],
        step=row["step"],
        unassigned=petition is not None and petition.assigned_to is None,
        secret=petition is not None and petition.kind.may_hold_denunciation,
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        message_id=row["message_id"],
    )


def _holds(
    notice: OfficerNotice,
    petition: Petition | None,
    officer: Officer,
    office: Office,
    today: date,
) -> bool:
    """Whether what the notice says is still so."""
    if petition is None:
        return notice.kind is OfficerNoticeKind.DUTY_MISSED or (
            notice.due is not None and notice.due >= today
        )
    if not can_view(officer, petition, office.directory):
        return False
    if notice.kind in DATED:
        # What is owed after the decision warns like everything else.
        return (petition.next_due, petition.next_rule) == (notice.due, notice.rule)
    if not petition.status.is_open:
        return False
    if notice.kind is OfficerNoticeKind.ASSIGNED:
        return petition.assigned_to == officer.username
    if notice.kind is OfficerNoticeKind.INFORMATION_ADDED:
        return petition.assigned_to in (None, officer.username)
    return petition.assigned_to is None


def _urgency(notice: OfficerNotice) -> tuple[bool, int, date, int]:
    return (
        not (notice.unassigned and notice.kind not in _DUTY),
        _ORDER[notice.kind],
        notice.due or date.max,
        notice.id,
    )
