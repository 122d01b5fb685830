"""The formal letters of a petition over HTTP: which there are, and each as a .docx file."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, Field

from admin.action_forms import Form
from admin.context import Now, TheOffice, TheOfficer
from admin.dossier import viewable_petition
from admin.letters.letters import LetterInput, letters_for
from admin.letters.printing import WORD, download_headers, print_letter
from admin.paths import Paths

router = Paths(prefix="/petitions/{reference}/letters", tags=["petitions"])

_Line = Annotated[str, Field(max_length=200)]
_Text = Annotated[str, Field(max_length=20_000)]


class LetterOut(BaseModel):
    """A letter that fits the petition as it stands. `needs`: fields the officer must fill in."""

    code: str
    title: str
    form: str
    needs: list[str]
    citation: str
    verified: bool


class LetterAsked(Form):
    """What only the officer knows. `summary` is printed: no names in one about a denunciation.

    `target`: the competent agency's code; `ground`: the wording of the ground.
    """

    summary: Annotated[str, Field(min_length=1, max_length=20_000)]
    number: _Line = ""
    target: _Line = ""
    ground: _Text = ""
    explanation: _Text = ""
    documents: _Text = ""
    signer: _Line = ""


@router.get("", summary="Letters that fit the petition")
def list_letters(reference: str, office: TheOffice, officer: TheOfficer) -> list[LetterOut]:
    """The letters for its kind and status, with what each needs."""
    with office.store.read() as tx:
        petition = viewable_petition(office, tx, officer, reference)
    return [
        LetterOut(
            code=row.code,
            title=row.title,
            form=row.form,
            needs=["summary", *row.needs],
            citation=row.citation,
            verified=row.verified,
        )
        for row in letters_for(petition)
    ]


@router.post(
    "/{code}",
    summary="One letter as .docx (recorded)",
    response_class=Response,
    responses={200: {"content": {WORD: {}}}},
)
def write(
    reference: str, code: str, asked: LetterAsked, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """The filled-in letter; the timeline keeps that it was printed, and by whom."""
    given = LetterInput(**asked.model_dump())
    content = print_letter(office, officer, reference, code, given, now=now)
    return Response(content, media_type=WORD, headers=download_headers(reference, code))
