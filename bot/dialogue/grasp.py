"""What was understood of a draft: its kind, where it goes, and what is still missing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.dialogue.knowledge import AgencyCard, Knowledge
from bot.dialogue.state import Draft
from bot.dialogue.words import decision_in, demand_in
from intake.classification import Classification
from intake.eligibility import Item, missing_items
from intake.letters import parse_letter
from intake.petition import Petitioner, PetitionKind
from intake.routing import NO_BODY, Routing

OFFICER_DECIDES = "officer"
"""Stands in `Draft.agency` where the citizen leaves the choice of the agency to an officer."""


@dataclass(frozen=True)
class Grasp:
    """What the machine makes of a draft.

    `receiver` None: an officer of the reception centre decides. `guide`: the body people are only
    pointed to (courts, enterprises), where the machine is sure of it.
    """

    kind: PetitionKind
    seen: Classification
    routing: Routing
    receiver: AgencyCard | None
    guide: AgencyCard | None


def grasp(draft: Draft, known: Knowledge) -> Grasp:
    """Classify and route a draft as it stands. Pure."""
    routing = known.route(
        draft.text, place=draft.place_text, kind=draft.kind, answer=draft.route_answer
    )
    seen = routing.classification
    kind = PetitionKind(draft.kind or seen.kind)
    if kind is PetitionKind.OTHER:
        # Whoever insists on sending something is heard; an officer says what it is.
        kind = PetitionKind.KNPA
    receiver = guide = None
    if draft.agency:
        if draft.agency != OFFICER_DECIDES:
            receiver = known.agency(draft.agency)
    elif seen.intent == "court":
        guide = _court(routing, known)
    elif routing.decision == "route" and not routing.candidates[0].agency.startswith(NO_BODY):
        best = known.agency(routing.candidates[0].agency)
        if best.competent:
            receiver = best
        else:
            guide = best
    return Grasp(kind, seen, routing, receiver, guide)


def _court(routing: Routing, known: Knowledge) -> AgencyCard | None:
    """The guide-only body for a matter of the courts: the likeliest one, else the court itself."""
    codes = [c.agency for c in routing.candidates if c.guide_only]
    return known.agency(codes[0]) if codes else known.court


def petitioners_of(draft: Draft, kind: PetitionKind) -> tuple[Petitioner, ...]:
    """Who files. Nobody where a denunciation may be in it: a chat keeps no denouncer's identity."""
    if kind.may_hold_denunciation:
        return ()
    person = Petitioner(
        name=draft.name, address=draft.address, phone=draft.phone, email=draft.email
    )
    return () if person == Petitioner() else (person,)


def next_item(draft: Draft, kind: PetitionKind) -> Item | None:
    """The next thing the law asks for that a chat may ask and the citizen has not passed over."""
    missing = missing_items(
        kind,
        text=draft.text,
        answers=draft.answers,
        petitioners=petitioners_of(draft, kind),
        signed=True,
    )
    return next(
        (
            item
            for item in missing
            if item.asked_in_chat
            and item.taken_from != "text"
            and not (item.optional_in_chat and f"item:{item.code}" in draft.settled)
        ),
        None,
    )


def fill_from_text(draft: Draft, kind: PetitionKind) -> Draft:
    """Take over what the story says already, so that it is not asked again."""
    if kind.may_hold_denunciation:
        return draft
    letter = parse_letter(draft.text)
    draft = replace(
        draft,
        name=draft.name or letter.name[:80],
        address=draft.address or letter.address[:300],
        phone=draft.phone or letter.phone,
    )
    if not kind.is_complaint:
        return draft
    decision, decided_on = decision_in(draft.text)
    found = {
        "decision": decision,
        "decided_on": decided_on.isoformat() if decided_on else "",
        "demand": letter.demand or demand_in(draft.text),
    }
    new = {key: value[:2_000] for key, value in found.items() if value}
    return replace(draft, answers={**new, **draft.answers})
