"""Officers' accounts, for the administrator: open, change, close, new password, machine keys."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from admin.console.forms import NOTHING_TYPED, TheForm, Typed
from admin.console.pages import page
from admin.context import Now, TheOffice, TheOfficer, today_of
from admin.errors import problem_of
from admin.paths import Paths
from intake.accounts import (
    OFFICER_ROLES,
    NewAccount,
    change_officer,
    create_key,
    create_officer,
    end_session,
    end_sessions,
    get_officer,
    hash_password,
    keys_of,
    list_officers,
    new_password,
    set_password,
)
from intake.errors import IntakeError, InvalidInput, NotFound
from intake.office import Office
from intake.officers import actor_of
from intake.second_factor import remove_second_factor, second_factor_of
from intake.status import Role
from intake.unattended import unattended

router = Paths(prefix="/officers")


@router.get("")
def accounts(request: Request, office: TheOffice) -> Response:
    """All accounts, and the form for a new one."""
    return _list(request, office, NOTHING_TYPED)


@router.post("")
def create(
    request: Request, typed: TheForm, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Open an account with a random password, shown once."""
    password = new_password()
    hashed = hash_password(password)
    try:
        with office.store.write() as tx:
            made = create_officer(
                office,
                tx,
                _account(typed, typed.one("username")),
                hashed,
                by=actor_of(officer),
                now=now,
            )
    except IntakeError as error:
        return _list(request, office, typed, error)
    return _one(request, office, made.username, password=password)


@router.get("/{username}")
def one(request: Request, username: str, office: TheOffice) -> Response:
    """One account: its form and its keys."""
    return _one(request, office, username)


@router.post("/{username}")
def change(
    request: Request,
    username: str,
    typed: TheForm,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
) -> Response:
    """Change or close an account; its sessions and keys end at once."""
    try:
        with office.store.write() as tx:
            change_officer(
                office,
                tx,
                _account(typed, username),
                active=typed.ticked("active"),
                by=actor_of(officer),
                now=now,
            )
    except NotFound:
        raise
    except IntakeError as error:
        return _one(request, office, username, error=error)
    return RedirectResponse(f"/console/officers/{username}?done=1", 303)


@router.post("/{username}/password")
def password(
    request: Request, username: str, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """A new random password, shown once."""
    given = new_password()
    hashed = hash_password(given)
    with office.store.write() as tx:
        set_password(office, tx, username, hashed, by=actor_of(officer), now=now)
    return _one(request, office, username, password=given)


@router.post("/{username}/second-factor")
def second_factor(username: str, office: TheOffice, officer: TheOfficer, now: Now) -> Response:
    """Take the second factor away from whoever lost it; the account's sessions end."""
    with office.store.write() as tx:
        account = get_officer(tx, username)
        if remove_second_factor(office, tx, account, by=actor_of(officer), now=now):
            end_sessions(tx, username)
    return RedirectResponse(f"/console/officers/{username}?done=1", 303)


@router.post("/{username}/keys")
def add_key(
    request: Request,
    username: str,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    label: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """An API key for a machine that acts as this officer, shown once."""
    try:
        with office.store.write() as tx:
            key = create_key(office, tx, username, label, by=actor_of(officer), now=now)
    except InvalidInput as error:
        return _one(request, office, username, error=error)
    return _one(request, office, username, key=key)


@router.post("/{username}/keys/remove")
def remove_key(
    username: str, office: TheOffice, token_hash: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """Take a key back."""
    with office.store.write() as tx:
        if token_hash in {key.token_hash for key in keys_of(tx, username)}:
            end_session(tx, token_hash)
    return RedirectResponse(f"/console/officers/{username}", 303)


def _account(typed: Typed, username: str) -> NewAccount:
    role = typed.one("role")
    if role not in set(Role):
        raise InvalidInput(field="role", reason="unknown")
    return NewAccount(
        username=username.lower(),
        display_name=typed.one("display_name"),
        role=Role(role),
        agency=typed.one("agency"),
        handles_denunciations=typed.ticked("handles_denunciations"),
    )


def _list(
    request: Request, office: Office, typed: Typed, error: IntakeError | None = None
) -> Response:
    with office.store.read() as tx:
        rows = list_officers(tx)
        lonely = unattended(tx)
    problem = problem_of(error) if error else None
    return page(
        request,
        "console/officers.html",
        status_code=problem.status if problem else 200,
        rows=rows,
        unattended=lonely,
        typed=typed,
        problem=problem,
        roles=OFFICER_ROLES,
        all_agencies=_agencies(office, today_of(request)),
    )


def _one(
    request: Request,
    office: Office,
    username: str,
    *,
    error: IntakeError | None = None,
    password: str = "",
    key: str = "",
) -> Response:
    with office.store.read() as tx:
        account = get_officer(tx, username)
        keys = keys_of(tx, username)
        factor = second_factor_of(tx, account.id)
    problem = problem_of(error) if error else None
    return page(
        request,
        "console/officer.html",
        status_code=problem.status if problem else 200,
        account=account,
        keys=keys,
        factor=factor,
        problem=problem,
        password=password,
        key=key,
        roles=OFFICER_ROLES,
        all_agencies=_agencies(office, today_of(request)),
    )


def _agencies(office: Office, today: date) -> list[tuple[str, str]]:
    """Agencies an officer may belong to: (code, short name), communes last."""
    ordered = sorted(
        (row for row in office.directory.on(today) if row.competent),
        key=lambda row: (row.level == "commune", row.short_name),
    )
    return [(row.code, row.short_name) for row in ordered]
