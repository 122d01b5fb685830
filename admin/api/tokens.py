"""Signing in for programs: the OAuth2 password form gives a bearer token."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form, Response
from fastapi.security import OAuth2PasswordRequestForm

from admin.api.schemas import Token
from admin.context import Now, TheCaller, TheOffice
from admin.paths import Paths
from intake.accounts import ABSOLUTE, Purpose, end_session, log_in

router = Paths(prefix="/auth", tags=["auth"])


@router.post("/token", summary="Sign in")
def token(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    office: TheOffice,
    now: Now,
    otp: Annotated[str, Form(max_length=40)] = "",
) -> Token:
    """A bearer token for eight hours; thirty minutes without use end it earlier.

    `otp`: a code of the authenticator app or a recovery code, where the account has a second
    factor.
    """
    opened = log_in(office, form.username, form.password, Purpose.API, now=now, otp=otp)
    return Token(access_token=opened, expires_in=int(ABSOLUTE.total_seconds()))


@router.post("/revoke", status_code=204, summary="Sign out")
def revoke(office: TheOffice, caller: TheCaller) -> Response:
    """End the session (or take back the key) the request was made with."""
    with office.store.write() as tx:
        end_session(tx, caller.token_hash)
    return Response(status_code=204)
