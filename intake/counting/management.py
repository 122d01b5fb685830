"""Management: form 06/QLKNTC, documents that followed reception, dialogues."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from intake.counting.facts import EntryFact, Facts, Number, Record
from intake.counting.settlement import amount_of

_COUNTED = {
    1: ("management_document", "new"),
    2: ("management_document", "amended"),
    3: ("management_document", "repealed"),
    6: ("inspection", None),
    13: ("inspection_follow_up", None),
}
_SUMMED = {
    4: ("training", "classes"),
    5: ("training", "people"),
    7: ("inspection", "units"),
    9: ("inspection", "disciplined_organisations"),
    10: ("inspection", "disciplined_people"),
    11: ("inspection", "police_organisations"),
    12: ("inspection", "police_people"),
    14: ("inspection_follow_up", "disciplined_organisations"),
    15: ("inspection_follow_up", "disciplined_people"),
    16: ("inspection_follow_up", "prosecuted_cases"),
    17: ("inspection_follow_up", "prosecuted_people"),
}
RECEPTION_DOCUMENTS = ("conclusion_notice", "directive", "result_report")
_DIALOGUE_SUMS = ("people", "opinions", "answered")


def count_management(facts: Facts, first: date, last: date) -> Iterator[Number]:
    """Form 06/QLKNTC and the entries the section speaks of, for the days from `first` to `last`."""
    entries = [entry for entry in facts.entries if first <= entry.on <= last]

    def of(kind: str, type_: str | None = None) -> list[EntryFact]:
        return [
            entry
            for entry in entries
            if entry.entry == kind and (type_ is None or entry.values.get("type") == type_)
        ]

    for column, (kind, type_) in _COUNTED.items():
        yield Number(f"06/QLKNTC.c{column}", _each(of(kind, type_)))
    concluded = [entry for entry in of("inspection") if entry.values.get("concluded")]
    yield Number("06/QLKNTC.c8", _each(concluded))
    for column, (kind, name) in _SUMMED.items():
        yield Number(f"06/QLKNTC.c{column}", _sum(of(kind), name))

    for document in RECEPTION_DOCUMENTS:
        yield Number(f"documents.{document}", _each(of("reception_document", document)))
    held = [entry for entry in of("dialogue") if entry.values.get("held")]
    yield Number("dialogues.held", _each(held))
    yield Number(
        "dialogues.not_held", _each([e for e in of("dialogue") if not e.values.get("held")])
    )
    for name in _DIALOGUE_SUMS:
        yield Number(f"dialogues.{name}", _sum(held, name))


def _each(entries: list[EntryFact]) -> tuple[Record, ...]:
    return tuple(Record("entry", entry.uid, entry.agency) for entry in entries)


def _sum(entries: list[EntryFact], name: str) -> tuple[Record, ...]:
    return tuple(
        Record("entry", entry.uid, entry.agency, amount_of(entry.values[name]))
        for entry in entries
        if entry.values.get(name)
    )
