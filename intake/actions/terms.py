"""Terms: extending, suspending and resuming the time for settling a petition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from intake.actions.change import Change, begin, check_day, required
from intake.due import due_view
from intake.errors import InvalidInput
from intake.grounds import pick_ground
from intake.office import Office
from intake.officers import Officer
from intake.petition import Petition, PetitionKind
from intake.refusals import refusal
from intake.status import Action
from intake.store.engine import Transaction
from intake.store.petitions import add_clock_event, clock_events_of

EXTENDED = "extended"


def extend(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    document_number: str,
    criteria: Sequence[str],
    now: datetime,
    version: int | None = None,
    on: date | None = None,
) -> Petition:
    """Lengthen the term, where the law knows a way, before the present term ends.

    A denunciation is extended by a written decision: once if complex (one criterion), twice if
    especially complex (two criteria). A complaint has no extension; its case is determined to be
    complex in writing, which sets one longer ceiling from acceptance.

    Args:
        criteria: codes of `complex` grounds, at least one.
        document_number: the decision's or determination's number.

    Raises:
        LawRefuses: the kind knows no extension, the term is over, or the number is used up.
        InvalidInput: a criterion is missing or unknown, or the number is missing.
    """
    change = begin(office, tx, officer, reference, Action.EXTEND, version=version, now=now)
    petition = change.petition
    ways = office.rules.ways_to_extend(petition.kind, petition.accepted_on or change.today)
    if not ways:
        raise refusal("no_extension", Action.EXTEND)
    day = on or change.today
    check_day("on", day, not_before=petition.accepted_on, today=change.today)
    _check_term_runs(change, day)
    if not criteria:
        raise InvalidInput(field="criteria", reason="empty")
    picked = [pick_ground("complex", petition.kind, code, day) for code in dict.fromkeys(criteria)]
    number = required("document_number", document_number, longest=80)
    if petition.kind.is_complaint:
        if petition.complex:
            raise refusal("extension_used_up", Action.EXTEND)
    else:
        given = sum(row.event == EXTENDED for row in clock_events_of(tx, petition.id))
        most = max(way.max_count or 1 for way in ways) if len(picked) > 1 else 1
        if given >= most:
            raise refusal("extension_used_up", Action.EXTEND)
        # Only a denunciation's term is prolonged; a complaint's determination sets one longer
        # ceiling, which the clock reads from the petition itself.
        codes = [ground.code for ground in picked]
        add_clock_event(tx, petition.id, EXTENDED, day, document_number=number, criteria=codes)
    return change.finish(
        {"complex": True},
        values={
            "on": day.isoformat(),
            "document_number": number,
            "criteria": [ground.code for ground in picked],
        },
        notice={"labels": [ground.label for ground in picked]},
    )


def suspend(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    ground: str,
    document_number: str,
    now: datetime,
    version: int | None = None,
    on: date | None = None,
) -> Petition:
    """Suspend handling (tạm đình chỉ): from `on` the days don't count.

    Raises:
        LawRefuses: the kind knows no suspension.
        InvalidInput: unknown ground, no document number, or a day out of range.
    """
    change = begin(office, tx, officer, reference, Action.SUSPEND, version=version, now=now)
    if change.petition.kind in (PetitionKind.KNPA, PetitionKind.PAKN):
        raise refusal("no_suspension", Action.SUSPEND)
    day = on or change.today
    check_day("on", day, not_before=change.petition.accepted_on, today=change.today)
    picked = pick_ground("suspend", change.petition.kind, ground, day)
    number = required("document_number", document_number, longest=80)
    add_clock_event(
        tx, change.petition.id, "suspended", day, document_number=number, criteria=[picked.code]
    )
    return change.finish(
        {},
        values={"on": day.isoformat(), "document_number": number, "ground": picked.code},
        notice={"label": picked.label, "citation": picked.citation},
    )


def resume(
    office: Office,
    tx: Transaction,
    officer: Officer,
    reference: str,
    *,
    document_number: str,
    now: datetime,
    version: int | None = None,
    on: date | None = None,
) -> Petition:
    """Go on after a suspension; the term moves by the suspended days.

    Raises:
        InvalidInput: no document number, or a day before the suspension.
    """
    change = begin(office, tx, officer, reference, Action.RESUME, version=version, now=now)
    day = on or change.today
    suspended = [r.on for r in clock_events_of(tx, change.petition.id) if r.event == "suspended"]
    check_day("on", day, not_before=max(suspended, default=None), today=change.today)
    number = required("document_number", document_number, longest=80)
    add_clock_event(tx, change.petition.id, "resumed", day, document_number=number)
    return change.finish({}, values={"on": day.isoformat(), "document_number": number})


def _check_term_runs(change: Change, day: date) -> None:
    """An extension is decided while the term still runs."""
    view = due_view(change.office, change.tx, change.petition, today=day)
    settling = [row for row in view.deadlines if change.office.rules.settles(row.rule)]
    if settling and max(row.due for row in settling) < day:
        raise refusal("extension_expired", Action.EXTEND)
