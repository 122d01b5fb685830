"""What officers made of the machine's proposals, as lessons; and why a petition went where it went.

A route is confirmed when an agency accepts a petition, corrected when an officer forwards it. Texts
stay sealed in the register: they are opened to be learned from, without the people in them.
Denunciations are never opened for this, so nothing of them can reach a file or a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from intake.letters import parse_letter
from intake.office import Office
from intake.petition import Petition, PetitionContent
from intake.route_learning import Sample
from intake.store import Transaction
from intake.store.petitions import content_of, get_petition_by_id
from intake.store.tables import route_feedback
from intake.text import clean

_NUMBERS = re.compile(r"(?<!\d)\+?\d(?:[ .-]?\d){7,13}(?!\d)")
_MAIL = re.compile(r"\S+@\S+")


@dataclass(frozen=True)
class RouteDecision:
    """One decision of an officer: what was proposed ("" nothing), what was chosen; codes."""

    proposed: str
    chosen: str
    by: str
    at: datetime


def decisions_about(tx: Transaction, petition_id: int) -> tuple[RouteDecision, ...]:
    """The officers' decisions about where a petition belongs, oldest first."""
    rows = tx.execute(
        select(route_feedback)
        .where(route_feedback.c.petition_id == petition_id)
        .order_by(route_feedback.c.id)
    ).mappings()
    return tuple(
        RouteDecision(row["proposed"] or "", row["chosen"], row["by"], row["at"]) for row in rows
    )


def confirmed_routes(office: Office, tx: Transaction) -> list[Sample]:
    """Petitions whose recipient officers confirmed or corrected, as labelled samples, oldest first.

    The last decision counts. Left out: denunciations and petitions with a denunciation among their
    matters, whatever has no text of its own, and recipients the directory no longer knows.
    """
    samples = []
    known = frozenset(office.directory.codes())
    ids = select(route_feedback.c.petition_id).distinct().order_by(route_feedback.c.petition_id)
    for petition_id in tx.execute(ids).scalars().all():
        petition = get_petition_by_id(tx, petition_id)
        chosen = decisions_about(tx, petition_id)[-1].chosen
        if petition.kind.may_hold_denunciation or chosen not in known:
            continue
        text = _without_people(content_of(tx, office.sealer, petition))
        if text:
            agency_class = office.directory.get(chosen).agency_class
            kind = str(petition.kind)
            samples.append(Sample(petition.reference, text, (agency_class,), kind))
    return samples


def _without_people(content: PetitionContent) -> str:
    """The matter alone: no letter furniture, none of the petitioners' own words for themselves."""
    text = parse_letter(clean(content.text)).body
    for person in content.petitioners:
        for said in (
            person.name,
            person.address,
            person.phone,
            person.email,
            person.identity_number,
        ):
            if said:
                text = re.sub(re.escape(clean(said)), " ", text, flags=re.IGNORECASE)
    return _MAIL.sub(" ", _NUMBERS.sub(" ", text)).strip()


def explained(petition: Petition, decisions: tuple[RouteDecision, ...]) -> Iterator[str]:
    """The stored proposal in lines: what, why, by which versions, and what officers made of it."""
    routing = petition.routing
    for key in ("decision", "confidence", "chosen_by", "explanation"):
        if key in routing:
            yield f"{key}: {routing[key]}"
    candidates = routing.get("candidates")
    for candidate in candidates if isinstance(candidates, list) else ():
        yield f"candidate: {candidate['agency']} {candidate['score']}"
        yield from (f"  {reason}" for reason in candidate.get("reasons", ()))
    versions = routing.get("versions")
    for name, version in versions.items() if isinstance(versions, dict) else ():
        yield f"version: {name} {version}"
    for made in decisions:
        yield f"officer: {made.proposed or '-'} → {made.chosen} ({made.by}, {made.at:%Y-%m-%d})"
