"""An officer's own account: how to be told, a new password."""

from __future__ import annotations

from typing import Annotated

import segno
from fastapi import Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from admin.console.forms import TheForm
from admin.console.pages import page
from admin.context import Now, TheOffice, TheOfficer, now_of
from admin.errors import problem_of
from admin.paths import Paths
from intake.accounts import SHORTEST_PASSWORD, check_password, hash_password, set_password
from intake.errors import BadCredentials, IntakeError, InvalidInput, TooMany, WrongCode
from intake.office import Office
from intake.officer_contacts import (
    CHATS,
    Topic,
    Way,
    choice_of,
    choose,
    confirm_email,
    contacts_of,
    link_code,
    open_ways,
    pending_of,
    profiles,
    unlink,
)
from intake.officer_messages import ask_email, ask_test
from intake.officers import Officer, actor_of
from intake.second_factor import second_factor_of
from intake.status import HANDLING_ROLES

router = Paths(prefix="/account")

_TELEGRAM = "https://t.me/"
_HERE = "/console/account"


@router.get("")
def account(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The page with its forms; `done` names what was just done."""
    return _shown(request, office, officer, done=done)


@router.post("")
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
        return _shown(request, office, officer, part="password", error=error)
    with office.store.write() as tx:
        set_password(office, tx, officer.username, hashed, by=actor_of(officer), now=now)
    return RedirectResponse("/console/login", 303)


# ---- how to be told -------------------------------------------------------------------------


@router.post("/channel")
def channel(
    request: Request, typed: TheForm, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Choose the way and what is told by it."""
    try:
        way = _way(typed.one("way"))
        topics = [Topic(name) for name in typed.all("topics") if name in set(Topic)]
        with office.store.write() as tx:
            choose(tx, officer, way, topics, now=now)
    except InvalidInput as error:
        return _shown(request, office, officer, part="channel", error=error)
    return _back("chosen")


@router.post("/email")
def email(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    email: Annotated[str, Form(max_length=320)] = "",
) -> Response:
    """Mail a code to the address."""
    try:
        _check_open(office, Way.EMAIL)
        with office.store.write() as tx:
            ask_email(office, tx, officer, email, now=now)
    except (InvalidInput, TooMany) as error:
        return _shown(request, office, officer, part="email", error=error)
    return _back("code")


@router.post("/email/confirm")
def confirm(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    code: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """The code that was mailed makes the address the officer's."""
    with office.store.write() as tx:
        right = confirm_email(office, tx, officer, code, now=now)
    if not right:
        return _shown(request, office, officer, part="email", error=WrongCode())
    return _back("linked")


@router.post("/link")
def link(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    way: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """A code to send to our bot, shown this once, with the bot's link where it is known."""
    try:
        chat = _way(way)
        if chat not in CHATS:
            raise InvalidInput(field="way", reason="unknown")
        _check_open(office, chat)
        with office.store.write() as tx:
            code = link_code(office, tx, officer, chat, now=now)
    except (InvalidInput, TooMany) as error:
        return _shown(request, office, officer, part="channel", error=error)
    return _shown(request, office, officer, linking=chat, code=code)


@router.post("/unlink")
def forget(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    way: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Forget an address."""
    try:
        chosen = _way(way)
    except InvalidInput as error:
        return _shown(request, office, officer, part="channel", error=error)
    if chosen is not None:
        with office.store.write() as tx:
            unlink(tx, officer, chosen, now=now)
    return _back("unlinked")


@router.post("/test")
def send_test(
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    way: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Send a message to see whether it arrives."""
    try:
        chosen = _way(way)
        if chosen is None:
            raise InvalidInput(field="way", reason="unknown")
        _check_open(office, chosen)
        with office.store.write() as tx:
            if chosen not in contacts_of(office, tx, officer.id):
                raise InvalidInput(field="way", reason="not_linked")
            ask_test(office, tx, officer, chosen, now=now)
    except (InvalidInput, TooMany) as error:
        return _shown(request, office, officer, part="channel", error=error)
    return _back("test")


def _way(name: str) -> Way | None:
    if not name:
        return None
    if name not in set(Way):
        raise InvalidInput(field="way", reason="unknown")
    return Way(name)


def _check_open(office: Office, way: Way | None) -> None:
    if way not in open_ways(office.settings):
        raise InvalidInput(field="way", reason="unknown")


def _back(done: str) -> Response:
    return RedirectResponse(f"{_HERE}?done={done}#channel", 303)


def _shown(
    request: Request,
    office: Office,
    officer: Officer,
    *,
    part: str = "",
    error: IntakeError | None = None,
    done: str = "",
    linking: Way | None = None,
    code: str = "",
) -> Response:
    """The page; `part` says to which form a refusal belongs."""
    with office.store.read() as tx:
        contacts = contacts_of(office, tx, officer.id)
        pending = pending_of(office, tx, officer.id, now=now_of(request))
        choice = choice_of(tx, officer.id)
        names = profiles(tx)
        factor = second_factor_of(tx, officer.id)
    problem = problem_of(error) if error else None
    deep_link = ""
    if linking is Way.TELEGRAM and names.get(linking):
        deep_link = f"{_TELEGRAM}{names[linking]}?start={code}"
    response = page(
        request,
        "console/account.html",
        status_code=problem.status if problem else 200,
        problem=problem,
        part=part,
        done=done,
        shortest=SHORTEST_PASSWORD,
        told=officer.role in HANDLING_ROLES,
        ways=open_ways(office.settings),
        chats=CHATS,
        contacts=contacts,
        pending=pending,
        choice=choice,
        topics=list(Topic),
        names=names,
        factor=factor,
        linking=linking,
        code=code,
        deep_link=deep_link,
        picture=_picture(deep_link) if deep_link else "",
    )
    if problem is not None:
        response.headers.update(problem.headers)
    return response


def _picture(address: str) -> str:
    """The link as a QR code, for whoever has the chat on a telephone, as a `data:` address."""
    return str(segno.make(address, error="m", micro=False).svg_data_uri(scale=4, border=3))
