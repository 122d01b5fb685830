"""Reading who sent a petition: a step of its own, with a reason, that leaves a trace."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from intake.errors import NotAllowed
from intake.office import Office
from intake.officers import Officer, actor_of
from intake.permissions import can_see_identity, check_can_view
from intake.petition import Petitioner
from intake.store.engine import Transaction
from intake.store.petitions import content_of, get_petition
from intake.timeline import record


class IdentityReason(StrEnum):
    """Why an officer opens an identity. A code, since the timeline holds no free text."""

    CONTACT_PETITIONER = "contact_petitioner"
    PREPARE_DOCUMENT = "prepare_document"
    VERIFY_IDENTITY = "verify_identity"
    LAWFUL_REQUEST = "lawful_request"


def read_identity(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    reason: IdentityReason,
    now: datetime,
) -> tuple[Petitioner, ...]:
    """The people behind a petition; the reading itself goes into the timeline.

    Raises:
        NotFound: the officer may not know of the petition.
        NotAllowed: another agency's petition, or a denunciation without clearance
            (Luật Tố cáo Điều 8 k3).
    """
    petition = get_petition(tx, reference)
    check_can_view(officer, petition, office.directory)
    if not can_see_identity(officer, petition):
        raise NotAllowed(role=officer.role, action="read-identity", reason="identity")
    record(
        office.store,
        tx,
        petition_id=petition.id,
        event="identity_read",
        actor=actor_of(officer),
        now=now,
        values={"reason": str(reason)},
    )
    return content_of(tx, office.sealer, petition).petitioners
