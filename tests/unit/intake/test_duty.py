"""Leaders' reception duty, from `tests/scenarios/clock/duty.jsonl`."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from intake.duty import duty_statuses
from intake.rules import DUTY, Rules
from intake.workdays import WorkCalendar
from tests.unit.intake.clock_cases import scenarios

RULES = Rules.load()
CALENDAR = WorkCalendar.load()
ROWS = scenarios("duty.jsonl")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["reason"])
def test_a_leader_owes_what_the_edition_in_force_asks_for(row: dict[str, Any]) -> None:
    found = duty_statuses(
        row["office"],
        first=date.fromisoformat(row["first"]),
        last=date.fromisoformat(row["last"]),
        held=[date.fromisoformat(day) for day in row["held"]],
        as_of=date.fromisoformat(row["as_of"]),
        rules=RULES,
        calendar=CALENDAR,
    )
    shown = [
        {
            "rule": status.rule,
            "first": status.first.isoformat(),
            "last": status.last.isoformat(),
            "required": status.required,
            "state": status.state,
            "last_chance": status.last_chance.isoformat() if status.last_chance else None,
        }
        for status in found
    ]
    assert shown == row["expect"]


def test_every_duty_rule_has_a_scenario() -> None:
    written = {wanted["rule"] for row in ROWS for wanted in row["expect"]}
    assert written == {rule.id for rule in RULES.all() if rule.kinds == (DUTY,)}


def test_what_is_missing_is_counted_in_days() -> None:
    july = {"first": date(2026, 7, 1), "last": date(2026, 7, 1), "as_of": date(2026, 7, 20)}
    [status] = duty_statuses(
        "chair_commune", held=[date(2026, 7, 6)], rules=RULES, calendar=CALENDAR, **july
    )
    assert status.missing == 1
    assert status.held == (date(2026, 7, 6),)


def test_an_unknown_office_is_refused() -> None:
    with pytest.raises(KeyError):
        duty_statuses(
            "mayor",
            first=date(2026, 7, 1),
            last=date(2026, 7, 31),
            held=[],
            as_of=date(2026, 7, 1),
            rules=RULES,
            calendar=CALENDAR,
        )
