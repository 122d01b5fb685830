"""The scenarios of `tests/scenarios/clock/`: the oracle, the engine and the written day agree."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from intake.deadlines import derive_deadlines
from intake.rules import DUTY, EACH, Rules
from intake.workdays import WorkCalendar
from tests.unit.intake import clock_oracle
from tests.unit.intake.clock_cases import case_of, scenarios

RULES = Rules.load()
CALENDAR = WorkCalendar.load()
DAYS = scenarios("days.jsonl")
SUMS = scenarios("working-days.jsonl")
PETITIONS = scenarios("petitions.jsonl")


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _by_id(row: dict[str, Any]) -> str:
    return str(row.get("id") or row.get("day") or f"{row['start']}{row['n']:+d}")


@pytest.mark.parametrize("row", DAYS, ids=_by_id)
def test_a_day_is_a_working_day_exactly_when_the_decisions_say_so(row: dict[str, Any]) -> None:
    day = _day(row["day"])
    assert CALENDAR.is_working_day(day) == row["working"]
    assert clock_oracle.works(day) == row["working"]


@pytest.mark.parametrize("row", SUMS, ids=_by_id)
def test_working_days_are_added_as_written(row: dict[str, Any]) -> None:
    start, n, end = _day(row["start"]), row["n"], _day(row["end"])
    length = f"{n}WD" if n > 0 else f"{-n}WD before"
    assert clock_oracle.count(start, length)[0] == end
    assert CALENDAR.add_working_days(start, n) == end


@pytest.mark.parametrize("row", PETITIONS, ids=_by_id)
def test_a_petition_has_exactly_the_written_dates(row: dict[str, Any]) -> None:
    as_of = _day(row["case"]["as_of"])
    found = derive_deadlines(case_of(row["case"]), as_of=as_of, rules=RULES, calendar=CALENDAR)
    by_rule = {(deadline.rule, deadline.start): deadline for deadline in found}
    assert len(by_rule) == len(found)
    once = [item.rule for item in found if RULES.get(item.rule).occurrence != EACH]
    assert len(once) == len(set(once))
    for wanted in row["expect"]:
        start, nominal, due = (_day(wanted[key]) for key in ("start", "nominal", "due"))
        assert clock_oracle.count(start, wanted["length"]) == (nominal, due)
        deadline = by_rule[wanted["rule"], start]
        assert (deadline.nominal, deadline.due) == (nominal, due)
        if "state" in wanted:
            assert deadline.state == wanted["state"]
    assert {deadline.rule for deadline in found}.isdisjoint(row.get("absent", ()))


def test_there_are_at_least_three_hundred_scenarios_and_each_says_why() -> None:
    every = [*DAYS, *SUMS, *PETITIONS]
    assert len(every) >= 300
    assert all(row["reason"].strip() for row in every)


def test_every_rule_with_a_figure_of_its_own_has_a_boundary_scenario() -> None:
    written = {wanted["rule"] for row in PETITIONS for wanted in row["expect"]}
    needed = {rule.id for rule in RULES.all() if rule.amount is not None and rule.kinds != (DUTY,)}
    assert needed == written


def test_the_scenarios_reach_every_awkward_stretch_of_the_calendar() -> None:
    dues = {_day(wanted["due"]) for row in PETITIONS for wanted in row["expect"]}
    dues |= {_day(row["end"]) for row in SUMS}
    for day in ("2024-02-29", "2024-05-04", "2026-01-10", "2026-08-24", "2026-09-03", "2026-11-25"):
        assert _day(day) in dues
