"""Choices of counting the forms leave open: `data/reports/counting.toml`, `fields.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from intake.errors import DataFault

_DAYS_PER = {"month": Decimal("30.4375"), "week": Decimal(7)}
_FOLDER = Path(__file__).parents[1] / "data" / "reports"


@dataclass(frozen=True)
class Field:
    """A field of petitions and the column group it falls into, by kind of petition."""

    code: str
    label: str
    complaint: str
    denunciation: str
    proposal: str


@dataclass(frozen=True)
class Duty:
    """How often a head must receive citizens: `times` per "month" or "week", in force from–until.

    `who`: types of body, see `admin/reports/bodies.toml`.
    """

    who: tuple[str, ...]
    times: int
    per: str
    starts: date
    until: date | None
    source: str
    verified: bool


@dataclass(frozen=True)
class CountingRules:
    """All choices. `group_threshold`: people that make a large group (đoàn đông người)."""

    group_threshold: int
    group_source: str
    petition_kinds: tuple[str, ...]
    not_counted_sources: tuple[str, ...]
    done_at_once: tuple[str, ...]
    smallest_base: int
    jump: int
    duties: tuple[Duty, ...]
    fields: tuple[Field, ...]

    def least_days(self, who: str, first: date, last: date) -> tuple[int, Duty | None]:
        """Reception days the head of such a body owes between two days, and the last duty in force.

        Whole months or weeks of each edition's share of the interval, half of one rounding up.
        """
        least, latest = 0, None
        for duty in self.duties:
            starts, until = max(first, duty.starts), min(last, duty.until or last)
            if who not in duty.who or until < starts:
                continue
            span = Decimal((until - starts).days + 1) / _DAYS_PER[duty.per]
            least += int((span * duty.times).quantize(Decimal(1), rounding=ROUND_HALF_UP))
            latest = duty
        return least, latest

    def field_of(self, codes: tuple[str, ...]) -> Field:
        """The one field a petition is counted under: the first of the list that it carries."""
        for known in self.fields:
            if known.code in codes:
                return known
        return self.fields[-1]


@cache
def counting_rules() -> CountingRules:
    """The choices in force.

    Raises:
        DataFault: a data file is malformed.
    """
    table, fields = _read("counting.toml"), _read("fields.toml")
    try:
        rules = CountingRules(
            group_threshold=table["group"]["threshold"],
            group_source=table["group"]["source"],
            petition_kinds=tuple(table["petitions"]["kinds"]),
            not_counted_sources=tuple(table["petitions"]["not_counted_sources"]),
            done_at_once=tuple(table["enforcement"]["done_at_once"]),
            smallest_base=table["comparison"]["smallest_base"],
            jump=table["comparison"]["jump"],
            duties=tuple(
                Duty(
                    who=tuple(row["who"]),
                    times=row["times"],
                    per=row["per"],
                    starts=row["from"],
                    until=row.get("until"),
                    source=row["source"],
                    verified=row["verified"],
                )
                for row in table["duty"]
            ),
            fields=tuple(
                Field(
                    row["code"],
                    row["label"],
                    row["complaint"],
                    row["denunciation"],
                    row["proposal"],
                )
                for row in fields["field"]
            ),
        )
    except KeyError as error:
        raise DataFault(file="counting.toml", line="?", fault=str(error)) from error
    if rules.fields[-1].code != "other":
        raise DataFault(file="fields.toml", line="end", fault="the last field must be other")
    return rules


def _read(name: str) -> Mapping[str, Any]:
    with (_FOLDER / name).open("rb") as file:
        return tomllib.load(file)
