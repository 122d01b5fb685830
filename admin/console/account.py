"""An officer's own account: who am I, and a new password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from admin.console.pages import page
from admin.context import Now, TheOffice, TheOfficer
from admin.errors import problem_of
from intake.accounts import SHORTEST_PASSWORD, check_password, hash_password, set_password
from intake.errors import BadCredentials, InvalidInput, TooMany
from intake.officers import actor_of

router = APIRouter()


@router.get("/account")
def account(request: Request) -> Response:
    """The page with the form."""
    return page(request, "console/account.html", problem=None, shortest=SHORTEST_PASSWORD)


@router.post("/account")
def change_password(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    current_password: Annotated[str, Form(max_length=400)] = "",
    password: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Change the own password; every session ends, this one too."""
    try:
        check_password(office, officer.username, current_password, now=now)
        hashed = hash_password(password)
    except (BadCredentials, TooMany, InvalidInput) as error:
        problem = problem_of(error)
        return page(
            request,
            "console/account.html",
            status_code=problem.status,
            problem=problem,
            shortest=SHORTEST_PASSWORD,
        )
    with office.store.write() as tx:
        set_password(office, tx, officer.username, hashed, by=actor_of(officer), now=now)
    return RedirectResponse("/console/login", 303)
