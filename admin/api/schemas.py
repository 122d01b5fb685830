"""What the API answers, as schemas. Identity is absent by construction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel, Field

from admin import wording
from admin.dossier import Dossier
from intake.clock import local_date
from intake.deadlines import Deadline
from intake.directory import Agency
from intake.documents import Document
from intake.grounds import Ground
from intake.notices import Notice
from intake.office import Office
from intake.officers import Officer
from intake.petition import Attachment, Petition, PetitionKind
from intake.status import Action, PetitionStatus, Role
from intake.timeline import TimelineEntry


class Token(BaseModel):
    """A bearer token (RFC 6749 §5.1). `expires_in` in seconds; 30 minutes without use end it."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the kind of token, as RFC 6750 names it
    expires_in: int


class Me(BaseModel):
    """Who the caller is, and what its role may do."""

    username: str
    display_name: str
    role: Role
    agency: str
    agency_name: str
    handles_denunciations: bool


class AgencyOut(BaseModel):
    """An agency of the directory; `score` (0–100) only in the answer to a search."""

    code: str
    agency_class: str
    level: str
    name: str
    short_name: str
    place: str | None
    competent: bool = Field(description="false: citizens are guided there, nothing is forwarded")
    verified: bool
    score: float | None = None


class GroundOut(BaseModel):
    """A lawful reason an officer may pick."""

    code: str
    purpose: str
    kinds: list[PetitionKind]
    label: str
    citation: str
    verified: bool


class PetitionSummary(BaseModel):
    """A petition in a list. `received_at` is absent for a denunciation: the day is enough."""

    reference: str
    version: int
    kind: PetitionKind
    kind_name: str
    status: PetitionStatus
    status_name: str
    agency: str | None
    agency_name: str
    topic: str
    received_on: date
    received_at: datetime | None
    legal_received_on: date | None
    next_due: date | None
    next_rule: str | None
    days_left: int | None = Field(description="calendar days; negative: overdue")
    assigned_to: str | None
    urgent: bool
    people: int
    source: str


class PetitionPage(BaseModel):
    """One page; `next` is the `after` of the following one, null on the last."""

    items: list[PetitionSummary]
    total: int
    next: str | None


class DeadlineOut(BaseModel):
    """A legal date with its derivation. `verified` false: the rule's text was not read yet."""

    rule: str
    stage: str
    start: date
    nominal: date
    due: date
    state: str
    citation: str
    verified: bool
    steps: list[str]


class AttachmentOut(BaseModel):
    """A file of the petition; `size` in bytes. `scan`: waiting, clean or infected."""

    uid: str
    name: str
    media_type: str
    size: int
    sha256: str
    scan: str
    finding: str
    to_be_heard: bool


class StepOut(BaseModel):
    """Something owed that `record-step` records when it is done."""

    event: str
    name: str
    rule: str
    due: date


class OccurrenceOut(BaseModel):
    """Something that `record-step` records when it comes about; it starts the stages named.

    `planned`: it may lie ahead. `timed`: the time of day is asked too.
    """

    event: str
    name: str
    stages: list[str]
    planned: bool
    timed: bool


class RecordedStepOut(BaseModel):
    """Something recorded by hand that `take-back-step` takes back."""

    id: int
    event: str
    name: str
    on: date
    at: time | None
    document_number: str


class AnswerOut(BaseModel):
    """What the office decided or replied."""

    answered_on: date
    agency: str
    document_number: str
    verdict: str | None
    remedies: dict[str, float]
    text: str


class LikelyDuplicate(BaseModel):
    """Another petition with much the same text; `likeness` from 0 to 1."""

    reference: str
    likeness: float


class PetitionOut(PetitionSummary):
    """One petition with text, dates, allowed actions. `routing`: the machine's reasons."""

    text: str
    answers_given: dict[str, str]
    place_text: str
    commune: str | None
    fields: list[str]
    instance: int
    complex: bool
    anonymous: bool
    as_information: bool
    remote: bool
    several_places: bool
    dismissal: bool
    own_competence: bool
    facts: list[str]
    acceptance_rule: str
    representatives: int | None
    appointment: bool
    all_signed: bool
    accepted_on: date | None
    routing: dict[str, Any]
    deadlines: list[DeadlineOut]
    answers: list[AnswerOut]
    attachments: list[AttachmentOut]
    duplicates: list[LikelyDuplicate]
    linked: list[str]
    allowed_actions: list[Action]
    steps_owed: list[StepOut]
    occurrences: list[OccurrenceOut]
    steps_recorded: list[RecordedStepOut]
    acceptance_terms: list[str]
    identity_openable: bool


