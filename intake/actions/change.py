"""The common course of every action: read, check, change, derive the dates, trace, notify."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from intake.actions.instances import note_second_complaint
from intake.clock import local_date
from intake.due import store_deadlines
from intake.errors import InvalidInput, VersionConflict, WrongStatus
from intake.notices import write_notice
from intake.office import Office
from intake.officers import CITIZEN, Actor, Officer, actor_of
from intake.permissions import check_can_act
from intake.petition import Petition
from intake.status import TRANSITIONS, Action, NoticeKind
from intake.store.engine import Transaction
from intake.store.petitions import get_petition, open_handling, update_handling, update_petition
from intake.timeline import record


@dataclass(frozen=True)
class Change:
    """An action under way on one petition, checked for person and status."""

    office: Office
    tx: Transaction
    petition: Petition
    action: Action
    actor: Actor
    now: datetime

    @property
    def today(self) -> date:
        """The civil day on which it happens."""
        return local_date(self.now)

    def finish(
        self,
        changes: Mapping[str, Any],
        *,
        values: Mapping[str, Any] | None = None,
        notice: Mapping[str, Any] | None = None,
        notify: bool = True,
        stays: bool = False,
        event: str | None = None,
        kind: NoticeKind | None = None,
    ) -> Petition:
        """Write the change with all that belongs to it.

        Args:
            changes: columns of the petition, status aside.
            values: codes, days and numbers for the timeline; no text, no names.
            notice: further values of the notice (may hold text; it is sealed).
            notify: False keeps the notice of the table back.
            stays: True keeps the status although the table would lead on.
            event, kind: name of the entry and notice to send, where the action only partly did
                what the table says.
        """
        row = TRANSITIONS[self.action]
        status = self.petition.status if stays else row.leads[self.petition.status]
        changed = update_petition(
            self.tx, self.petition, {**changes, "status": status}, now=self.now
        )
        changed = store_deadlines(self.office, self.tx, changed, today=self.today)
        if changed.case_id is not None and changed.instance == 2:
            note_second_complaint(
                self.office, self.tx, changed.case_id, by=self.actor, now=self.now
            )
        record(
            self.office.store,
            self.tx,
            petition_id=changed.id,
            event=event or row.event,
            actor=self.actor,
            now=self.now,
            audience="citizen" if row.notice else "officers",
            values={**(values or {}), "agency": changed.agency, "status": status},
        )
        if row.notice and notify:
            self.notify(changed, kind or row.notice, {**(values or {}), **(notice or {})})
        return changed

    def notify(self, petition: Petition, kind: NoticeKind, values: Mapping[str, Any]) -> None:
        """Put one notice to the petitioner beside the change."""
        shared = {
            "reference": petition.reference,
            "kind": petition.kind,
            "agency": petition.agency,
            "due": petition.next_due.isoformat() if petition.next_due else None,
            "rule": petition.next_rule,
        }
        write_notice(
            self.tx, self.office.sealer, petition, kind, {**shared, **values}, now=self.now
        )

    def processed(self, outcome: str, **changes: Any) -> None:
        """Record at the agency's handling row that the petition has been dealt with."""
        handling = open_handling(self.tx, self.petition.id)
        if handling is not None:
            update_handling(
                self.tx,
                handling["id"],
                # The first day stays: a petition accepted in one quarter and withdrawn in the
                # next was processed in the first, and that quarter's report has been sent.
                {
                    "processed_on": handling["processed_on"] or self.today,
                    "outcome": outcome,
                    **changes,
                },
            )


def begin(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    action: Action,
    *,
    version: int | None,
    now: datetime,
) -> Change:
    """Read the petition and check that this officer may do this now.

    Args:
        version: what the officer last saw; None where the caller has just read it itself.

    Raises:
        NotFound, NotAllowed, WrongStatus, VersionConflict.
    """
    petition = get_petition(tx, reference)
    check_can_act(officer, petition, action, office.directory)
    if version is not None and version != petition.version:
        raise VersionConflict(reference=reference, expected=version, actual=petition.version)
    return Change(office, tx, petition, action, actor_of(officer), now)


def begin_for_citizen(
    office: Office, tx: Transaction, reference: str, action: Action, *, now: datetime
) -> Change:
    """The same for the petitioner, whose right to it the caller has proven.

    Raises:
        NotFound, WrongStatus.
    """
    petition = get_petition(tx, reference)
    if petition.status not in TRANSITIONS[action].leads:
        raise WrongStatus(action=action, status=petition.status)
    return Change(office, tx, petition, action, CITIZEN, now)


def check_day(field: str, day: date, *, not_before: date | None, today: date) -> None:
    """A day an officer typed: not in the future, not before what it follows.

    Raises:
        InvalidInput.
    """
    if day > today:
        raise InvalidInput(field=field, reason="in_the_future")
    if not_before is not None and day < not_before:
        raise InvalidInput(field=field, reason="too_early")


def required(field: str, text: str, *, longest: int = 4_000) -> str:
    """A text an officer must give, trimmed.

    Raises:
        InvalidInput: empty or longer than `longest` characters.
    """
    trimmed = text.strip()
    if not trimmed:
        raise InvalidInput(field=field, reason="empty")
    if len(trimmed) > longest:
        raise InvalidInput(field=field, reason="too_long")
    return trimmed
