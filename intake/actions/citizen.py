"""What a citizen does with an own petition (or an officer on the citizen's word)."""

from __future__ import annotations

from datetime import datetime

from intake.actions.change import Change, begin, begin_for_citizen, required
from intake.errors import InvalidInput
from intake.office import Office
from intake.officers import Officer
from intake.petition import Petition, PetitionKind
from intake.refusals import refusal
from intake.status import Action, NoticeKind
from intake.store.engine import Transaction
from intake.store.petitions import add_clock_event, attach, content_of, replace_content
from intake.text import clean

_SEPARATOR = "\n\n— "
IN_PART = "petition_withdrawn_in_part"


def add_information(
    office: Office,
    tx: Transaction,
    reference: str,
    *,
    text: str,
    now: datetime,
    attachments: tuple[str, ...] = (),
    officer: Officer | None = None,
    version: int | None = None,
) -> Petition:
    """Add text or files to an open petition; an open question of the office counts as answered.

    Raises:
        InvalidInput: neither text nor file.
    """
    change = _begin(office, tx, reference, Action.ADD_INFORMATION, officer, version, now)
    petition = change.petition
    added = attach(tx, petition.id, attachments)
    if not added or text.strip():
        addition = required("text", clean(text), longest=20_000)
        content = content_of(tx, office.sealer, petition)
        replace_content(
            tx,
            office.sealer,
            petition,
            text=f"{content.text}{_SEPARATOR}{change.today:%d/%m/%Y}: {addition}",
            answers=content.answers,
            place_text=content.place_text,
        )
    return change.finish({}, values={"files": added})


def withdraw(
    office: Office,
    tx: Transaction,
    reference: str,
    *,
    now: datetime,
    officer: Officer | None = None,
    version: int | None = None,
    document_number: str = "",
    goes_on: bool = False,
    part: bool = False,
    people: int | None = None,
    termination_number: str = "",
) -> Petition:
    """Withdraw a petition (rút đơn), whole or in part, by all petitioners or some.

    What isn't withdrawn, and who doesn't withdraw, goes on in the same status (Luật KN Điều 10,
    NĐ 124/2020 Điều 7a; Luật TC Điều 33).

    Args:
        officer: records a withdrawal received in writing; None: the citizen, in the chat.
        goes_on: a denunciation with signs of a violation, or withdrawn under pressure, goes on
            all the same (Luật TC Điều 33 k3).
        part: only some of the content is withdrawn.
        people: how many of the petitioners withdraw; None: all of them.
        termination_number: of the decision that terminates an accepted petition, if issued.

    Raises:
        LawRefuses: a signed complaint or denunciation is withdrawn in writing only.
        InvalidInput: more people than there are, or a termination of what goes on.
    """
    change = _begin(office, tx, reference, Action.WITHDRAW, officer, version, now)
    petition = change.petition
    in_form = petition.kind.is_complaint or petition.kind is PetitionKind.TC
    if officer is None and in_form and not petition.is_message_only:
        raise refusal("withdraw_in_writing", Action.WITHDRAW)
    leaving = petition.people if people is None else people
    if not 1 <= leaving <= petition.people:
        raise InvalidInput(field="people", reason="out_of_range")
    number, termination = document_number.strip(), termination_number.strip()
    if part or leaving < petition.people:
        if termination:
            raise InvalidInput(field="termination_number", reason="goes_on")
        return change.finish(
            # Who withdraws a part only stays a petitioner.
            {} if part else {"people": petition.people - leaving},
            values={"people": leaving, "part": part, "document_number": number},
            stays=True,
            event=IN_PART,
            kind=NoticeKind.PART_WITHDRAWN,
        )
    continues = goes_on and petition.kind is PetitionKind.TC and officer is not None
    if termination and (continues or petition.accepted_on is None):
        raise InvalidInput(field="termination_number", reason="goes_on")
    add_clock_event(
        tx,
        petition.id,
        "withdrawn_but_continued" if continues else "withdrawn",
        change.today,
        document_number=number,
    )
    if termination:
        add_clock_event(tx, petition.id, "terminated", change.today, document_number=termination)
    if not continues:
        change.processed("withdrawn")
    return change.finish(
        {} if continues else {"closed_at": now},
        values={
            "goes_on": continues,
            "document_number": number,
            "termination_number": termination,
        },
        stays=continues,
    )


def _begin(
    office: Office,
    tx: Transaction,
    reference: str,
    action: Action,
    officer: Officer | None,
    version: int | None,
    now: datetime,
) -> Change:
    if officer is None:
        return begin_for_citizen(office, tx, reference, action, now=now)
    return begin(office, tx, officer, reference, action, version=version, now=now)
