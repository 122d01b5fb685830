"""Filing: a finished submission becomes a petition with a receipt."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from intake.actions.instances import note_second_complaint
from intake.clock import local_date
from intake.due import store_deadlines
from intake.duplicates import band_keys
from intake.errors import InvalidInput, UnknownAgency
from intake.notices import write_notice
from intake.office import Office
from intake.officers import CITIZEN, Actor
from intake.permissions import is_accused_side
from intake.petition import Petition, PetitionKind, Submission
from intake.receipts import hash_secret, new_reference, new_secret
from intake.status import NoticeKind, PetitionStatus
from intake.store.engine import Transaction
from intake.store.petitions import (
    add_clock_event,
    attach,
    get_petition_by_id,
    insert_bands,
    insert_petition,
    insert_petitioners,
    seal_content,
    search_text,
    start_handling,
)
from intake.text import clean
from intake.timeline import record

LONGEST_TEXT = 50_000
_MOST_PEOPLE = 100_000

MESSAGE_RECEIVED = "message_received"
RECEIVED = "received"

# Kinds whose legal receipt is a signed paper or an appearance in person, never a message
# (Luật KN Điều 8, Luật TC Điều 22-23).
_SIGNED_KINDS = (PetitionKind.KN, PetitionKind.KN_KL, PetitionKind.TC, PetitionKind.MIXED)


@dataclass(frozen=True)
class Receipt:
    """The two codes of a new petition; `secret_hash` is what is stored."""

    reference: str
    secret: str
    secret_hash: str


@dataclass(frozen=True)
class Filed:
    """What the citizen is told: the petition and, this once, its secret part."""

    petition: Petition
    secret: str


def new_receipt(office: Office, *, now: datetime) -> Receipt:
    """Codes for one petition. About 30 ms of hashing: call it before opening the transaction."""
    secret = new_secret()
    reference = new_reference(office.directory.province.prefix, local_date(now))
    return Receipt(reference, secret, hash_secret(secret))


def file_petition(
    office: Office,
    tx: Transaction,
    submission: Submission,
    receipt: Receipt,
    *,
    now: datetime,
    actor: Actor = CITIZEN,
    notify: bool = False,
) -> Filed:
    """Register a submission: petition, handling, clock, duplicates' keys, timeline, in one go.

    Args:
        notify: also write the receipt as a notice; a dialogue shows it in its own reply instead.

    Raises:
        InvalidInput: the text is empty or too long, or a number is out of range.
    """
    text = clean(submission.text).strip()
    if not text:
        raise InvalidInput(field="text", reason="empty")
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(field="text", reason="too_long")
    if not 1 <= submission.people <= _MOST_PEOPLE:
        raise InvalidInput(field="people", reason="out_of_range")
    if submission.instance not in (1, 2):
        raise InvalidInput(field="instance", reason="out_of_range")

    today = local_date(now)
    agency = _responsible(office, submission, now)
    legal_received_on = submission.signed_on
    if legal_received_on is None and submission.kind not in _SIGNED_KINDS:
        legal_received_on = today
    petition_id = insert_petition(
        tx,
        {
            "reference": receipt.reference,
            "version": 1,
            "kind": submission.kind,
            "status": PetitionStatus.RECEIVED,
            "source": submission.source,
            "received_at": now,
            "legal_received_on": legal_received_on,
            "agency": agency,
            "agency_class": office.directory.get(agency).agency_class,
            "commune": submission.commune,
            "topic": submission.topic,
            "fields": list(submission.fields),
            "instance": submission.instance,
            "people": submission.people,
            "anonymous": submission.anonymous,
            "urgent": submission.urgent,
            "language": submission.language,
            "case_id": submission.case_id,
            "conversation_id": submission.conversation_id,
            "accused": list(submission.accused),
            "routing": _stored_routing(submission.routing),
            "secret_hash": receipt.secret_hash,
            "content_sealed": seal_content(
                office.sealer,
                receipt.reference,
                text=text,
                answers={key: clean(value) for key, value in submission.answers.items()},
                place_text=clean(submission.place_text),
            ),
            "search_text": search_text(
                submission.kind, receipt.reference, text, submission.place_text
            ),
            "updated_at": now,
        },
    )
    insert_petitioners(tx, office.sealer, petition_id, receipt.reference, submission.petitioners)
    attach(tx, petition_id, submission.attachments)
    start_handling(tx, petition_id, agency, submission.source, legal_received_on or today)
    add_clock_event(tx, petition_id, MESSAGE_RECEIVED, today)
    if legal_received_on is not None:
        add_clock_event(tx, petition_id, RECEIVED, legal_received_on)
    if not submission.kind.may_hold_denunciation:
        insert_bands(tx, petition_id, band_keys(text))
    petition = store_deadlines(office, tx, get_petition_by_id(tx, petition_id), today=today)
    if petition.case_id is not None and petition.instance == 2:
        note_second_complaint(office, tx, petition.case_id, by=actor, now=now)
    record(
        office.store,
        tx,
        petition_id=petition_id,
        event="petition_filed",
        actor=actor,
        now=now,
        audience="citizen",
        values={"kind": petition.kind, "agency": agency, "source": petition.source},
    )
    if notify:
        write_notice(
            tx,
            office.sealer,
            petition,
            NoticeKind.FILED,
            {"reference": petition.reference, "agency": agency},
            now=now,
        )
    return Filed(petition, receipt.secret)


def new_uid() -> str:
    """A random name for a record (32 hex digits)."""
    return secrets.token_hex(16)


def _responsible(office: Office, submission: Submission, now: datetime) -> str:
    """The agency that gets the petition: the one chosen, if it may; else the reception centre."""
    centre = office.directory.province.reception_centres[0]
    if submission.agency is None:
        return centre
    try:
        current = office.directory.current(submission.agency, local_date(now))
    except UnknownAgency:
        # A route that still lacks the place names a kind of body, not a body.
        return centre
    if len(current) != 1 or not current[0].competent:
        return centre
    chosen = current[0].code
    if submission.accused and is_accused_side(chosen, submission.accused, office.directory):
        return centre
    return chosen


def _stored_routing(routing: Mapping[str, object]) -> dict[str, Any]:
    """The machine's proposal as kept for explanation; matched words, never the text itself."""
    return dict(routing)
