"""Settling complaints and denunciations: forms 03/GQKN and 04/GQTC.

Cases (column 2) are those of the petitions processed in the period, in their state at its end;
decisions and conclusions (column 7) are those signed in the period, whenever the case began.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from intake.counting.facts import (
    COMPLAINTS,
    DENUNCIATIONS,
    PROPOSALS,
    AnswerFact,
    Facts,
    HandlingFact,
    Number,
    Record,
)
from intake.counting.petitions import distinct_cases, own_petitions, records
from intake.counting.rules import CountingRules

# State of a case, strongest first: one accepted petition makes it an accepted case.
_STATES = ("accepted", "considered", "not_accepted", "withdrawn")
_STATE_COLUMNS = {"considered": 3, "accepted": 4, "not_accepted": 5, "withdrawn": 6}
_COMPLAINT_VERDICTS = {
    8: (1, "true"),
    9: (1, "false"),
    10: (1, "partly_true"),
    11: (2, "upheld"),
    12: (2, "changed"),
}
_DENUNCIATION_VERDICTS = {
    8: (1, "true"),
    9: (1, "false"),
    10: (1, "partly_true"),
    11: (2, "true"),
    12: (2, "false"),
    13: (2, "partly_true"),
}
_COMPLAINT_REMEDIES = {
    13: "state_money",
    14: "state_land",
    15: "returned_money",
    16: "returned_land",
    17: "returned_organisations",
    18: "returned_people",
    19: "disciplined_people",
    20: "disciplined_officials",
    21: "police_cases",
    22: "police_people",
    23: "police_officials",
}
_DENUNCIATION_REMEDIES = {
    14: "state_money",
    15: "state_land",
    16: "returned_money",
    17: "returned_land",
    18: "returned_organisations",
    19: "returned_people",
    20: "disciplined_organisations",
    21: "disciplined_people",
    22: "disciplined_officials",
    23: "police_cases",
    24: "police_people",
    25: "police_officials",
}


def count_settlement(
    facts: Facts, first: date, last: date, rules: CountingRules
) -> Iterator[Number]:
    """Both forms, answered proposals, and cases past their term."""
    for form, kinds, verdicts, remedies in (
        ("03/GQKN", COMPLAINTS, _COMPLAINT_VERDICTS, _COMPLAINT_REMEDIES),
        ("04/GQTC", DENUNCIATIONS, _DENUNCIATION_VERDICTS, _DENUNCIATION_REMEDIES),
    ):
        own = own_petitions(facts, first, last, rules, kinds)
        yield Number(f"{form}.c1", records(own))
        yield Number(f"{form}.c2", distinct_cases(own))
        states = _states(own, last)
        for state, column in _STATE_COLUMNS.items():
            yield Number(
                f"{form}.c{column}",
                tuple(record for held, record in states.values() if held == state),
            )
        issued = [
            row
            for row in facts.answers
            if row.kind in kinds and row.verdict and first <= row.on <= last
        ]
        yield Number(f"{form}.c7", _answers(issued))
        for column, (instance, verdict) in verdicts.items():
            yield Number(
                f"{form}.c{column}",
                _answers(r for r in issued if (r.instance, r.verdict) == (instance, verdict)),
            )
        for column, name in remedies.items():
            yield Number(f"{form}.c{column}", _remedies(issued, name))
    yield Number(
        "proposals.answered",
        _answers(r for r in facts.answers if r.kind in PROPOSALS and first <= r.on <= last),
    )
    yield Number("overdue.complaints", _overdue(facts, COMPLAINTS))
    yield Number("overdue.denunciations", _overdue(facts, DENUNCIATIONS))


def amount_of(values: object) -> int | Decimal:
    """A stored amount as an exact number: whole, or as written in decimals."""
    exact = Decimal(str(values))
    return int(exact) if exact == exact.to_integral_value() else exact


def _states(rows: list[HandlingFact], last: date) -> dict[str, tuple[str, Record]]:
    found: dict[str, tuple[str, Record]] = {}
    for row in rows:
        state = _state(row, last)
        held = found.get(row.case)
        if held is None or _STATES.index(state) < _STATES.index(held[0]):
            found[row.case] = (state, Record("case", row.case, row.agency))
    return found


def _state(row: HandlingFact, last: date) -> str:
    if row.outcome == "withdrawn" and any(day <= last for day in row.withdrawn):
        return "withdrawn"
    if any(row.received_on <= day <= last for day in row.accepted):
        return "accepted"
    return "not_accepted" if row.outcome == "archived" else "considered"


def _answers(rows: Iterable[AnswerFact]) -> tuple[Record, ...]:
    return tuple(Record("answer", f"{row.reference}#{row.id}", row.agency) for row in rows)


def _remedies(rows: Iterable[AnswerFact], name: str) -> tuple[Record, ...]:
    return tuple(
        Record("answer", f"{row.reference}#{row.id}", row.agency, amount_of(row.remedies[name]))
        for row in rows
        if row.remedies.get(name)
    )


def _overdue(facts: Facts, kinds: tuple[str, ...]) -> tuple[Record, ...]:
    seen = {row.case: row for row in facts.overdue if row.kind in kinds}
    return tuple(Record("case", row.case, row.agency) for row in seen.values())
