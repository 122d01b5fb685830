"""What the officer is told: the list behind the bell, and the count the bell shows."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from admin.console.pages import page
from admin.context import Now, TheOffice, TheOfficer, Today
from admin.paths import Paths
from intake.officer_notices import mark_one_seen, mark_seen, notices_for, unseen_count
from intake.officer_wording import sentence

router = Paths(prefix="/notices")


@router.get("")
def notices(request: Request, office: TheOffice, officer: TheOfficer, today: Today) -> Response:
    """The officer's notices that still hold, newest first."""
    with office.store.read() as tx:
        found = notices_for(office, tx, officer, today=today)
    rows = sorted(found, key=lambda each: each.id, reverse=True)
    return page(
        request,
        "console/notices.html",
        rows=rows,
        sentences={row.id: sentence(office, row) for row in rows},
        newest=rows[0].id if rows else 0,
        unseen_here=sum(row.seen_at is None for row in rows),
    )


@router.post("/seen")
def seen(
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    notice: Annotated[int, Form(ge=0)] = 0,
    up_to: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """One notice is seen, or all up to the newest that was on the page."""
    with office.store.write() as tx:
        if notice:
            mark_one_seen(tx, officer, notice, now=now)
        elif up_to:
            mark_seen(tx, officer, up_to=up_to, now=now)
    return RedirectResponse("/console/notices", 303)


@router.get("/count")
def count(office: TheOffice, officer: TheOfficer, today: Today) -> Response:
    """How many are unseen: what an open page asks from time to time."""
    with office.store.read() as tx:
        return JSONResponse({"unseen": unseen_count(office, tx, officer, today=today)})
