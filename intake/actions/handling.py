"""Handling: what an agency does with a petition before it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import insert, update

from intake.actions.acceptance import (
    CheckedFile,
    check_acceptable,
    check_representatives,
    confirmed_term,
)
from intake.actions.change import begin, check_day, required
from intake.actions.filing import RECEIVED, new_uid
from intake.actions.instances import note_second_complaint
from intake.duplicates import band_keys
from intake.eligibility import missing_items
from intake.errors import InvalidInput, ItemsMissing, NotFound
from intake.grounds import pick_ground
from intake.office import Office
from intake.officers import Officer
from intake.permissions import check_can_view, is_accused_side
from intake.petition import Petition, PetitionKind
from intake.refusals import refusal
from intake.status import Action
from intake.store.engine import Transaction
from intake.store.petitions import (
    add_clock_event,
    content_of,
    get_petition,
    handlings_of,
    open_handling,
    replace_bands,
    search_text,
    start_handling,
    update_handling,
)
from intake.store.tables import cases, petitions, route_feedback

# The signs of a denunciation that may not be forwarded twice are the handling rows themselves.
_FORWARDED = "forwarded"
NOTHING_CHECKED = CheckedFile()
# Facts an officer establishes that have no field of their own; codes of `law/names.toml`.
FACTS = frozenset(
    {
        "forwarded_by_elected_body",
        "presented_in_person",
        "already_sent_to_competent_body",
        "state_secret",
    }
)


def accept(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    now: datetime,
    version: int | None = None,
    on: date | None = None,
    document_number: str = "",
    file: CheckedFile = NOTHING_CHECKED,
) -> Petition:
    """Accept (thụ lý) a petition: the term for settling it runs from `on` (default today).

    Args:
        file: what the officer found in the file of a group, a second complaint, or a complaint
            that may be out of time (see `CheckedFile`).

    Raises:
        ItemsMissing: the law's items are not there (a complaint only typed in a chat lacks the
            signature, a group's petition the written appointment); names them.
        LawRefuses: mixed content must be split first; no petition at all can't be accepted; and
            whatever `check_acceptable` refuses.
        InvalidInput: `on` lies in the future or before the legal receipt.
    """
    change = begin(office, tx, officer, reference, Action.ACCEPT, version=version, now=now)
    petition = change.petition
    if petition.kind in (PetitionKind.MIXED, PetitionKind.OTHER):
        raise refusal("split_first", Action.ACCEPT)
    content = content_of(tx, office.sealer, petition)
    missing = missing_items(
        petition.kind,
        text=content.text,
        answers=content.answers,
        petitioners=content.petitioners,
        signed=not petition.is_message_only,
    )
    # A signed paper carries identity and details itself; only what paper can't replace is asked.
    if not petition.is_message_only:
        missing = tuple(item for item in missing if item.taken_from == "text")
    if missing:
        raise ItemsMissing(
            items=[item.code for item in missing],
            citation="; ".join(dict.fromkeys(item.citation for item in missing)),
        )
    checked = check_acceptable(change, content, file)
    day = on or change.today
    check_day("on", day, not_before=petition.legal_received_on, today=change.today)
    add_clock_event(tx, petition.id, "accepted", day, document_number=document_number.strip())
    change.processed(
        "accepted", eligible=True, competent=True, outcome_document=document_number.strip() or None
    )
    if petition.agency is not None:
        _learn(tx, petition, petition.agency, officer, now)  # whoever accepts confirms the route
    return change.finish(
        {
            **checked.changes,
            "accepted_on": day,
            "assigned_to": petition.assigned_to or officer.username,
        },
        values={
            "on": day.isoformat(),
            "document_number": document_number.strip(),
            **checked.values,
        },
    )


def reject(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    ground: str,
    now: datetime,
    version: int | None = None,
    document_number: str = "",
    explanation: str = "",
) -> Petition:
    """Refuse to accept (không thụ lý), on a lawful ground; the citizen is told ground and source.

    Raises:
        InvalidInput: the ground does not exist for this kind.
    """
    change = begin(office, tx, officer, reference, Action.REJECT, version=version, now=now)
    picked = pick_ground("reject", change.petition.kind, ground, change.today)
    add_clock_event(tx, change.petition.id, "rejected", change.today)
    if not picked.eligible:
        # What was no eligible petition is kept for the term of TT 05/2021 Điều 28.
        add_clock_event(tx, change.petition.id, "archived", change.today)
    change.processed(
        "archived",
        eligible=picked.eligible,
        competent=True,
        outcome_document=document_number.strip() or None,
    )
    return change.finish(
        {"closed_at": now},
        values={"ground": picked.code, "document_number": document_number.strip()},
        notice={
            "label": picked.label,
            "citation": picked.citation,
            "explanation": explanation.strip(),
        },
    )


def guide(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    agency: str,
    explanation: str,
    now: datetime,
    version: int | None = None,
    document_number: str = "",
) -> Petition:
    """Guide the person to the body that is competent (hướng dẫn), courts included.

    Raises:
        UnknownAgency: no such body today.
        LawRefuses: a denunciation in writing is forwarded, not guided away.
    """
    change = begin(office, tx, officer, reference, Action.GUIDE, version=version, now=now)
    target = office.directory.get_on(agency, change.today)
    if (
        change.petition.kind is PetitionKind.TC
        and not change.petition.is_message_only
        and target.competent
    ):
        raise refusal("denunciation_is_forwarded", Action.GUIDE)
    add_clock_event(tx, change.petition.id, "guided", change.today)
    change.processed(
        "guided", eligible=True, competent=False, outcome_document=document_number.strip() or None
    )
    return change.finish(
        {"closed_at": now},
        values={"to": target.code, "document_number": document_number.strip()},
        notice={"explanation": required("explanation", explanation)},
    )


def forward(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    agency: str,
    reason: str,
    now: datetime,
    version: int | None = None,
    document_number: str = "",
) -> Petition:
    """Forward the file to the competent agency (chuyển đơn) and tell the citizen.

    Raises:
        LawRefuses: a complaint at the wrong door is guided back to the person; a denunciation is
            forwarded once; nothing goes to an accused body.
        InvalidInput: the agency has it, or had it already (no circles).
        UnknownAgency: no such agency today.
    """
    change = begin(office, tx, officer, reference, Action.FORWARD, version=version, now=now)
    petition = change.petition
    if petition.kind.is_complaint and not petition.is_message_only:
        raise refusal("complaint_is_guided", Action.FORWARD)
    target = _receiving_agency(office, petition, agency, change.today, Action.FORWARD)
    stays = handlings_of(tx, petition.id)
    if petition.kind is PetitionKind.TC and any(row["outcome"] == _FORWARDED for row in stays):
        raise refusal("denunciation_once", Action.FORWARD)
    if any(row["agency"] == target for row in stays):
        raise InvalidInput(field="agency", reason="had_it_before")
    reason = required("reason", reason)
    add_clock_event(tx, petition.id, "forwarded", change.today)
    change.processed(
        _FORWARDED,
        eligible=True,
        competent=False,
        forwarded_to=target,
        outcome_document=document_number.strip() or None,
    )
    start_handling(tx, petition.id, target, "forwarded", change.today)
    _learn(tx, petition, target, officer, now)
    return change.finish(
        {
            "agency": target,
            "agency_class": office.directory.get(target).agency_class,
            "assigned_to": None,
            "own_competence": True,
        },
        values={"from": petition.agency, "document_number": document_number.strip()},
        notice={"reason": reason},
    )


def reroute(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    agency: str,
    now: datetime,
    version: int | None = None,
) -> Petition:
    """Correct the machine's route before any agency has worked on the petition.

    This is no forwarding in law: the petition was put on the wrong pile, and no form counts it.

    Raises:
        LawRefuses: the agency is accused.
        InvalidInput: somebody has already dealt with the petition.
    """
    change = begin(office, tx, officer, reference, Action.REROUTE, version=version, now=now)
    petition = change.petition
    handling = open_handling(tx, petition.id)
    if handling is None or handling["processed_on"] is not None:
        raise InvalidInput(field="agency", reason="already_handled")
    target = _receiving_agency(office, petition, agency, change.today, Action.REROUTE)
    if target == petition.agency:
        raise InvalidInput(field="agency", reason="had_it_before")
    update_handling(tx, handling["id"], {"agency": target})
    _learn(tx, petition, target, officer, now)
    return change.finish(
        {
            "agency": target,
            "agency_class": office.directory.get(target).agency_class,
            "assigned_to": None,
            "own_competence": True,
        },
        values={"from": petition.agency},
    )


def reclassify(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    kind: PetitionKind,
    now: datetime,
    version: int | None = None,
    instance: int | None = None,
    fields: Sequence[str] | None = None,
    remote: bool | None = None,
    several_places: bool | None = None,
    dismissal: bool | None = None,
    own_competence: bool | None = None,
    facts: Mapping[str, bool] | None = None,
    acceptance_rule: str | None = None,
    as_information: bool | None = None,
) -> Petition:
    """Correct the kind by the petition's content (TT 05/2021 Điều 6 k1); its clocks follow.

    Args:
        remote, several_places, dismissal: facts on which the law's terms depend: a remote area,
            checks in several places, a disciplinary dismissal.
        own_competence: whether this agency is competent; if not, the term for passing the petition
            on runs instead of the term for accepting it.
        facts: which of `FACTS` hold and which do not; what is not named stays as it is.
        acceptance_rule: which term for accepting applies, where the law leaves it open.
        as_information: the denunciation is anonymous or not in due form, so it is information with
            the content of one (Luật TC Điều 25): inspected or forwarded, without its terms.

    Raises:
        InvalidInput: nothing changes, the kind is none of a petition or no denunciation, a fact
            does not exist, or there is no such choice of terms.
        LawRefuses: the officer is not cleared for denunciations but would make one.
    """
    change = begin(office, tx, officer, reference, Action.RECLASSIFY, version=version, now=now)
    petition = change.petition
    if as_information and kind is not PetitionKind.TC:
        raise InvalidInput(field="as_information", reason="other_kind")
    given = facts or {}
    if not FACTS.issuperset(given):
        raise InvalidInput(field="facts", reason="unknown")
    found = {
        "remote": petition.remote if remote is None else remote,
        "several_places": petition.several_places if several_places is None else several_places,
        "dismissal": petition.dismissal if dismissal is None else dismissal,
        "own_competence": petition.own_competence if own_competence is None else own_competence,
        "acceptance_rule": confirmed_term(change, kind, acceptance_rule),
        "as_information": kind is PetitionKind.TC
        and (petition.as_information if as_information is None else as_information),
    }
    named = sorted(fact for fact in FACTS if given.get(fact, fact in petition.facts))
    same_facts = named == list(petition.facts) and all(
        getattr(petition, name) == value for name, value in found.items()
    )
    if kind is PetitionKind.OTHER or (
        kind is petition.kind
        and instance in (None, petition.instance)
        and fields is None
        and same_facts
    ):
        raise InvalidInput(field="kind", reason="unchanged")
    content = content_of(tx, office.sealer, petition)
    if kind.may_hold_denunciation is not petition.kind.may_hold_denunciation:
        secret = kind.may_hold_denunciation
        replace_bands(tx, petition.id, () if secret else band_keys(content.text))
    tx.execute(
        update(petitions)
        .where(petitions.c.id == petition.id)
        .values(search_text=search_text(kind, petition.reference, content.text, content.place_text))
    )
    return change.finish(
        {
            "kind": kind,
            "instance": instance or petition.instance,
            "fields": list(petition.fields if fields is None else fields),
            "facts": named,
            **found,
        },
        values={"from": petition.kind, "to": kind, "facts": named, **found},
        notify=kind is not petition.kind,
    )


def receive_signed(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    on: date,
    now: datetime,
    version: int | None = None,
    people: int | None = None,
    representatives: int | None = None,
    appointment: bool = False,
    all_signed: bool = False,
    anonymous: bool = False,
) -> Petition:
    """Record that the signed petition has come: from `on` the law's clocks run (§ Luật KN Điều 8).

    Args:
        people: how many signed it; `all_signed`: that is everybody concerned.
        representatives: how many represent them; `appointment`: their written appointment is
            attached.
        anonymous: the paper too leaves open who wrote it.

    Raises:
        InvalidInput: it was recorded before, or the day lies in the future.
        LawRefuses: that many people need another number of representatives.
    """
    change = begin(office, tx, officer, reference, Action.RECEIVE_SIGNED, version=version, now=now)
    petition = change.petition
    if not petition.is_message_only:
        raise InvalidInput(field="on", reason="already_received")
    check_day("on", on, not_before=None, today=change.today)
    count = people or petition.people
    if representatives is not None:
        check_representatives(office, replace(petition, people=count), representatives, on)
    add_clock_event(tx, petition.id, RECEIVED, on)
    handling = open_handling(tx, petition.id)
    if handling is not None:
        update_handling(tx, handling["id"], {"received_on": on})
    return change.finish(
        {
            "legal_received_on": on,
            "people": count,
            "representatives": representatives,
            "appointment": appointment,
            "all_signed": all_signed,
            "anonymous": anonymous,
        },
        values={"on": on.isoformat(), "representatives": representatives},
    )


def assign(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    to: Officer,
    now: datetime,
    version: int | None = None,
) -> Petition:
    """Give the petition to an officer of the same agency.

    Raises:
        InvalidInput: that officer may not see it or works elsewhere.
    """
    change = begin(office, tx, officer, reference, Action.ASSIGN, version=version, now=now)
    if to.agency != change.petition.agency:
        raise InvalidInput(field="to", reason="other_agency")
    try:
        check_can_view(to, change.petition, office.directory)
    except NotFound as error:
        raise InvalidInput(field="to", reason="may_not_see") from error
    return change.finish({"assigned_to": to.username}, values={"to": to.username})


def request_information(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    message: str,
    now: datetime,
    version: int | None = None,
) -> Petition:
    """Ask the citizen for something; the question reaches the same chat."""
    change = begin(
        office, tx, officer, reference, Action.REQUEST_INFORMATION, version=version, now=now
    )
    return change.finish({}, notice={"message": required("message", message, longest=1_500)})


def link(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    to: str,
    now: datetime,
    version: int | None = None,
) -> Petition:
    """Put two petitions into one case (vụ việc). Each keeps its own clock and its own petitioner.

    Raises:
        InvalidInput: a petition linked to itself, or both already in one case.
        NotFound: the officer may not know of the other one.
    """
    change = begin(office, tx, officer, reference, Action.LINK, version=version, now=now)
    petition = change.petition
    other = get_petition(tx, to)
    check_can_view(officer, other, office.directory)
    if other.id == petition.id:
        raise InvalidInput(field="to", reason="itself")
    if other.case_id is not None and other.case_id == petition.case_id:
        raise InvalidInput(field="to", reason="unchanged")
    case_id = other.case_id or petition.case_id
    if case_id is None:
        case_id = new_case(tx, agency=petition.agency, opened_on=change.today)
    if other.case_id != case_id:
        tx.execute(
            update(petitions)
            .where(petitions.c.id == other.id)
            .values(case_id=case_id, version=other.version + 1, updated_at=now)
        )
    changed = change.finish({"case_id": case_id}, values={"to": other.reference})
    if changed.instance != 2:
        note_second_complaint(office, tx, case_id, by=change.actor, now=now)
    return get_petition(tx, reference)


def new_case(tx: Transaction, *, agency: str | None, opened_on: date, field: str = "") -> int:
    """Open a case (vụ việc); returns its id."""
    return int(
        tx.execute(
            insert(cases)
            .values(uid=new_uid(), agency=agency, opened_on=opened_on, field=field)
            .returning(cases.c.id)
        ).scalar_one()
    )


def _receiving_agency(
    office: Office, petition: Petition, code: str, today: date, action: Action
) -> str:
    target = office.directory.get_on(code, today)
    if not target.competent:
        raise refusal("guide_only", action)
    if petition.accused and is_accused_side(target.code, petition.accused, office.directory):
        raise refusal("never_to_the_accused", action)
    return target.code


def _learn(
    tx: Transaction, petition: Petition, chosen: str, officer: Officer, now: datetime
) -> None:
    tx.execute(
        insert(route_feedback).values(
            petition_id=petition.id,
            proposed=petition.agency,
            chosen=chosen,
            by=officer.username,
            at=now,
        )
    )
