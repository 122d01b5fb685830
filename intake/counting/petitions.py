"""Petitions: form 02/XLD from the stays of petitions at agencies.

A stay counts from the day on which a petition in law is there: a message with a complaint or
denunciation is a draft until its signed petition comes (`data/reports/counting.toml`). Carry-over
is recomputed from the stays themselves, never added up from earlier reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from intake.counting.facts import (
    COMPLAINTS,
    DENUNCIATIONS,
    PROPOSALS,
    Facts,
    HandlingFact,
    Number,
    Record,
)
from intake.counting.rules import CountingRules

_FEEDBACK = "PAKN"


def count_petitions(
    facts: Facts, first: date, last: date, rules: CountingRules
) -> Iterator[Number]:
    """Form 02/XLD and what the section says beside it, for the days from `first` to `last`."""
    counted = [row for row in facts.handlings if is_petition(row, last, rules)]
    carried = [row for row in counted if arrived_on(row) < first and _open_at(row, first)]
    received = [row for row in counted if first <= arrived_on(row) <= last]
    processed = [row for row in (*carried, *received) if _within(row.processed_on, first, last)]
    eligible = [row for row in processed if row.eligible]
    own = [row for row in eligible if row.competent and row.kind != "MIXED"]
    others = [row for row in eligible if row.competent is False]

    yield Number("02/XLD.c1", records(carried + received))
    yield Number("02/XLD.c2", records(processed))
    yield Number("02/XLD.c3", records(eligible))
    yield Number("02/XLD.c4", records(own))
    yield Number("02/XLD.c5", distinct_cases(own))
    yield from _complaints([row for row in own if row.kind in COMPLAINTS], rules)
    yield from _denunciations([row for row in own if row.kind in DENUNCIATIONS], rules)
    yield from _proposals([row for row in own if row.kind in PROPOSALS], rules)
    yield Number("02/XLD.c23", records(others))
    yield Number("02/XLD.c24", records(row for row in others if row.outcome == "guided"))
    yield Number("02/XLD.c25", records(row for row in others if row.outcome == "forwarded"))

    yield Number("petitions.carried", records(carried))
    yield Number("petitions.received", records(received))
    for name, kinds in (
        ("complaints", COMPLAINTS),
        ("denunciations", DENUNCIATIONS),
        ("proposals", PROPOSALS),
        ("mixed", ("MIXED",)),
    ):
        yield Number(
            f"petitions.received.{name}", records(row for row in received if row.kind in kinds)
        )
    waiting = [row for row in carried + received if not _within(row.processed_on, first, last)]
    yield Number("petitions.unprocessed", records(waiting))
    for field in rules.fields:
        yield Number(
            f"petitions.field.{field.code}",
            records(row for row in own if rules.field_of(row.fields) == field),
        )
    drafts = [row for row in facts.handlings if _is_draft(row, first, last, rules)]
    yield Number("drafts.complaints", records(r for r in drafts if r.kind in COMPLAINTS))
    yield Number("drafts.denunciations", records(r for r in drafts if r.kind in DENUNCIATIONS))
    yield Number("drafts.mixed", records(row for row in drafts if row.kind == "MIXED"))
    yield from _feedback(facts, first, last)


def own_petitions(
    facts: Facts, first: date, last: date, rules: CountingRules, kinds: tuple[str, ...]
) -> list[HandlingFact]:
    """The stays behind 02/XLD columns 6 and 12: processed in the period, eligible, competent."""
    return [
        row
        for row in facts.handlings
        if row.kind in kinds
        and is_petition(row, last, rules)
        and arrived_on(row) <= last
        and _within(row.processed_on, first, last)
        and row.eligible
        and row.competent
    ]


def is_petition(row: HandlingFact, last: date, rules: CountingRules) -> bool:
    """Whether a stay was one of a petition in law at this agency by the end of `last`.

    A message forwarded before its signed petition came was never a petition at the first agency.
    """
    if row.kind not in rules.petition_kinds or row.source in rules.not_counted_sources:
        return False
    until = min(row.processed_on or last, last)
    return row.legal_on is not None and row.legal_on <= until


def arrived_on(row: HandlingFact) -> date:
    """The day a petition counts as received at the agency."""
    return max(row.received_on, row.legal_on or row.received_on)


def records(rows: Iterable[HandlingFact]) -> tuple[Record, ...]:
    """Stays as records of petitions."""
    return tuple(Record("petition", row.reference, row.agency) for row in rows)


def distinct_cases(rows: Iterable[HandlingFact]) -> tuple[Record, ...]:
    """The cases of these stays, each once."""
    seen: dict[str, HandlingFact] = {}
    for row in rows:
        seen.setdefault(row.case, row)
    return tuple(Record("case", case, row.agency) for case, row in seen.items())


def _complaints(rows: list[HandlingFact], rules: CountingRules) -> Iterator[Number]:
    yield Number("02/XLD.c6", records(rows))
    yield Number("02/XLD.c7", records(row for row in rows if row.instance == 1))
    yield Number("02/XLD.c8", records(row for row in rows if row.instance == 2))
    for column, group in ((9, "land"), (10, "policy"), (11, "other")):
        yield Number(
            f"02/XLD.c{column}",
            records(row for row in rows if rules.field_of(row.fields).complaint == group),
        )


def _denunciations(rows: list[HandlingFact], rules: CountingRules) -> Iterator[Number]:
    yield Number("02/XLD.c12", records(rows))
    yield Number("02/XLD.c13", records(row for row in rows if row.instance == 1))
    yield Number("02/XLD.c14", records(row for row in rows if row.instance == 2))
    columns = ((15, "administrative"), (16, "corruption"), (17, "judicial"), (18, "other"))
    for column, group in columns:
        yield Number(
            f"02/XLD.c{column}",
            records(row for row in rows if rules.field_of(row.fields).denunciation == group),
        )


def _proposals(rows: list[HandlingFact], rules: CountingRules) -> Iterator[Number]:
    yield Number("02/XLD.c19", records(rows))
    for column, group in ((20, "policy"), (21, "land"), (22, "other")):
        yield Number(
            f"02/XLD.c{column}",
            records(row for row in rows if rules.field_of(row.fields).proposal == group),
        )


def _feedback(facts: Facts, first: date, last: date) -> Iterator[Number]:
    """Feedback on administrative rules: another regime's numbers, never part of form 02/XLD."""
    rows = [
        row
        for row in facts.handlings
        if row.kind == _FEEDBACK and row.source != "reopened" and row.received_on <= last
    ]
    yield Number("feedback.received", records(r for r in rows if r.received_on >= first))
    yield Number(
        "feedback.processed", records(r for r in rows if _within(r.processed_on, first, last))
    )
    yield Number("feedback.pending", records(r for r in rows if _open_at_end(r, last)))


def _is_draft(row: HandlingFact, first: date, last: date, rules: CountingRules) -> bool:
    """A message of the period that was no petition in law at its end."""
    return (
        row.kind in rules.petition_kinds
        and row.kind not in PROPOSALS
        and row.source not in rules.not_counted_sources
        and first <= row.message_on <= last
        and (row.legal_on is None or row.legal_on > last)
    )


def _within(day: date | None, first: date, last: date) -> bool:
    return day is not None and first <= day <= last


def _open_at(row: HandlingFact, first: date) -> bool:
    return row.processed_on is None or row.processed_on >= first


def _open_at_end(row: HandlingFact, last: date) -> bool:
    return row.processed_on is None or row.processed_on > last
