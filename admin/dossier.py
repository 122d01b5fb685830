"""Everything an officer may see of one petition, read in one consistent view.

The console's page and the API's answer are two ways of showing it. Identity is not in it: that is
a step of its own (`intake.identity`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from intake.actions.acceptance import acceptance_rules
from intake.attachments import attachments_of
from intake.documents import Document, given_documents, kept_documents
from intake.due import DueView, due_view
from intake.duplicates import band_keys, similarity
from intake.notices import Notice, notices_of
from intake.obligations import (
    Occurrence,
    RecordedStep,
    Step,
    owed_steps,
    possible_occurrences,
    recorded_steps,
)
from intake.office import Office
from intake.officers import Officer
from intake.permissions import can_act, can_see_identity, can_view, check_can_view
from intake.petition import Attachment, Petition, PetitionContent
from intake.rules import Rule
from intake.status import Action
from intake.store.engine import Transaction
from intake.store.petitions import (
    answers_of,
    clock_events_of,
    content_of,
    get_petition,
    get_petition_by_id,
    handlings_of,
    sharing_bands,
)
from intake.store.tables import petitions
from intake.timeline import TimelineEntry, entries_of

# Two texts this alike (0–1, shared runs of syllables) are worth an officer's glance.
_ALIKE = 0.5
_MOST_DUPLICATES = 5


@dataclass(frozen=True)
class Duplicate:
    """Another petition with much the same text; `likeness` from 0 to 1."""

    petition: Petition
    likeness: float


@dataclass(frozen=True)
class Dossier:
    """One petition with all that belongs to it.

    `allowed`: actions with a button. `steps`: what is owed and recorded by hand. `occurrences`:
    what may come about and is recorded then. `documents`: what the petitioner was given; `kept`:
    what this officer handed in and has not given yet. `acceptance_terms`: the terms for accepting
    between which an officer must choose (none: the law is clear).
    """

    petition: Petition
    content: PetitionContent
    due: DueView
    timeline: Sequence[TimelineEntry]
    notices: Sequence[Notice]
    answers: Sequence[Mapping[str, Any]]
    handlings: Sequence[Mapping[str, Any]]
    attachments: Sequence[Attachment]
    documents: Sequence[Document]
    kept: Sequence[Document]
    duplicates: Sequence[Duplicate]
    linked: Sequence[Petition]
    allowed: tuple[Action, ...]
    steps: tuple[Step, ...]
    occurrences: tuple[Occurrence, ...]
    recorded: tuple[RecordedStep, ...]
    acceptance_terms: tuple[Rule, ...]
    identity_openable: bool


def open_dossier(
    office: Office, tx: Transaction, officer: Officer, reference: str, *, today: date
) -> Dossier:
    """Read a petition for an officer.

    Raises:
        NotFound: there is none, or none this officer may know of.
    """
    petition = viewable_petition(office, tx, officer, reference)
    content = content_of(tx, office.sealer, petition)
    due = due_view(office, tx, petition, today=today)
    steps = owed_steps(office.rules, due)
    happened = clock_events_of(tx, petition.id)
    occurrences = possible_occurrences(office.rules, petition, {row.event for row in happened})
    recorded = recorded_steps(office.rules, happened)
    idle = {
        action
        for action, work in (
            (Action.RECORD_STEP, steps or occurrences),
            (Action.TAKE_BACK_STEP, recorded),
        )
        if not work
    }
    stays = handlings_of(tx, petition.id)
    received = stays[-1]["received_on"] if stays else today
    return Dossier(
        petition=petition,
        content=content,
        due=due,
        timeline=entries_of(tx, petition.id),
        notices=notices_of(tx, office.sealer, petition.id),
        answers=answers_of(tx, office.sealer, petition),
        handlings=stays,
        attachments=attachments_of(office, tx, petition.id),
        documents=given_documents(office, tx, petition.id),
        kept=kept_documents(office, tx, officer, petition.id),
        duplicates=_duplicates(office, tx, officer, petition, content.text),
        linked=_linked(office, tx, officer, petition),
        allowed=tuple(
            action for action in allowed_actions(office, officer, petition) if action not in idle
        ),
        steps=steps,
        occurrences=occurrences,
        recorded=recorded,
        acceptance_terms=acceptance_rules(office, petition.kind, received, today),
        identity_openable=bool(content.petitioners) and can_see_identity(officer, petition),
    )


def viewable_petition(
    office: Office, tx: Transaction, officer: Officer, reference: str
) -> Petition:
    """The petition, if this officer may know of it.

    Raises:
        NotFound: there is none, or none this officer may know of; one answer for both.
    """
    petition = get_petition(tx, reference)
    check_can_view(officer, petition, office.directory)
    return petition


def allowed_actions(office: Office, officer: Officer, petition: Petition) -> tuple[Action, ...]:
    """The actions the officer may take now, in the order of the lifecycle table."""
    return tuple(a for a in Action if can_act(officer, petition, a, office.directory))


def _duplicates(
    office: Office, tx: Transaction, officer: Officer, petition: Petition, text: str
) -> list[Duplicate]:
    """Petitions with much the same text; what may hold a denunciation is compared with nothing."""
    if petition.kind.may_hold_denunciation:
        return []
    found = []
    for other_id in sharing_bands(tx, band_keys(text)):
        if other_id == petition.id:
            continue
        other = get_petition_by_id(tx, other_id)
        if other.kind.may_hold_denunciation or not can_view(officer, other, office.directory):
            continue
        likeness = similarity(text, content_of(tx, office.sealer, other).text)
        if likeness >= _ALIKE:
            found.append(Duplicate(other, likeness))
    return sorted(found, key=lambda row: -row.likeness)[:_MOST_DUPLICATES]


def _linked(
    office: Office, tx: Transaction, officer: Officer, petition: Petition
) -> list[Petition]:
    if petition.case_id is None:
        return []
    ids = tx.execute(
        select(petitions.c.id)
        .where(petitions.c.case_id == petition.case_id, petitions.c.id != petition.id)
        .order_by(petitions.c.id)
    ).scalars()
    others = [get_petition_by_id(tx, other_id) for other_id in ids]
    return [other for other in others if can_view(officer, other, office.directory)]
