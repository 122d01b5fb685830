"""Numbers of a period, each with the records it is made of.

One definition for screen, API and documents: whoever shows a number takes it from here. Numbers
are named by their cell (`01/TCD.c5`) or by an indicator (`petitions.received`); labels, units and
definitions are `data/reports/indicators.toml` and the form's own headings.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from intake.counting.enforcement import count_enforcement
from intake.counting.facts import Facts, Number, Record
from intake.counting.load import load_facts
from intake.counting.management import count_management
from intake.counting.petitions import count_petitions
from intake.counting.reception import count_reception
from intake.counting.rules import CountingRules, counting_rules
from intake.counting.settlement import count_settlement
from intake.errors import DataFault
from intake.report_forms import form_set
from intake.store.engine import Transaction

if TYPE_CHECKING:  # counting itself needs no office, and loads without one
    from intake.office import Office

__all__ = [
    "Indicator",
    "Number",
    "Record",
    "Statistics",
    "count",
    "indicators",
    "statistics_by_unit",
    "statistics_of",
]

_INDICATORS = Path(__file__).parent / "data" / "reports" / "indicators.toml"
# Where a quarter's or year's enforcement goes on from before it, records of the period itself
# still decide whether the office has entered anything.
_STANDING = ("enforcement_due", "enforcement_result")


@dataclass(frozen=True)
class Statistics:
    """All numbers of some agencies for one interval of days, both ends inside.

    `has_records`: whether anything at all is on record; without it, zeros would be guesses.
    `group_threshold`: the lowest one at which a visit was taken for a large group.
    """

    agencies: tuple[str, ...]
    first_day: date
    last_day: date
    numbers: Mapping[str, Number]
    has_records: bool
    group_threshold: int

    def value(self, number: str) -> int | Decimal:
        """The value of a number by its id.

        Raises:
            KeyError: there is no such number.
        """
        return self.numbers[number].value

    @property
    def cells(self) -> dict[str, int | Decimal]:
        """All values by id."""
        return {name: number.value for name, number in self.numbers.items()}


@dataclass(frozen=True)
class Indicator:
    """What a number is called, its unit, and exactly what it counts (Vietnamese)."""

    id: str
    label: str
    unit: str
    definition: str
    source: str


def statistics_of(
    office: Office, tx: Transaction, agencies: Collection[str], first: date, last: date
) -> Statistics:
    """Count now, from the records as they stand.

    Args:
        agencies: codes; one for an office's own report, several for a roll-up, in which cases and
            announced days stay distinct over all of them.
    """
    return _statistics(load_facts(tx, agencies, first, last, office.rules), agencies, first, last)


def statistics_by_unit(
    office: Office, tx: Transaction, agencies: Collection[str], first: date, last: date
) -> dict[str, Statistics]:
    """Each agency's own numbers, read in one go."""
    facts = load_facts(tx, agencies, first, last, office.rules)
    return {
        code: _statistics(facts.of(code), (code,), first, last) for code in sorted(set(agencies))
    }


def _statistics(facts: Facts, agencies: Collection[str], first: date, last: date) -> Statistics:
    rules = counting_rules()
    return Statistics(
        agencies=tuple(sorted(agencies)),
        first_day=first,
        last_day=last,
        numbers=count(facts, first, last, rules),
        has_records=_has_records(facts, first, last),
        group_threshold=min(
            (visit.group_threshold for visit in facts.visits if visit.large_group),
            default=rules.group_threshold,
        ),
    )


def count(facts: Facts, first: date, last: date, rules: CountingRules) -> dict[str, Number]:
    """Every number of the six forms and the section, from facts alone."""
    parts = (
        count_reception(facts, first, last),
        count_petitions(facts, first, last, rules),
        count_settlement(facts, first, last, rules),
        count_enforcement(facts, first, last, rules),
        count_management(facts, first, last),
    )
    return {number.id: number for part in parts for number in part}


@cache
def indicators(forms: str) -> Mapping[str, Indicator]:
    """Label, unit and definition of every number, for an edition of the forms.

    Raises:
        DataFault: a number of the forms has no definition.
    """
    with _INDICATORS.open("rb") as file:
        table = tomllib.load(file)
    chosen = form_set(forms)
    found: dict[str, Indicator] = {}
    for row in table["cells"]:
        for cell in row["ids"]:
            column = chosen.column(cell)
            if column is None:
                raise DataFault(file=_INDICATORS.name, line=cell, fault="no such cell")
            found[cell] = Indicator(
                cell, column.title, column.unit, row["definition"], row.get("source", chosen.source)
            )
    for row in table["indicator"]:
        found[row["id"]] = Indicator(
            row["id"], row["label"], row["unit"], row["definition"], row.get("source", "")
        )
    missing = [c.cell for form in chosen.forms for c in form.columns if c.cell not in found]
    if missing:
        raise DataFault(file=_INDICATORS.name, line=missing[0], fault="no definition")
    return found


def _has_records(facts: Facts, first: date, last: date) -> bool:
    return bool(
        facts.visits
        or facts.days
        or facts.handlings
        or any(first <= answer.on <= last for answer in facts.answers)
        or any(first <= e.on <= last or e.entry in _STANDING for e in facts.entries)
    )
