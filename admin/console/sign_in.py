"""Signing in and out of the console."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from admin.console.pages import page
from admin.context import Now, TheCaller, TheOffice
from admin.errors import problem_of
from admin.guard import PLAIN_COOKIE, SECURE_COOKIE
from intake.accounts import ABSOLUTE, Purpose, end_session, log_in
from intake.errors import BadCredentials, TooMany
from intake.office import Office

router = APIRouter()

_HOME = "/console"


@router.get("/login")
def login_page(request: Request, target: Annotated[str, Query(alias="next")] = _HOME) -> Response:
    """The form; `next` is where the officer wanted to go."""
    return page(request, "console/login.html", target=_own(target), username="", problem=None)


@router.post("/login")
def login(
    request: Request,
    office: TheOffice,
    now: Now,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=400)] = "",
    target: Annotated[str, Form(alias="next", max_length=500)] = _HOME,
) -> Response:
    """Check name and password, open a session with a new id, go where the officer wanted."""
    try:
        token = log_in(office, username, password, Purpose.CONSOLE, now=now)
    except (BadCredentials, TooMany) as error:
        problem = problem_of(error)
        response: Response = page(
            request,
            "console/login.html",
            status_code=problem.status,
            target=_own(target),
            username=username,
            problem=problem,
        )
        response.headers.update(problem.headers)
        return response
    response = RedirectResponse(_own(target), 303)
    secure = _is_secure(office)
    response.set_cookie(
        SECURE_COOKIE if secure else PLAIN_COOKIE,
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    return response


@router.post("/logout")
def logout(office: TheOffice, caller: TheCaller) -> Response:
    """End the session."""
    with office.store.write() as tx:
        end_session(tx, caller.token_hash)
    response = RedirectResponse("/console/login", 303)
    secure = _is_secure(office)
    response.delete_cookie(
        SECURE_COOKIE if secure else PLAIN_COOKIE,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    return response


def _is_secure(office: Office) -> bool:
    return office.settings.public_url.startswith("https://")


def _own(target: str) -> str:
    """Only an address of the console is followed after signing in."""
    inside = target == _HOME or target.startswith((_HOME + "/", _HOME + "?"))
    plain = target.isprintable() and "\\" not in target
    return target if inside and plain and not target.startswith("/console/login") else _HOME
