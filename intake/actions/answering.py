"""Answering, closing and reopening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from intake.actions.change import begin, check_day, required
from intake.actions.filing import RECEIVED
from intake.errors import InvalidInput
from intake.office import Office
from intake.officers import Officer
from intake.petition import Petition, PetitionKind
from intake.refusals import refusal
from intake.status import Action, PetitionStatus
from intake.store.engine import Transaction
from intake.store.petitions import add_answer, add_clock_event, start_handling

# Verdicts by kind and instance, as forms 03/GQKN and 04/GQTC count them (TT 06/2025/TT-TTCP).
VERDICTS: Mapping[tuple[PetitionKind, int], tuple[str, ...]] = {
    (PetitionKind.KN, 1): ("true", "false", "partly_true"),
    (PetitionKind.KN, 2): ("upheld", "changed"),
    (PetitionKind.KN_KL, 1): ("true", "false", "partly_true"),
    (PetitionKind.KN_KL, 2): ("upheld", "changed"),
    (PetitionKind.TC, 1): ("true", "false", "partly_true"),
    (PetitionKind.TC, 2): ("true", "false", "partly_true"),
}
# What a decision recovers or returns: money in million đồng, land in m², organisations, people.
REMEDIES = (
    "state_money",
    "state_land",
    "returned_money",
    "returned_land",
    "returned_organisations",
    "returned_people",
    "disciplined_organisations",
    "disciplined_people",
    "disciplined_officials",
    "police_cases",
    "police_people",
    "police_officials",
)
_EVENTS = {
    PetitionKind.KN: "decided",
    PetitionKind.KN_KL: "decided",
    PetitionKind.TC: "conclusion_issued",
}


@dataclass(frozen=True)
class Answer:
    """What the office decided or replied. `remedies`: see `REMEDIES`, numbers ≥ 0."""

    text: str
    document_number: str = ""
    verdict: str | None = None
    on: date | None = None
    remedies: Mapping[str, float] = field(default_factory=dict)


def answer(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    given: Answer,
    *,
    now: datetime,
    version: int | None = None,
) -> Petition:
    """Answer a petition: a decision (complaint), a conclusion (denunciation) or a reply.

    A denouncer reads in the chat only that there is a result and where; the text stays with the
    file. Information with the content of a denunciation is answered by what its inspection found.

    Raises:
        LawRefuses: a complaint or denunciation must be accepted first.
        InvalidInput: empty text, missing document number or verdict, a day out of range.
    """
    change = begin(office, tx, officer, reference, Action.ANSWER, version=version, now=now)
    petition = change.petition
    settled_in_form = petition.kind in _EVENTS and not petition.as_information
    if settled_in_form and petition.status is not PetitionStatus.ACCEPTED:
        raise refusal("accept_first", Action.ANSWER)
    if petition.kind in (PetitionKind.MIXED, PetitionKind.OTHER):
        raise refusal("split_first", Action.ANSWER)
    text = required("text", given.text, longest=20_000)
    number = given.document_number.strip()
    verdict = given.verdict or None
    if settled_in_form:
        number = required("document_number", number, longest=80)
        if verdict not in VERDICTS[petition.kind, petition.instance]:
            raise InvalidInput(field="verdict", reason="unknown")
    elif verdict is not None:
        raise InvalidInput(field="verdict", reason="unknown")
    if any(name not in REMEDIES or amount < 0 for name, amount in given.remedies.items()):
        raise InvalidInput(field="remedies", reason="unknown")
    day = given.on or change.today
    not_before = petition.accepted_on or petition.legal_received_on
    check_day("on", day, not_before=not_before, today=change.today)
    add_answer(
        tx,
        {
            "petition_id": petition.id,
            "agency": petition.agency,
            "answered_on": day,
            "document_number": number,
            "instance": petition.instance,
            "verdict": verdict,
            "remedies": dict(given.remedies),
            "text_sealed": office.sealer.seal(text, about=f"answer:{petition.reference}"),
        },
    )
    event = _EVENTS[petition.kind] if settled_in_form else "answered"
    add_clock_event(tx, petition.id, event, day, document_number=number)
    if petition.as_information:
        change.processed("information", eligible=False, competent=True)
    elif not settled_in_form and petition.status is not PetitionStatus.ACCEPTED:
        change.processed("accepted", eligible=True, competent=True)
    shown = {} if petition.kind.may_hold_denunciation else {"text": text}
    return change.finish(
        {"closed_at": now},
        values={"on": day.isoformat(), "document_number": number, "verdict": verdict},
        notice=shown,
    )


def close(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    now: datetime,
    version: int | None = None,
) -> Petition:
    """Close a petition that has come to its end; the file is kept."""
    change = begin(office, tx, officer, reference, Action.CLOSE, version=version, now=now)
    return change.finish({"closed_at": change.petition.closed_at or now})


def reopen(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    reason: str,
    now: datetime,
    version: int | None = None,
) -> Petition:
    """Take a petition up again: a new stay with a new clock; what was before stays on record."""
    change = begin(office, tx, officer, reference, Action.REOPEN, version=version, now=now)
    petition = change.petition
    note = required("reason", reason)
    start_handling(tx, petition.id, str(petition.agency), "reopened", change.today)
    add_clock_event(tx, petition.id, "reopened", change.today)
    if not petition.is_message_only:
        add_clock_event(tx, petition.id, RECEIVED, change.today)
    return change.finish(
        {"accepted_on": None, "closed_at": None, "complex": False, "acceptance_rule": ""},
        notice={"reason": note},
    )
