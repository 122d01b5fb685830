"""The queue: an officer's petitions by due date, with tabs, filters and search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response

from admin.api.petitions import opened_cursor, sealed_cursor
from admin.console.naming import topic_name
from admin.console.pages import page
from admin.context import TheOffice, TheOfficer, Today
from admin.paths import Paths
from intake.accounts import list_officers
from intake.office import Office
from intake.officers import Officer
from intake.petition import PetitionKind
from intake.status import HANDLING_ROLES, PetitionStatus, Role
from intake.store.engine import Transaction
from intake.store.petitions import page_key
from intake.worklist import Wanted, count_worklist, excerpts, viewable_agencies, worklist

router = Paths()

_ROWS = 30

# The tabs and what each narrows the list to; `None` days: filled in with today.
TABS = ("due", "overdue", "mine", "unassigned", "waiting", "not_told", "all")


@dataclass(frozen=True)
class Filters:
    """What the officer chose above the list; all of it stands in the address."""

    tab: str
    q: str
    kind: str
    agency: str
    assigned: str

    def address(self, **changes: str) -> str:
        """The list's address with some choices changed."""
        chosen = {**self.__dict__, **changes}
        return "/console/petitions?" + urlencode({k: v for k, v in chosen.items() if v})


@router.get("")
def home(officer: TheOfficer) -> Response:
    """Where each role starts its day."""
    if officer.role is Role.HEAD:
        return RedirectResponse("/console/overview", 303)
    if officer.role in HANDLING_ROLES:
        return RedirectResponse("/console/petitions", 303)
    if officer.role is Role.REPORTING:
        return RedirectResponse("/console/reports", 303)
    return RedirectResponse("/console/officers", 303)


@router.get("/petitions")
def queue(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    today: Today,
    tab: Annotated[str, Query(max_length=20)] = "due",
    q: Annotated[str, Query(max_length=200)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    agency: Annotated[str, Query(max_length=80)] = "",
    assigned: Annotated[str, Query(max_length=60)] = "",
    after: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """The list. Unknown choices count as none: an old bookmark still opens."""
    chosen = Filters(
        tab=tab if tab in TABS else "due",
        q=q.strip(),
        kind=kind if kind in set(PetitionKind) else "",
        agency=agency,
        assigned=assigned,
    )
    wanted = _wanted(chosen, officer, today)
    with office.store.read() as tx:
        start = opened_cursor(office, after) if after else None
        found = worklist(office, tx, officer, wanted, after=start, limit=_ROWS + 1)
        shown = found[:_ROWS]
        texts = excerpts(office, tx, shown)
        counts = _counts(office, tx, officer, chosen, today)
        people = list_officers(tx)
    following = sealed_cursor(office, page_key(shown[-1])) if len(found) > _ROWS else ""
    return page(
        request,
        "console/queue.html",
        rows=shown,
        texts=texts,
        chosen=chosen,
        tabs=TABS,
        counts=counts,
        next=following,
        first=not after,
        kinds=list(PetitionKind),
        agencies=_agencies(office, officer, today),
        show_agency=_several(office, officer),
        colleagues=[
            row
            for row in people
            if row.agency == officer.agency and row.role in HANDLING_ROLES and row.active
        ],
        names={row.username: row.display_name for row in people},
        topic_name=topic_name,
    )


def _wanted(chosen: Filters, officer: Officer, today: date) -> Wanted:
    base = Wanted(
        agency=chosen.agency or None,
        kinds=(PetitionKind(chosen.kind),) if chosen.kind else (),
        assigned_to=chosen.assigned if chosen.assigned not in ("", "none") else None,
        unassigned=chosen.assigned == "none",
        query=chosen.q,
    )
    match chosen.tab:
        case "due":
            return replace(base, open_only=True)
        case "overdue":
            return replace(base, open_only=True, due_before=today)
        case "mine":
            return replace(base, open_only=True, assigned_to=officer.username)
        case "unassigned":
            return replace(base, open_only=True, assigned_to=None, unassigned=True)
        case "waiting":
            return replace(base, statuses=(PetitionStatus.AWAITING_INFORMATION,))
        case "not_told":
            return replace(base, not_told=True)
        case _:
            return base


def _counts(
    office: Office, tx: Transaction, officer: Officer, chosen: Filters, today: date
) -> Mapping[str, int]:
    """The number on each tab: what the list would hold there, with the same filters."""
    return {
        tab: count_worklist(office, tx, officer, _wanted(replace(chosen, tab=tab), officer, today))
        for tab in TABS
    }


def _several(office: Office, officer: Officer) -> bool:
    agencies = viewable_agencies(officer, office.directory)
    return agencies is None or len(agencies) > 1


def _agencies(office: Office, officer: Officer, today: date) -> list[tuple[str, str]]:
    """Agencies for the filter: (code, short name), communes last."""
    mine = viewable_agencies(officer, office.directory)
    listed = [row for row in office.directory.on(today) if mine is None or row.code in mine]
    ordered = sorted(listed, key=lambda row: (row.level == "commune", row.short_name))
    return [(row.code, row.short_name) for row in ordered if row.competent]