class TimelineItem(BaseModel):
    """One thing that happened. `at` is absent where only the day may be known."""

    on: date
    at: datetime | None
    event: str
    event_name: str
    actor_role: Role
    actor: str
    audience: str
    values: dict[str, Any]


class DocumentOut(BaseModel):
    """A document of the office; `size` in bytes.

    `delivery`: waiting, sent (by a platform), shown (in the web chat) or by_code (to be had on the
    web page for petition number and secret).
    """

    uid: str
    name: str
    media_type: str
    size: int
    delivery: str


class NoticeOut(BaseModel):
    """A notice to the citizen and what became of it; its text is with the citizen's channel."""

    number: int
    kind: str
    kind_name: str
    channel: str
    state: str
    state_name: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    documents: list[DocumentOut]


class ActionResult(BaseModel):
    """The petition after an action; `ETag` carries `version`."""

    reference: str
    version: int
    status: PetitionStatus
    agency: str | None
    next_due: date | None


class IdentityAsked(BaseModel):
    """Why the identity is opened; the reason goes into the timeline."""

    reason: str


class PersonOut(BaseModel):
    """One person behind a petition."""

    role: str
    name: str
    address: str
    phone: str
    email: str
    identity_number: str


class IdentityOut(BaseModel):
    """The people behind a petition."""

    reference: str
    people: list[PersonOut]


# ---- from the rules' dataclasses ------------------------------------------------------------


def agency_name(office: Office, code: str | None) -> str:
    """The agency's short name, also of one that no longer exists."""
    return office.directory.get(code).short_name if code else wording.UNKNOWN


def me_of(office: Office, officer: Officer) -> Me:
    """The caller."""
    return Me(
        username=officer.username,
        display_name=officer.display_name,
        role=officer.role,
        agency=officer.agency,
        agency_name=office.directory.get(officer.agency).name,
        handles_denunciations=officer.handles_denunciations,
    )


def agency_of(agency: Agency, score: float | None = None) -> AgencyOut:
    """An agency."""
    return AgencyOut(
        code=agency.code,
        agency_class=agency.agency_class,
        level=agency.level,
        name=agency.name,
        short_name=agency.short_name,
        place=agency.place,
        competent=agency.competent,
        verified=agency.verified,
        score=score,
    )


def ground_of(ground: Ground) -> GroundOut:
    """A ground."""
    return GroundOut(
        code=ground.code,
        purpose=ground.purpose,
        kinds=list(ground.kinds),
        label=ground.label,
        citation=ground.citation,
        verified=ground.verified,
    )


def summary_of(office: Office, petition: Petition, today: date) -> PetitionSummary:
    """A petition in a list."""
    return PetitionSummary(**_summary(office, petition, today))


def petition_of(office: Office, dossier: Dossier, today: date) -> PetitionOut:
    """One petition."""
    petition, content = dossier.petition, dossier.content
    return PetitionOut(
        **_summary(office, petition, today),
        text=content.text,
        answers_given=dict(content.answers),
        place_text=content.place_text,
        commune=petition.commune,
        fields=list(petition.fields),
        instance=petition.instance,
        complex=petition.complex,
        anonymous=petition.anonymous,
        as_information=petition.as_information,
        remote=petition.remote,
        several_places=petition.several_places,
        dismissal=petition.dismissal,
        own_competence=petition.own_competence,
        facts=list(petition.facts),
        acceptance_rule=petition.acceptance_rule,
        representatives=petition.representatives,
        appointment=petition.appointment,
        all_signed=petition.all_signed,
        accepted_on=petition.accepted_on,
        routing=dict(petition.routing),
        deadlines=[deadline_of(row) for row in dossier.due.deadlines],
        answers=[AnswerOut.model_validate(dict(row)) for row in dossier.answers],
        attachments=[attachment_of(row) for row in dossier.attachments],
        duplicates=[
            LikelyDuplicate(reference=row.petition.reference, likeness=round(row.likeness, 2))
            for row in dossier.duplicates
        ],
        linked=[row.reference for row in dossier.linked],
        allowed_actions=list(dossier.allowed),
        steps_owed=[
            StepOut(event=step.event, name=step.name, rule=step.rule, due=step.due)
            for step in dossier.steps
        ],
        occurrences=[
            OccurrenceOut(
                event=row.event,
                name=row.name,
                stages=list(row.stages),
                planned=row.planned,
                timed=row.timed,
            )
            for row in dossier.occurrences
        ],
        steps_recorded=[
            RecordedStepOut(
                id=row.id,
                event=row.event,
                name=row.name,
                on=row.on,
                at=row.at,
                document_number=row.document_number,
            )
            for row in dossier.recorded
        ],
        acceptance_terms=[rule.id for rule in dossier.acceptance_terms],
        identity_openable=dossier.identity_openable,
    )


