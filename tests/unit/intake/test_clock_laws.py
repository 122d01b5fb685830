"""Laws every calendar and every term obeys, tried on calendars nobody decreed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.deadlines import ClockCase, ClockEvent, count_term, derive_deadlines
from intake.rules import BEFORE, DUTY, Rule, Rules
from intake.workdays import DayOverride, WorkCalendar

RULES = Rules.load()
SHIPPED = WorkCalendar.load()
DAY = timedelta(days=1)
TERMS = [
    rule
    for rule in RULES.all()
    if rule.kinds != (DUTY,) and rule.amount and rule.unit in ("CD", "WD")
]
ROOT = Path(__file__).parents[3]

in_years = st.dates(date(2024, 3, 1), date(2027, 6, 30))
decisions = st.dictionaries(in_years, st.booleans(), max_size=40)
rules = st.sampled_from(TERMS)
tried = settings(max_examples=60, deadline=None)


def decreed(days: dict[date, bool]) -> WorkCalendar:
    """The shipped calendar with these days made working or not."""
    return WorkCalendar.load(
        day_overrides=[DayOverride(day, working, "thử", "thử") for day, working in days.items()]
    )


@tried
@given(decisions, rules, in_years, st.integers(0, 60))
def test_a_later_start_never_ends_earlier(
    days: dict[date, bool], rule: Rule, start: date, later: int
) -> None:
    calendar = decreed(days)
    ends = [
        count_term(day, rule.amount, rule.unit, calendar, before=rule.direction == BEFORE).due
        for day in (start, start + later * DAY)
    ]
    assert ends == sorted(ends)


@tried
@given(decisions, rules, in_years, in_years)
def test_one_more_day_off_never_shortens_a_term(
    days: dict[date, bool], rule: Rule, start: date, off: date
) -> None:
    before, after = decreed(days), decreed({**days, off: False})
    backwards = rule.direction == BEFORE
    ends = [
        count_term(start, rule.amount, rule.unit, calendar, before=backwards).due
        for calendar in (before, after)
    ]
    assert ends == sorted(ends, reverse=backwards)


@tried
@given(decisions, in_years, st.integers(1, 60))
def test_counting_back_undoes_counting_forward(days: dict[date, bool], start: date, n: int) -> None:
    calendar = decreed(days)
    end = calendar.add_working_days(start, n)
    assert calendar.is_working_day(end)
    assert calendar.working_days_between(start, end) == n
    assert calendar.add_working_days(end, -n) == calendar.roll_back(start)


@tried
@given(
    st.sampled_from(["KN", "TC", "KN_KL"]),
    st.dates(date(2026, 7, 1), date(2027, 3, 31)),
    st.integers(1, 25),
    st.integers(1, 90),
)
def test_a_pause_of_n_days_moves_the_nominal_last_day_by_n(
    kind: str, accepted: date, wait: int, n: int
) -> None:
    def settling(*pause: ClockEvent) -> date:
        case = ClockCase(kind, events=(ClockEvent("accepted", accepted), *pause))
        found = derive_deadlines(case, as_of=accepted, rules=RULES, calendar=SHIPPED)
        return next(row.nominal for row in found if RULES.settles(row.rule))

    suspended = accepted + wait * DAY
    resumed = suspended + n * DAY
    moved = settling(ClockEvent("suspended", suspended), ClockEvent("resumed", resumed))
    assert moved - settling() == n * DAY


@tried
@given(decisions, in_years)
def test_what_differs_between_two_calendars_is_exactly_what_was_decided(
    days: dict[date, bool], other: date
) -> None:
    changed = decreed(days)
    expected = {day for day, on in days.items() if SHIPPED.is_working_day(day) != on}
    assert set(changed.differences(SHIPPED)) == expected
    assert (other in expected) == (changed.is_working_day(other) != SHIPPED.is_working_day(other))


def test_the_same_dates_come_out_under_every_process_time_zone() -> None:
    lines = (ROOT / "tests/scenarios/clock/petitions.jsonl").read_text(encoding="utf-8")
    asked = "\n".join(
        json.dumps({"id": row["id"], **row["case"]})
        for row in map(json.loads, lines.splitlines()[::7])
    )
    answers = set()
    for zone in ("UTC", "Asia/Ho_Chi_Minh", "America/New_York", "Pacific/Kiritimati"):
        run = subprocess.run(
            [
                sys.executable,
                "-c",
                ("import click; from intake.clock_commands import register;"
                "group = click.Group(); register(group); group(['deadlines', '--jsonl'])"),
            ],
            input=asked, capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "TZ": zone, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        answers.add(run.stdout)
    assert len(answers) == 1
    assert answers.pop().count("\n") == asked.count("\n") + 1


@pytest.mark.parametrize("rule", TERMS, ids=lambda rule: rule.id)
def test_a_term_ends_on_a_working_day_whatever_day_it_starts(rule: Rule) -> None:
    for offset in range(0, 400, 3):
        start = date(2026, 2, 1) + offset * DAY
        due = count_term(
            start, rule.amount, rule.unit, SHIPPED, before=rule.direction == BEFORE
        ).due
        assert SHIPPED.is_working_day(due)
