"""Petitions over HTTP: list, one, timeline, notices, identity, every action of the lifecycle."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import File, Header, Query, Response, UploadFile

from admin.action_forms import FORMS, Form, perform
from admin.api.schemas import (
    ActionResult,
    DocumentOut,
    IdentityAsked,
    IdentityOut,
    NoticeOut,
    PersonOut,
    PetitionOut,
    PetitionPage,
    TimelineItem,
    document_of,
    entry_of,
    notice_of,
    petition_of,
    result_of,
    summary_of,
)
from admin.context import Now, TheOffice, TheOfficer, Today
from admin.dossier import open_dossier, viewable_petition
from admin.errors import Refusal
from admin.paths import Paths
from admin.wording import ACTION_HELP
from intake.clock import start_of_day
from intake.documents import LARGEST, given_documents, hand_in
from intake.errors import InvalidInput, SealBroken
from intake.identity import IdentityReason, read_identity
from intake.notices import notices_of
from intake.office import Office
from intake.petition import PetitionKind
from intake.status import Action, PetitionStatus
from intake.store.petitions import page_key
from intake.timeline import entries_of
from intake.worklist import Wanted, count_worklist, worklist

router = Paths(prefix="/petitions", tags=["petitions"])

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="the version last read, as in `ETag`")
]
_CURSOR = "page"


@router.get("", summary="Petitions by due date")
def list_of_petitions(
    office: TheOffice,
    officer: TheOfficer,
    today: Today,
    agency: Annotated[str | None, Query(max_length=80)] = None,
    status: Annotated[list[PetitionStatus] | None, Query()] = None,
    kind: Annotated[list[PetitionKind] | None, Query()] = None,
    due_before: date | None = None,
    overdue: bool = False,
    open_only: Annotated[bool, Query(alias="open")] = False,
    assigned: Annotated[str | None, Query(max_length=60, description="username, or `none`")] = None,
    received_from: date | None = None,
    received_until: Annotated[date | None, Query(description="inclusive")] = None,
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> PetitionPage:
    """The petitions the caller may see, by next due date; words in `q` need no tone marks."""
    wanted = Wanted(
        agency=agency,
        statuses=tuple(status or ()),
        kinds=tuple(kind or ()),
        open_only=open_only or overdue,
        due_before=_earlier(due_before, today if overdue else None),
        assigned_to=None if assigned == "none" else assigned,
        unassigned=assigned == "none",
        received_from=start_of_day(received_from) if received_from else None,
        received_until=_end_of(received_until),
        query=q,
    )
    with office.store.read() as tx:
        found = worklist(office, tx, officer, wanted, after=_opened(office, after), limit=limit + 1)
        total = count_worklist(office, tx, officer, wanted)
    shown = found[:limit]
    following = sealed_cursor(office, page_key(shown[-1])) if len(found) > limit else None
    return PetitionPage(
        items=[summary_of(office, row, today) for row in shown], total=total, next=following
    )


@router.get("/{reference}", summary="One petition")
def one(
    reference: str, office: TheOffice, officer: TheOfficer, today: Today, response: Response
) -> PetitionOut:
    """Text, routing reasons, dates with their derivation, allowed actions; identity is apart."""
    with office.store.read() as tx:
        dossier = open_dossier(office, tx, officer, reference, today=today)
        shown = petition_of(office, dossier, today)
    response.headers["ETag"] = f'"{dossier.petition.version}"'
    return shown


@router.get("/{reference}/timeline", summary="What happened")
def timeline(reference: str, office: TheOffice, officer: TheOfficer) -> list[TimelineItem]:
    """The petition's timeline, oldest first."""
    with office.store.read() as tx:
        petition = viewable_petition(office, tx, officer, reference)
        return [entry_of(petition, entry) for entry in entries_of(tx, petition.id)]


@router.get("/{reference}/notices", summary="What the citizen was told")
def notices(reference: str, office: TheOffice, officer: TheOfficer) -> list[NoticeOut]:
    """The petition's notices with their delivery state, oldest first."""
    with office.store.read() as tx:
        petition = viewable_petition(office, tx, officer, reference)
        documents = given_documents(office, tx, petition.id)
        found = notices_of(tx, office.sealer, petition.id)
        return [notice_of(petition, row, documents) for row in found]