def deadline_of(row: Deadline) -> DeadlineOut:
    """A legal date."""
    return DeadlineOut(
        rule=row.rule,
        stage=row.stage,
        start=row.start,
        nominal=row.nominal,
        due=row.due,
        state=row.state,
        citation=row.citation,
        verified=row.verified,
        steps=list(row.steps),
    )


def attachment_of(row: Attachment) -> AttachmentOut:
    """A file."""
    return AttachmentOut(
        uid=row.uid,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        scan=row.scan,
        finding=row.finding,
        to_be_heard=row.to_be_heard,
    )


def entry_of(petition: Petition, entry: TimelineEntry) -> TimelineItem:
    """A timeline entry; when a denouncer wrote is known by the day only."""
    return TimelineItem(
        on=local_date(entry.at),
        at=None if is_coarse(petition, entry) else entry.at,
        event=entry.event,
        event_name=wording.EVENTS.get(entry.event, entry.event),
        actor_role=entry.actor_role,
        actor=entry.actor,
        audience=entry.audience,
        values=dict(entry.values),
    )


def is_coarse(petition: Petition, entry: TimelineEntry) -> bool:
    """Whether only the day of the entry may be shown (an exact time points at a denouncer)."""
    return petition.kind.may_hold_denunciation and entry.actor_role is Role.CITIZEN


def notice_of(petition: Petition, notice: Notice, documents: Sequence[Document]) -> NoticeOut:
    """A notice, with those of the petition's documents that went with it.

    `sent_at` may be the moment at which a denouncer looked, so it isn't told then.
    """
    return NoticeOut(
        number=notice.number,
        kind=notice.kind,
        kind_name=wording.NOTICES[notice.kind],
        channel=notice.channel,
        state=notice.state,
        state_name=wording.NOTICE_STATES[notice.state],
        attempts=notice.attempts,
        created_at=notice.created_at,
        sent_at=None if petition.kind.may_hold_denunciation else notice.sent_at,
        documents=[document_of(each) for each in documents if each.notice_id == notice.id],
    )


def document_of(document: Document) -> DocumentOut:
    """A document."""
    return DocumentOut(
        uid=document.uid,
        name=document.name,
        media_type=document.media_type,
        size=document.size,
        delivery=document.delivery,
    )


def result_of(petition: Petition) -> ActionResult:
    """The petition after an action."""
    return ActionResult(
        reference=petition.reference,
        version=petition.version,
        status=petition.status,
        agency=petition.agency,
        next_due=petition.next_due,
    )


def _summary(office: Office, petition: Petition, today: date) -> Mapping[str, Any]:
    secret = petition.kind.may_hold_denunciation
    return {
        "reference": petition.reference,
        "version": petition.version,
        "kind": petition.kind,
        "kind_name": wording.KINDS[petition.kind],
        "status": petition.status,
        "status_name": wording.STATUSES[petition.status],
        "agency": petition.agency,
        "agency_name": agency_name(office, petition.agency),
        "topic": petition.topic,
        "received_on": local_date(petition.received_at),
        "received_at": None if secret else petition.received_at,
        "legal_received_on": petition.legal_received_on,
        "next_due": petition.next_due,
        "next_rule": petition.next_rule,
        "days_left": (petition.next_due - today).days if petition.next_due else None,
        "assigned_to": petition.assigned_to,
        "urgent": petition.urgent,
        "people": petition.people,
        "source": petition.source,
    }
