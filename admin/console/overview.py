"""The head's first page: what is overdue, what comes next, who has how much."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request
from fastapi.responses import Response

from admin.console.naming import stage_namer
from admin.console.pages import page
from admin.context import TheOffice, TheOfficer, Today
from admin.paths import Paths
from intake.accounts import list_officers
from intake.officer_notices import overdue_petitions
from intake.petition import Petition, PetitionKind
from intake.status import PetitionStatus
from intake.worklist import Wanted, count_worklist, excerpts, worklist

router = Paths()

_SOON = timedelta(days=7)
_SHOWN = 8
# Open petitions of an office looked at for the table of officers; beyond, numbers would mislead.
_MOST = 2_000


@dataclass(frozen=True)
class Load:
    """What one officer has on the desk; `name` empty: nobody."""

    username: str
    name: str
    open: int
    overdue: int
    soon: int


@router.get("/overview")
def overview(request: Request, office: TheOffice, officer: TheOfficer, today: Today) -> Response:
    """Counts that open the list behind them, what is overdue and what comes next, who has how much.

    Of what is overdue, petitions nobody has taken come first.
    """
    with office.store.read() as tx:
        open_rows = worklist(office, tx, officer, Wanted(open_only=True), limit=_MOST)
        total = count_worklist(office, tx, officer, Wanted(open_only=True))
        answered = count_worklist(
            office, tx, officer, Wanted(statuses=(PetitionStatus.ANSWERED, PetitionStatus.CLOSED))
        )
        urgent = [row for row in open_rows if row.next_due and row.next_due < today + _SOON]
        late = overdue_petitions(office, tx, officer, today=today, limit=_SHOWN)
        soon = [row for row in urgent if row.next_due and row.next_due >= today][:_SHOWN]
        texts = excerpts(office, tx, [*late, *soon])
        names = {row.username: row.display_name for row in list_officers(tx)}
    overdue = [row for row in open_rows if row.next_due and row.next_due < today]
    kinds = Counter(row.kind for row in open_rows)
    return page(
        request,
        "console/overview.html",
        total=total,
        complete=len(open_rows) == total,
        overdue=len(overdue),
        soon=len(urgent) - len(overdue),
        unassigned=sum(row.assigned_to is None for row in open_rows),
        answered=answered,
        late=late,
        near=soon,
        texts=texts,
        names=names,
        loads=_loads(open_rows, overdue, urgent, names),
        kinds=[(kind, kinds[kind]) for kind in PetitionKind if kinds[kind]],
        stage_name=stage_namer(office),
    )


def _loads(
    rows: list[Petition], overdue: list[Petition], urgent: list[Petition], names: dict[str, str]
) -> list[Load]:
    late = Counter(row.assigned_to for row in overdue)
    near = Counter(row.assigned_to for row in urgent)
    found = [
        Load(
            username or "",
            names.get(username or "", ""),
            count,
            late[username],
            near[username] - late[username],
        )
        for username, count in Counter(row.assigned_to for row in rows).items()
    ]
    # Nobody's petitions come first: they are the ones that slip.
    return sorted(found, key=lambda load: (load.username != "", -load.overdue, -load.open))