@router.post("/{reference}/documents", summary="Upload a document for the citizen", status_code=201)
def upload(
    reference: str,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    file: Annotated[
        UploadFile,
        File(description="pdf, doc or docx without macros, jpg or png; at most 5 MB"),
    ],
) -> DocumentOut:
    """Keep a document until an action of the same officer names it in its `documents`.

    The same content under the same name again is the same upload again. What no action names goes
    after a day or two. A petition of kind TC or MIXED: the document goes to no platform, and
    is to be had on the web page alone, for petition number and secret.
    """
    content = file.file.read(LARGEST + 1)
    return document_of(hand_in(office, officer, reference, content, file.filename or "", now=now))


@router.post("/{reference}/identity", summary="Who sent it (recorded)")
def identity(
    reference: str, asked: IdentityAsked, office: TheOffice, officer: TheOfficer, now: Now
) -> IdentityOut:
    """The people behind the petition. The reading is recorded in the timeline with its reason."""
    try:
        reason = IdentityReason(asked.reason)
    except ValueError as error:
        raise InvalidInput(field="reason", reason="unknown") from error
    with office.store.write() as tx:
        people = read_identity(office, tx, officer, reference, reason=reason, now=now)
    return IdentityOut(
        reference=reference,
        people=[
            PersonOut(
                role=person.role,
                name=person.name,
                address=person.address,
                phone=person.phone,
                email=person.email,
                identity_number=person.identity_number,
            )
            for person in people
        ],
    )


def version_of(if_match: str | None) -> int:
    """The version of an `If-Match` header: `"7"`.

    Raises:
        Refusal: the header is missing (428, RFC 6585).
        InvalidInput: it names no version.
    """
    if if_match is None:
        raise Refusal("precondition-required")
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise InvalidInput(field="if-match", reason="malformed")
    return int(digits)


def sealed_cursor(office: Office, key: tuple[date, int]) -> str:
    """A list position nobody can read (row numbers would tell how many petitions there are)."""
    sealed = office.sealer.seal(f"{key[0].isoformat()} {key[1]}", about=_CURSOR)
    return base64.urlsafe_b64encode(sealed).decode()


def opened_cursor(office: Office, cursor: str) -> tuple[date, int]:
    """The list position again.

    Raises:
        InvalidInput: the cursor is none of ours.
    """
    try:
        sealed = base64.urlsafe_b64decode(cursor.encode())
        day, row = office.sealer.open(sealed, about=_CURSOR).split()
    except (SealBroken, binascii.Error, ValueError) as error:
        raise InvalidInput(field="after", reason="malformed") from error
    return date.fromisoformat(day), int(row)


def _opened(office: Office, cursor: str | None) -> tuple[date, int] | None:
    return None if cursor is None else opened_cursor(office, cursor)


def _earlier(one: date | None, other: date | None) -> date | None:
    given = [day for day in (one, other) if day is not None]
    return min(given) if given else None


def _end_of(day: date | None) -> datetime | None:
    return start_of_day(day + timedelta(days=1)) if day else None


def _add_action_routes() -> None:
    """One route an action, so that each shows its own form in the API description."""
    for action, row in FORMS.items():
        router.post(
            f"/{{reference}}/actions/{action}",
            response_model=ActionResult,
            summary=action,
            description=ACTION_HELP[action],
            name=f"action_{action}",
        )(_endpoint(action, row.form))


def _endpoint(action: Action, form_class: type[Form]) -> Callable[..., ActionResult]:
    def act(
        reference: str,
        form: Form,
        office: TheOffice,
        officer: TheOfficer,
        now: Now,
        response: Response,
        if_match: IfMatch = None,
    ) -> ActionResult:
        changed = perform(
            office, officer, reference, action, form, version=version_of(if_match), now=now
        )
        response.headers["ETag"] = f'"{changed.version}"'
        return result_of(changed)

    # FastAPI reads the body's schema from the annotation, which differs with every action.
    act.__annotations__["form"] = form_class
    return act


_add_action_routes()
