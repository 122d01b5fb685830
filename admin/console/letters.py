"""The formal letters of a petition: what only the officer knows is asked, the rest filled in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from admin.console.forms import NOTHING_TYPED, TheForm, Typed
from admin.console.pages import page
from admin.context import Now, TheOffice, TheOfficer
from admin.dossier import viewable_petition
from admin.errors import problem_of
from admin.letters.letters import LetterInput, letters, letters_for
from admin.letters.printing import WORD, download_headers, print_letter
from admin.paths import Paths
from intake.clock import local_date
from intake.directory import Agency
from intake.documents import Origin, hand_in
from intake.errors import IntakeError, NotFound
from intake.grounds import Ground, grounds_for
from intake.office import Office
from intake.officers import Officer
from intake.petition import Petition
from intake.store.petitions import content_of

router = Paths(prefix="/petitions/{reference}/letters/{code}")

_MOST_AGENCIES = 8
_LONGEST_PROPOSAL = 1_000
# A letter states why something is refused or suspended; both purposes have their grounds.
_PURPOSES = ("reject", "suspend")


@router.get("")
def form(
    request: Request, reference: str, code: str, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """What the letter still needs from the officer."""
    with office.store.read() as tx:
        petition = viewable_petition(office, tx, officer, reference)
        secret = petition.kind.may_hold_denunciation
        text = "" if secret else content_of(tx, office.sealer, petition).text
    # A denunciation's words can give their author away: nothing of them is proposed for print.
    typed = Typed({"summary": [text[:_LONGEST_PROPOSAL]]}) if text else NOTHING_TYPED
    return _shown(request, office, officer, reference, code, typed, now)


@router.post("")
def write(
    request: Request,
    reference: str,
    code: str,
    typed: TheForm,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
) -> Response:
    """The filled-in letter as a .docx file, or the form again with what is missing.

    With `keep` the letter is not handed out but kept, to go with the next notice.
    """
    if typed.ticked("search"):
        return _shown(request, office, officer, reference, code, typed, now)
    given = LetterInput(
        summary=typed.one("summary"),
        number=typed.one("number"),
        target=typed.one("agency"),
        ground=typed.one("ground"),
        explanation=typed.one("explanation"),
        documents=typed.one("documents"),
        signer=typed.one("signer"),
    )
    try:
        content = print_letter(office, officer, reference, code, given, now=now)
        if typed.ticked("keep"):
            name = f"{letters()[code].title} {reference}.docx"
            hand_in(office, officer, reference, content, name, now=now, origin=Origin.LETTER)
            return RedirectResponse(f"/console/petitions/{reference}#kept", 303)
    except NotFound:
        raise
    except IntakeError as error:
        return _shown(request, office, officer, reference, code, typed, now, error)
    return Response(content, media_type=WORD, headers=download_headers(reference, code))


def _shown(
    request: Request,
    office: Office,
    officer: Officer,
    reference: str,
    code: str,
    typed: Typed,
    now: datetime,
    error: IntakeError | None = None,
) -> Response:
    with office.store.read() as tx:
        petition = viewable_petition(office, tx, officer, reference)
    letter = next((row for row in letters_for(petition) if row.code == code), None)
    if letter is None:
        raise NotFound(what="letter")
    problem = problem_of(error) if error else None
    return page(
        request,
        "console/letter.html",
        status_code=problem.status if problem else 200,
        petition=petition,
        letter=letter,
        typed=typed,
        problem=problem,
        grounds=_grounds(petition, now),
        agencies=_agencies(office, typed, now),
    )


def _grounds(petition: Petition, now: datetime) -> list[Ground]:
    today = local_date(now)
    return [row for each in _PURPOSES for row in grounds_for(each, petition.kind, today)]


def _agencies(office: Office, typed: Typed, now: datetime) -> Sequence[Agency]:
    asked = typed.one("agency_q")
    if not asked:
        return ()
    found = office.directory.by_name(asked, local_date(now), limit=_MOST_AGENCIES)
    return [row.agency for row in found]
