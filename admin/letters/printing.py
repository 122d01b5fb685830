"""Printing a letter for an officer: the file, and the trace that it was printed."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from admin.dossier import viewable_petition
from admin.letters.letters import LetterInput, write_letter
from intake.clock import local_date
from intake.identity import IdentityReason, read_identity
from intake.office import Office
from intake.officers import Officer, actor_of
from intake.permissions import can_see_identity
from intake.timeline import record

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EVENT = "letter_printed"


def print_letter(
    office: Office,
    officer: Officer,
    reference: str,
    code: str,
    given: LetterInput,
    *,
    now: datetime,
) -> bytes:
    """Write a letter and record which one; what was typed into it is recorded nowhere.

    A letter that can carry the petitioner's name is a reading of it like any other.

    Raises:
        NotFound: no such letter, or a petition the officer may not know of.
        WrongStatus, InvalidInput: see `write_letter`; nothing is recorded then.
    """
    with office.store.read() as tx:
        petition = viewable_petition(office, tx, officer, reference)
        content = write_letter(office, tx, officer, petition, code, given, today=local_date(now))
    with office.store.write() as tx:
        if not petition.kind.may_hold_denunciation and can_see_identity(officer, petition):
            read_identity(
                office, tx, officer, reference, reason=IdentityReason.PREPARE_DOCUMENT, now=now
            )
        record(
            office.store,
            tx,
            petition_id=petition.id,
            event=EVENT,
            actor=actor_of(officer),
            now=now,
            values={"letter": code},
        )
    return content


def download_headers(reference: str, code: str) -> dict[str, str]:
    """The headers that make the answer a file of the petition's name."""
    name = quote(f"{reference}-{code}.docx", safe="")
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
