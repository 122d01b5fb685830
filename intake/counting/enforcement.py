"""Carrying out decisions and conclusions: form 05/KQTH.

Every decision with a verdict is an obligation from the day it was signed; decisions from before
the register began are entered as `enforcement_due`. What was done is entered as
`enforcement_result`, which names its obligation (`answer:<id>` or `entry:<uid>`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from intake.counting.facts import COMPLAINTS, EntryFact, Facts, Number, Record
from intake.counting.rules import CountingRules
from intake.counting.settlement import amount_of

RESULT_AMOUNTS = (
    "state_money",
    "state_land",
    "returned_money",
    "returned_land",
    "disciplined_organisations",
    "disciplined_people",
    "disciplined_officials",
    "prosecuted_cases",
    "prosecuted_people",
    "prosecuted_officials",
)
_OWED = ("state_money", "state_land", "returned_money", "returned_land")
# Columns: due, done, then (owed, done) of the four amounts, then what was done to people.
_COMPLAINT = (
    1,
    2,
    ((3, 5), (4, 6), (7, 9), (8, 10)),
    {
        11: "disciplined_people",
        12: "disciplined_officials",
        13: "prosecuted_cases",
        14: "prosecuted_people",
        15: "prosecuted_officials",
    },
)
_DENUNCIATION = (
    16,
    17,
    ((18, 20), (19, 21), (22, 24), (23, 25)),
    {
        26: "disciplined_organisations",
        27: "disciplined_people",
        28: "disciplined_officials",
        29: "prosecuted_cases",
        30: "prosecuted_people",
        31: "prosecuted_officials",
    },
)


@dataclass(frozen=True)
class _Obligation:
    record: Record
    complaint: bool
    on: date
    owed: Mapping[str, Any]
    done_on: date | None
    results: tuple[EntryFact, ...]

    def remaining(self, name: str, first: date) -> Decimal | int:
        """What was still owed when the period began (or was ordered in it); never below zero."""
        before = sum(amount_of(r.values.get(name) or 0) for r in self.results if r.on < first)
        return max(amount_of(self.owed.get(name) or 0) - before, 0)

    def achieved(self, name: str, first: date, last: date) -> Decimal | int:
        """What was collected, returned or imposed in the period."""
        return sum(
            amount_of(row.values.get(name) or 0) for row in self.results if first <= row.on <= last
        )


def count_enforcement(
    facts: Facts, first: date, last: date, rules: CountingRules
) -> Iterator[Number]:
    """Form 05/KQTH for the days from `first` to `last`."""
    obligations = [row for row in _obligations(facts, rules) if row.on <= last]
    for complaint, (due, done, owed, people) in ((True, _COMPLAINT), (False, _DENUNCIATION)):
        own = [
            row
            for row in obligations
            if row.complaint is complaint and (row.done_on is None or row.done_on >= first)
        ]
        finished = [row for row in own if row.done_on is not None and row.done_on <= last]
        yield Number(f"05/KQTH.c{due}", tuple(row.record for row in own))
        yield Number(f"05/KQTH.c{done}", tuple(row.record for row in finished))
        for name, (must, did) in zip(_OWED, owed, strict=True):
            yield Number(
                f"05/KQTH.c{must}", _amounts((r.record, r.remaining(name, first)) for r in own)
            )
            yield Number(
                f"05/KQTH.c{did}", _amounts((r.record, r.achieved(name, first, last)) for r in own)
            )
        for column, name in people.items():
            yield Number(
                f"05/KQTH.c{column}",
                _amounts((row.record, row.achieved(name, first, last)) for row in own),
            )


def _obligations(facts: Facts, rules: CountingRules) -> Iterator[_Obligation]:
    results: dict[str, list[EntryFact]] = {}
    for entry in facts.entries:
        if entry.entry == "enforcement_result":
            results.setdefault(str(entry.values.get("obligation")), []).append(entry)
    for answer in facts.answers:
        if not answer.verdict:
            continue
        found = results.get(f"answer:{answer.id}", [])
        at_once = answer.verdict in rules.done_at_once and not any(answer.remedies.values())
        yield _Obligation(
            record=Record("answer", f"{answer.reference}#{answer.id}", answer.agency),
            complaint=answer.kind in COMPLAINTS,
            on=answer.on,
            owed=answer.remedies,
            done_on=answer.on if at_once else _done(found),
            results=tuple(found),
        )
    for entry in facts.entries:
        if entry.entry == "enforcement_due":
            found = results.get(f"entry:{entry.uid}", [])
            yield _Obligation(
                record=Record("entry", entry.uid, entry.agency),
                complaint=entry.values.get("of") == "complaint",
                on=entry.on,
                owed=entry.values,
                done_on=_done(found),
                results=tuple(found),
            )


def _done(results: Iterable[EntryFact]) -> date | None:
    return min((row.on for row in results if row.values.get("finished")), default=None)


def _amounts(pairs: Iterable[tuple[Record, Decimal | int]]) -> tuple[Record, ...]:
    return tuple(
        Record(record.kind, record.ref, record.agency, amount) for record, amount in pairs if amount
    )
