"""Signing in and out of the console."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from admin.console.pages import page
from admin.context import Now, TheCaller, TheOffice
from admin.errors import problem_of
from admin.guard import PLAIN_COOKIE, SECURE_COOKIE
from admin.paths import Paths
from intake.accounts import ABSOLUTE, end_session, finish_sign_in, sign_in
from intake.errors import BadCredentials, TooMany, WrongCode
from intake.office import Office

router = Paths()

_HOME = "/console"
_CODE_PAGE = "/console/login/code"


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
    """Check name and password, open a session with a new id, go where the officer wanted.

    An account with a second factor is asked for its code first, on a page of its own.
    """
    try:
        signed_in = sign_in(office, username, password, now=now)
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
    wanted = _own(target)
    if signed_in.waits_for_code:
        wanted = f"{_CODE_PAGE}?next={quote(wanted)}"
    return _with_session(office, signed_in.token, wanted)


@router.get("/login/code")
def code_page(request: Request, target: Annotated[str, Query(alias="next")] = _HOME) -> Response:
    """The form for the code; whoever has not typed a password gets nowhere with it."""
    return page(request, "console/login_code.html", target=_own(target), problem=None)


@router.post("/login/code")
def code(
    request: Request,
    office: TheOffice,
    now: Now,
    otp: Annotated[str, Form(max_length=40)] = "",
    target: Annotated[str, Form(alias="next", max_length=500)] = _HOME,
) -> Response:
    """Check the code and open the session in place of the one that waited."""
    pending = request.cookies.get(_cookie_name(office), "")
    try:
        token = finish_sign_in(office, pending, otp, now=now)
    except BadCredentials:
        return RedirectResponse("/console/login", 303)
    except (WrongCode, TooMany) as error:
        problem = problem_of(error)
        response = page(
            request,
            "console/login_code.html",
            status_code=problem.status,
            target=_own(target),
            problem=problem,
        )
        response.headers.update(problem.headers)
        return response
    return _with_session(office, token, _own(target))


def _with_session(office: Office, token: str, target: str) -> Response:
    response = RedirectResponse(target, 303)
    response.set_cookie(
        _cookie_name(office),
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        path="/",
        secure=_is_secure(office),
        httponly=True,
        samesite="strict",
    )
    return response


def _cookie_name(office: Office) -> str:
    return SECURE_COOKIE if _is_secure(office) else PLAIN_COOKIE


@router.post("/logout")
def logout(office: TheOffice, caller: TheCaller) -> Response:
    """End the session."""
    with office.store.write() as tx:
        end_session(tx, caller.token_hash)
    response = RedirectResponse("/console/login", 303)
    response.delete_cookie(
        _cookie_name(office),
        path="/",
        secure=_is_secure(office),
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
