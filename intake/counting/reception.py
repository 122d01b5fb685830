"""Reception: form 01/TCD by who received, and the same visits by regime.

People are counted by visit: one person who comes three times is three. Cases are distinct, and a
case seen in regular reception and again by the head stands once, under the head (note of the form).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from intake.counting.facts import RECEIVERS, REGIMES, DayFact, Facts, Number, Record, VisitFact

# Columns of 01/TCD by who received: visits, people, cases, groups, people in groups, days.
_COLUMNS = {
    "staff": (5, 6, 7, 8, 9, None),
    "head": (11, 12, 13, 14, 15, 10),
    "delegate": (17, 18, 19, 20, 21, 16),
}
# Who wins a case that several have seen; the last of each tuple is regular reception.
_BY_RECEIVER = ("head", "delegate", "staff")
_BY_REGIME = ("periodic", "ad_hoc", "regular")


def count_reception(facts: Facts, first: date, last: date) -> Iterator[Number]:
    """All numbers of reception for visits and days from `first` to `last`, both inside."""
    visits = [visit for visit in facts.visits if first <= visit.on <= last]
    days = [day for day in facts.days if first <= day.on <= last]
    yield Number("01/TCD.c1", _each(visits))
    yield Number("01/TCD.c2", _people(visits))
    yield Number("01/TCD.c3", _distinct(visits))
    yield Number("01/TCD.c4", _each(_groups(visits)))
    owners = _assign(visits, _BY_RECEIVER, lambda visit: visit.received_by)
    for receiver in RECEIVERS:
        own = [visit for visit in visits if visit.received_by == receiver]
        c_visits, c_people, c_cases, c_groups, c_group_people, c_days = _COLUMNS[receiver]
        yield Number(f"01/TCD.c{c_visits}", _each(own))
        yield Number(f"01/TCD.c{c_people}", _people(own))
        yield Number(f"01/TCD.c{c_cases}", _owned(owners, receiver))
        yield Number(f"01/TCD.c{c_groups}", _each(_groups(own)))
        yield Number(f"01/TCD.c{c_group_people}", _people(_groups(own)))
        if c_days is not None:
            yield Number(f"01/TCD.c{c_days}", _held(days, receiver))
    yield from _by_regime(visits)
    groups = _groups(visits)
    yield Number("reception.groups.people", _people(groups))
    yield Number("reception.groups.cases", _distinct(groups))
    yield Number("reception.online.visits", _each([visit for visit in visits if visit.online]))
    yield from _days(days)


def _by_regime(visits: list[VisitFact]) -> Iterator[Number]:
    owners = _assign(visits, _BY_REGIME, lambda visit: visit.regime)
    for regime in REGIMES:
        own = [visit for visit in visits if visit.regime == regime]
        yield Number(f"reception.{regime}.visits", _each(own))
        yield Number(f"reception.{regime}.people", _people(own))
        yield Number(f"reception.{regime}.cases", _owned(owners, regime))
        yield Number(f"reception.{regime}.groups", _each(_groups(own)))


def _days(days: list[DayFact]) -> Iterator[Number]:
    heads = [day for day in days if day.chair == "head"]
    yield Number(
        "reception.days.periodic", _held([day for day in heads if day.regime == "periodic"], "head")
    )
    yield Number("reception.days.empty", _held([day for day in heads if day.nobody_came], "head"))
    yield Number("reception.days.announced", _day_records(days))
    yield Number("reception.days.not_held", _day_records([d for d in days if d.held is False]))
    yield Number("reception.days.unrecorded", _day_records([d for d in days if d.held is None]))


def _each(visits: Iterable[VisitFact]) -> tuple[Record, ...]:
    return tuple(Record("visit", visit.uid, visit.agency) for visit in visits)


def _people(visits: Iterable[VisitFact]) -> tuple[Record, ...]:
    return tuple(Record("visit", visit.uid, visit.agency, visit.people) for visit in visits)


def _groups(visits: Iterable[VisitFact]) -> list[VisitFact]:
    return [visit for visit in visits if visit.large_group]


def _distinct(visits: Iterable[VisitFact]) -> tuple[Record, ...]:
    seen: dict[str, str] = {}
    for visit in visits:
        for case in visit.cases:
            seen.setdefault(case, visit.agency)
    return tuple(Record("case", case, agency) for case, agency in seen.items())


def _assign(
    visits: Iterable[VisitFact], priority: tuple[str, ...], key: Callable[[VisitFact], str]
) -> Mapping[str, tuple[str, str]]:
    """Each case's one owner: (bucket, agency)."""
    owners: dict[str, tuple[str, str]] = {}
    for visit in visits:
        bucket = key(visit)
        for case in visit.cases:
            held = owners.get(case)
            if held is None or priority.index(bucket) < priority.index(held[0]):
                owners[case] = (bucket, visit.agency)
    return owners


def _owned(owners: Mapping[str, tuple[str, str]], bucket: str) -> tuple[Record, ...]:
    return tuple(
        Record("case", case, agency) for case, (held, agency) in owners.items() if held == bucket
    )


def _held(days: Iterable[DayFact], chair: str) -> tuple[Record, ...]:
    """Distinct days of an agency that took place, nobody-came days included."""
    seen: dict[tuple[str, date], DayFact] = {}
    for day in days:
        if day.chair == chair and day.held:
            seen.setdefault((day.agency, day.on), day)
    return _day_records(seen.values())


def _day_records(days: Iterable[DayFact]) -> tuple[Record, ...]:
    return tuple(Record("day", day.uid, day.agency) for day in days)
