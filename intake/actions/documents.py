"""Giving the office's documents to the petitioner, with the notice an action has just written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update

from intake.attachments import is_stored
from intake.documents import MOST, Delivery, kept_documents
from intake.errors import InvalidInput
from intake.notices import NoticeState, newest_notice
from intake.office import Office
from intake.officers import Officer, actor_of
from intake.petition import Petition
from intake.status import TRANSITIONS, Action
from intake.store.engine import Transaction
from intake.store.tables import documents
from intake.timeline import record

EVENT = "documents_sent"


def carries_documents(action: Action) -> bool:
    """Whether an action tells the citizen something, so that documents can go with it."""
    return TRANSITIONS[action].notice is not None


def give_documents(
    office: Office,
    tx: Transaction,
    officer: Officer,
    petition: Petition,
    uids: Sequence[str],
    *,
    after: int,
    now: datetime,
) -> None:
    """Put documents behind the notice the caller's transaction has written, and record which.

    Args:
        petition: as the action left it.
        uids: what the officer handed in before, in the order in which the citizen gets it.
        after: number of the petition's last notice before the action.

    Raises:
        InvalidInput: too many, none the officer keeps for this petition, or the action told the
            citizen nothing this time.
    """
    wanted = list(dict.fromkeys(uids))
    if not wanted:
        return
    if len(wanted) > MOST:
        raise InvalidInput(field="documents", reason="too_many_documents")
    number, notice_id, state = newest_notice(tx, petition.id)
    if number <= after:
        raise InvalidInput(field="documents", reason="nothing_told")
    kept = {each.uid: each for each in kept_documents(office, tx, officer, petition.id)}
    if not kept.keys() >= set(wanted):
        raise InvalidInput(field="documents", reason="unknown_document")
    no_channel = state == NoticeState.NO_CHANNEL
    for position, uid in enumerate(wanted, start=1):
        if not is_stored(office, kept[uid].sha256):
            raise InvalidInput(field="documents", reason="missing")
        tx.execute(
            update(documents)
            .where(documents.c.id == kept[uid].id)
            .values(
                notice_id=notice_id,
                position=position,
                delivery=Delivery.BY_CODE if no_channel else Delivery.WAITING,
            )
        )
    record(
        office.store, tx,
        petition_id=petition.id, event=EVENT, actor=actor_of(officer), now=now,
        audience="citizen", values={"documents": wanted, "notice": number},
    )  # fmt: skip
