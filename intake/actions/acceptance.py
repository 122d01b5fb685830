"""What the law asks before a petition may be accepted, beyond what every petition must contain.

Groups (Luật TCD Điều 29), second complaints and time bars (Luật KN Điều 9, 33, 48), anonymous
denunciations (Luật TC Điều 25) and complaints received under the earlier term (NĐ 155/2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from intake.actions.change import Change, check_day
from intake.deadlines import count_term
from intake.eligibility import Item, file_items
from intake.errors import InvalidInput, ItemsMissing
from intake.grounds import pick_ground
from intake.law_phrases import vietnamese_date
from intake.office import Office
from intake.petition import Petition, PetitionContent, PetitionKind
from intake.refusals import refusal
from intake.rules import CALENDAR_DAYS, HUMAN_CONFIRMS, Rule, Threshold
from intake.status import Action
from intake.store.petitions import clock_events_of, open_handling, set_clock_event

_KNOWN = "decision_known"
_BARS = {1: "time_bar_first_complaint", 2: "time_bar_second_complaint"}
# A last day that is no working day rolls on by days; after a year it cannot matter any more, and
# the calendar need not reach so far back.
_LONGEST_ROLL = timedelta(days=366)


@dataclass(frozen=True)
class CheckedFile:
    """What the officer found in the file; None and "" leave what is recorded already.

    `decision_known_on`: the day the decision complained of was received or known; for a second
    complaint the first decision's, or, with `first_unsettled`, the day the first term ran out
    without one. `obstacle`: a ground of purpose "obstacle". `acceptance_rule`: the rule whose term
    for accepting applies, where the law leaves it open.
    """

    representatives: int | None = None
    appointment: bool | None = None
    all_signed: bool | None = None
    decision_known_on: date | None = None
    first_decision_number: str = ""
    first_unsettled: bool = False
    obstacle: str | None = None
    acceptance_rule: str | None = None


@dataclass(frozen=True)
class Checked:
    """What the check leaves behind: columns of the petition, and values of the timeline."""

    changes: dict[str, Any]
    values: dict[str, Any]


def threshold_of(office: Office, petition: Petition, on: date) -> Threshold | None:
    """The rule on representatives a petition of so many people falls under, if any."""
    kind = PetitionKind.KN if petition.kind.is_complaint else petition.kind
    return office.rules.threshold(petition.people, kind, on)


def acceptance_rules(
    office: Office, kind: PetitionKind, received: date, today: date
) -> tuple[Rule, ...]:
    """The terms for accepting an officer must choose between; none where the law is clear.

    A complaint received before a new edition that says nothing about it (NĐ 155/2026 Điều 22).
    `received` is the first day of the present stay: one taken up again was received anew.
    """
    open_ones = [
        rule
        for rule in office.rules.all()
        if kind in rule.kinds
        and rule.transition == HUMAN_CONFIRMS
        and rule.effective_from is not None
        and received < rule.effective_from <= today
    ]
    return tuple(
        rule
        for chosen in open_ones
        for rule in (chosen, *office.rules.editions(chosen.combine_with or chosen.id))
    )


def check_acceptable(change: Change, content: PetitionContent, given: CheckedFile) -> Checked:
    """Refuse what may not be accepted, and say what to write down of the rest.

    Raises:
        ItemsMissing: appointment, representatives, signatures or first decision are not recorded.
        LawRefuses: anonymous denunciation, wrong number of representatives, time bar, open term.
        InvalidInput: a day, ground or rule that cannot be.
    """
    petition = change.petition
    if petition.kind is PetitionKind.TC and (petition.anonymous or petition.as_information):
        raise refusal("anonymous_denunciation", Action.ACCEPT)
    group = _check_group(change, given)
    bar = _check_time_bar(change, content, given) if petition.kind.is_complaint else {}
    term = _check_term(change, given)
    return Checked({**group, **term}, {**group, **bar, **term})


def check_representatives(office: Office, petition: Petition, number: int, on: date) -> None:
    """Whether so many people may represent the group.

    Raises:
        LawRefuses: fewer or more than the threshold says.
    """
    rule = threshold_of(office, petition, on)
    least = (rule and rule.representatives_min) or 1
    most = (rule and rule.representatives_max) or petition.people
    if not least <= number <= most:
        raise refusal(
            "wrong_representatives",
            Action.ACCEPT,
            citation=rule.citation if rule else None,
            verified=rule.verified if rule else None,
            people=petition.people,
            least=least,
            most=most,
            given=number,
        )


def _check_group(change: Change, given: CheckedFile) -> dict[str, Any]:
    petition = change.petition
    if threshold_of(change.office, petition, change.today) is None:
        return {}
    kept = {
        "representatives": given.representatives or petition.representatives,
        "appointment": _said(given.appointment, petition.appointment),
        "all_signed": _said(given.all_signed, petition.all_signed),
    }
    _check_present(petition.kind, {name for name, value in kept.items() if not value})
    check_representatives(change.office, petition, kept["representatives"] or 0, change.today)
    return kept


def _check_time_bar(change: Change, content: PetitionContent, given: CheckedFile) -> dict[str, Any]:
    """A complaint out of time is accepted only over an obstacle (Luật KN Điều 11 k6)."""
    petition = change.petition
    filed = petition.legal_received_on or change.today
    recorded = [row for row in clock_events_of(change.tx, petition.id) if row.event == _KNOWN]
    known_on = given.decision_known_on or (recorded[-1].on if recorded else _told(content))
    number = given.first_decision_number.strip() or (
        recorded[-1].document_number if recorded else ""
    )
    if petition.instance == 2:
        lacking = {"decision_known_on"} if known_on is None else set()
        if not number and not given.first_unsettled:
            lacking.add("first_decision_number")
        _check_present(petition.kind, lacking)
    if known_on is None:
        return {}
    if known_on > filed:
        raise InvalidInput(field="decision_known_on", reason="after_receipt")
    check_day("decision_known_on", known_on, not_before=None, today=change.today)
    values = {
        "decision_known_on": known_on.isoformat(),
        "first_decision_number": number,
        "first_unsettled": given.first_unsettled,
    }
    bar = _bar(change.office, petition, known_on)
    if bar is None:
        return values
    last_day = _last_day(change.office, bar, known_on, filed)
    if filed > last_day:
        if not given.obstacle:
            raise refusal(
                "time_barred",
                Action.ACCEPT,
                citation=bar.citation,
                verified=bar.verified_on(known_on),
                last_day=vietnamese_date(last_day),
            )
        values["obstacle"] = pick_ground("obstacle", petition.kind, given.obstacle, filed).code
    if _calendar_reaches(change.office, known_on):
        set_clock_event(change.tx, petition.id, _KNOWN, known_on, document_number=number)
    return values


def _bar(office: Office, petition: Petition, known_on: date) -> Rule | None:
    """The time bar of this complaint; the second one hangs on the first instance's rules."""
    bits = office.rules.fact_bits
    facts = sum(bits[name] for name in ("remote", "dismissal") if getattr(petition, name))
    for rule in office.rules.all():
        if (
            petition.kind in rule.kinds
            and rule.stage == _BARS[petition.instance]
            and rule.binds(facts, 1)
            and rule.in_force(known_on)
        ):
            return rule
    return None


