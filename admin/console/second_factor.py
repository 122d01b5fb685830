"""An officer's own second factor: set it up, renew recovery codes, turn it off."""

from __future__ import annotations

from typing import Annotated

import segno
from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from admin.console.pages import page
from admin.context import Now, TheCaller, TheOffice, TheOfficer
from admin.errors import problem_of
from admin.guard import SET_UP_PAGE
from admin.paths import Paths
from intake.accounts import check_password, end_other_sessions
from intake.errors import BadCredentials, InvalidInput, TooMany, WrongCode
from intake.office import Office
from intake.officers import Officer, actor_of
from intake.second_factor import (
    begin_second_factor,
    confirm_second_factor,
    prove_second_factor,
    remove_second_factor,
    renew_recovery_codes,
    second_factor_of,
    waiting_secret,
)
from intake.totp import app_address, typed_secret

router = Paths(prefix="/account/second-factor")

_Problem = BadCredentials | InvalidInput | TooMany | WrongCode


@router.get("")
def state(request: Request, office: TheOffice, officer: TheOfficer) -> Response:
    """Whether it is on, and the form to change that."""
    return _shown(request, office, officer)


@router.post("")
def begin(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    current_password: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Ask for the password once more, then show the secret to scan: a stolen session gets none."""
    try:
        check_password(office, officer.username, current_password, now=now)
        with office.store.write() as tx:
            secret = begin_second_factor(office, tx, officer)
    except (BadCredentials, TooMany, InvalidInput) as error:
        return _shown(request, office, officer, error=error)
    return _shown(request, office, officer, secret=secret)


@router.post("/confirm")
def confirm(
    request: Request,
    office: TheOffice,
    caller: TheCaller,
    now: Now,
    otp: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """The first code of the app puts it into use; the recovery codes are shown this once."""
    officer = caller.officer
    try:
        with office.store.write() as tx:
            codes = confirm_second_factor(office, tx, officer, otp, now=now)
            if codes:
                end_other_sessions(tx, caller)
    except TooMany as error:
        return _shown(request, office, officer, error=error, again=True)
    if not codes:
        return _shown(request, office, officer, error=WrongCode(), again=True)
    return _shown(request, office, officer, codes=codes)


@router.post("/recovery")
def recovery(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    otp: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """New recovery codes against a code."""
    codes: tuple[str, ...] = ()
    try:
        with office.store.write() as tx:
            if prove_second_factor(office, tx, officer, otp, now=now):
                codes = renew_recovery_codes(office, tx, officer, now=now)
    except (TooMany, InvalidInput) as error:
        return _shown(request, office, officer, error=error)
    if not codes:
        return _shown(request, office, officer, error=WrongCode())
    return _shown(request, office, officer, codes=codes)


@router.post("/off")
def off(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    current_password: Annotated[str, Form(max_length=400)] = "",
    otp: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Turn it off against password and code."""
    try:
        check_password(office, officer.username, current_password, now=now)
        with office.store.write() as tx:
            proven = prove_second_factor(office, tx, officer, otp, now=now)
            if proven:
                remove_second_factor(office, tx, officer, by=actor_of(officer), now=now)
    except (BadCredentials, TooMany) as error:
        return _shown(request, office, officer, error=error)
    if not proven:
        return _shown(request, office, officer, error=WrongCode())
    return RedirectResponse(SET_UP_PAGE, 303)


def _shown(
    request: Request,
    office: Office,
    officer: Officer,
    *,
    error: _Problem | None = None,
    secret: bytes | None = None,
    codes: tuple[str, ...] = (),
    again: bool = False,
) -> Response:
    with office.store.read() as tx:
        factor = second_factor_of(tx, officer.id)
        if again:
            secret = waiting_secret(office, tx, officer.id)
    problem = problem_of(error) if error else None
    response = page(
        request,
        "console/second_factor.html",
        status_code=problem.status if problem else 200,
        problem=problem,
        factor=factor,
        codes=[f"{code[:5]}-{code[5:]}" for code in codes],
        required=officer.role in office.settings.totp_roles,
        secret=typed_secret(secret) if secret else "",
        picture=_picture(office, officer, secret) if secret else "",
    )
    if problem is not None:
        response.headers.update(problem.headers)
    return response


def _picture(office: Office, officer: Officer, secret: bytes) -> str:
    """The QR code an authenticator app scans, as a `data:` address."""
    host = office.settings.public_url.partition("://")[2].partition("/")[0]
    issuer = f"Tiep Dan {host}".strip()
    address = app_address(secret, issuer=issuer, account=officer.username)
    return str(segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=3))
