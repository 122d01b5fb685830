"""One petition's page, its people (a recorded step of its own) and its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from admin.console.naming import proposals, topic_name
from admin.console.pages import page
from admin.console.timeline import told
from admin.context import Now, TheOffice, TheOfficer, Today
from admin.dossier import Dossier, open_dossier, viewable_petition
from admin.letters.letters import letters_for
from admin.paths import Paths
from intake.accounts import list_officers
from intake.actions import carries_documents, retry_notice
from intake.attachments import attachments_of, note_taken, read_attachment
from intake.clock import local_date
from intake.deadlines import MISSED, RUNNING, SUSPENDED, Deadline
from intake.documents import given_documents, kept_documents, read_document
from intake.errors import InvalidInput, NotFound
from intake.identity import IdentityReason, read_identity
from intake.office import Office
from intake.officer_notices import mark_petition_seen, newest_unseen_of
from intake.petition import Petitioner
from intake.status import Action

router = Paths(prefix="/petitions/{reference}")


@router.get("")
def petition_page(
    request: Request,
    reference: str,
    office: TheOffice,
    officer: TheOfficer,
    today: Today,
    now: Now,
    done: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Everything about one petition; `done` names the action just taken.

    Whoever opens it has seen what was told of it.
    """
    with office.store.read() as tx:
        dossier = open_dossier(office, tx, officer, reference, today=today)
        names = {row.username: row.display_name for row in list_officers(tx)}
        unseen = newest_unseen_of(tx, officer, dossier.petition.id)
    if unseen is not None:
        with office.store.write() as tx:
            mark_petition_seen(tx, officer, dossier.petition.id, up_to=unseen, now=now)
    return _shown(request, office, dossier, names, done=done)


@router.post("/identity")
def identity(
    request: Request,
    reference: str,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    reason: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """The same page with the people behind the petition; the reading is recorded first."""
    try:
        code = IdentityReason(reason)
    except ValueError as error:
        raise InvalidInput(field="reason", reason="unknown") from error
    with office.store.write() as tx:
        people = read_identity(office, tx, officer, reference, reason=code, now=now)
    with office.store.read() as tx:
        dossier = open_dossier(office, tx, officer, reference, today=local_date(now))
        names = {row.username: row.display_name for row in list_officers(tx)}
    return _shown(request, office, dossier, names, people=people)


@router.get("/attachments/{uid}")
def attachment(
    reference: str, uid: str, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """A file, always as a download: nothing a citizen sent is ever opened on this origin."""
    with office.store.read() as tx:
        petition = viewable_petition(office, tx, officer, reference)
        files = attachments_of(office, tx, petition.id)
    found = next((file for file in files if file.uid == uid), None)
    if found is None:
        raise NotFound(what="attachment")
    content = read_attachment(office, found)
    if not found.taken:
        with office.store.write() as tx:
            note_taken(tx, uid, now=now)
    return _download(content, found.name or f"{petition.reference}-{uid[:8]}")


@router.get("/documents/{uid}")
def document(reference: str, uid: str, office: TheOffice, officer: TheOfficer) -> Response:
    """A document the petitioner was given, or one the officer keeps to give."""
    with office.store.read() as tx:
        petition = viewable_petition(office, tx, officer, reference)
        files = [
            *given_documents(office, tx, petition.id),
            *kept_documents(office, tx, officer, petition.id),
        ]
    found = next((file for file in files if file.uid == uid), None)
    if found is None:
        raise NotFound(what="document")
    return _download(read_document(office, found), found.name)


def _download(content: bytes, name: str) -> Response:
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


@router.post("/notices/{number}/retry")
def retry(
    reference: str, number: int, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Have a notice that did not reach the citizen tried again."""
    with office.store.write() as tx:
        retry_notice(office, tx, officer, reference, number, now=now)
    return RedirectResponse(f"/console/petitions/{reference}#notices", 303)


def _shown(
    request: Request,
    office: Office,
    dossier: Dossier,
    names: dict[str, str],
    *,
    people: tuple[Petitioner, ...] | None = None,
    done: str = "",
) -> Response:
    return page(
        request,
        "console/petition.html",
        dossier=dossier,
        petition=dossier.petition,
        antivirus=bool(office.settings.clamd_url),
        content=dossier.content,
        people=people,
        done=done,
        names=names,
        reasons=list(IdentityReason),
        events=told(office, dossier.petition, dossier.timeline, names, dossier.documents),
        telling=[
            action for action in _FIRST if action in dossier.allowed and carries_documents(action)
        ],
        topic_name=topic_name,
        stage_name=office.rules.stage_name,
        fact_names=lambda codes: [office.rules.names.name("fact", code) for code in codes],
        letters=letters_for(dossier.petition),
        proposals=proposals(office, dossier.petition.routing),
        buttons=_buttons(dossier),
        dates_open=[row for row in dossier.due.deadlines if _is_open(row)],
        dates_past=[row for row in dossier.due.deadlines if not _is_open(row)],
    )


@dataclass(frozen=True)
class _Buttons:
    """The allowed actions: the few that carry a petition on, and the rest."""

    first: tuple[Action, ...]
    further: tuple[Action, ...]


# In the order in which they are offered; the first allowed one stands out.
_FIRST = (
    Action.RESUME,
    Action.ACCEPT,
    Action.ANSWER,
    Action.FORWARD,
    Action.GUIDE,
    Action.REQUEST_INFORMATION,
    Action.ASSIGN,
    Action.CLOSE,
)


def _buttons(dossier: Dossier) -> _Buttons:
    allowed = set(dossier.allowed)
    first = [action for action in _FIRST if action in allowed]
    if not dossier.petition.is_message_only:
        allowed.discard(Action.RECEIVE_SIGNED)
    elif Action.RECEIVE_SIGNED in allowed:
        first.insert(0, Action.RECEIVE_SIGNED)
    return _Buttons(
        tuple(first), tuple(a for a in dossier.allowed if a in allowed and a not in first)
    )


def _is_open(deadline: Deadline) -> bool:
    """Whether something is still to be done by the date."""
    return deadline.closed_on is None and deadline.state in (RUNNING, MISSED, SUSPENDED)