def _last_day(office: Office, rule: Rule, known_on: date, filed: date) -> date:
    if rule.unit == CALENDAR_DAYS:
        nominal = known_on + timedelta(days=rule.amount or 0)
        if filed <= nominal or filed - nominal > _LONGEST_ROLL:
            return nominal
    return count_term(known_on, rule.amount or 0, rule.unit, office.calendar).due


def _calendar_reaches(office: Office, day: date) -> bool:
    """Whether dates may be derived from that day: the clock refuses years without a calendar."""
    return any(year.year == day.year for year in office.calendar.years)


def _told(content: PetitionContent) -> date | None:
    """The day the petitioner named in the dialogue, which stores it in ISO form."""
    try:
        return date.fromisoformat(content.answers.get("decided_on", ""))
    except ValueError:
        return None


def confirmed_term(change: Change, kind: PetitionKind, chosen: str | None) -> str:
    """The rule for accepting that holds after an officer said `chosen` (None: nothing new).

    Raises:
        InvalidInput: the law leaves nothing open here, or not that rule.
    """
    choices = {rule.id for rule in _choices(change, kind)}
    if not chosen:
        recorded = change.petition.acceptance_rule
        return recorded if recorded in choices else ""
    if chosen not in choices:
        raise InvalidInput(field="acceptance_rule", reason="unknown")
    return chosen


def _check_term(change: Change, given: CheckedFile) -> dict[str, Any]:
    chosen = confirmed_term(change, change.petition.kind, given.acceptance_rule)
    choices = _choices(change, change.petition.kind)
    if choices and not chosen:
        since = choices[0].effective_from
        raise refusal(
            "term_to_confirm", Action.ACCEPT, since=vietnamese_date(since) if since else ""
        )
    return {"acceptance_rule": chosen} if chosen else {}


def _choices(change: Change, kind: PetitionKind) -> tuple[Rule, ...]:
    stay = open_handling(change.tx, change.petition.id)
    received = stay["received_on"] if stay else change.today
    return acceptance_rules(change.office, kind, received, change.today)


def _check_present(kind: PetitionKind, lacking: set[str]) -> None:
    kin = PetitionKind.KN if kind.is_complaint else kind
    missing: tuple[Item, ...] = file_items(kin, lacking)
    if missing:
        raise ItemsMissing(
            items=[item.code for item in missing],
            citation="; ".join(dict.fromkeys(item.citation for item in missing)),
        )


def _said(given: bool | None, recorded: bool) -> bool:
    return recorded if given is None else given
