"""A notice that has not reached the citizen: an officer has it tried again."""

from __future__ import annotations

from datetime import datetime

from intake.errors import InvalidInput
from intake.notices import try_again
from intake.office import Office
from intake.officers import Officer, actor_of
from intake.permissions import check_can_view
from intake.store.engine import Transaction
from intake.store.petitions import get_petition
from intake.timeline import record


def retry_notice(
    office: Office, tx: Transaction, officer: Officer, reference: str, number: int, *, now: datetime
) -> None:
    """Give a held or dead notice another set of tries, and record who did.

    Args:
        number: of the notice, within the petition.

    Raises:
        NotFound: no petition the officer may know of.
        InvalidInput: there is no such notice, or it reached the citizen or is under way.
    """
    petition = get_petition(tx, reference)
    check_can_view(officer, petition, office.directory)
    if not try_again(tx, petition.id, number, now=now):
        raise InvalidInput(field="notice", reason="not_waiting")
    record(
        office.store, tx,
        petition_id=petition.id, event="notice_retried", actor=actor_of(officer), now=now,
        values={"notice": number},
    )  # fmt: skip
