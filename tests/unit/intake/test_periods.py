"""Reporting periods: which days they cover, what they are compared with."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from intake.clock import CIVIL_ZONE
from intake.errors import InvalidInput
from intake.periods import (
    comparable_period,
    periods_around,
    previous_period,
    quarters_within,
    regimes,
    resolve_period,
)

TODAY = date(2026, 11, 21)


def period(text, regime="ttcp", today=TODAY):
    return resolve_period(text, regime, today=today)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-Q1", date(2025, 12, 15), date(2026, 3, 14)),
        ("2026-Q2", date(2026, 3, 15), date(2026, 6, 14)),
        ("2026-Q3", date(2026, 6, 15), date(2026, 9, 14)),
        ("2026-Q4", date(2026, 9, 15), date(2026, 12, 14)),
        ("2026-6T", date(2025, 12, 15), date(2026, 6, 14)),
        ("2026-9T", date(2025, 12, 15), date(2026, 9, 14)),
        ("2026-NAM", date(2025, 12, 15), date(2026, 12, 14)),
    ],
)
def test_the_inspectorates_periods_run_from_the_15th_to_the_14th(text, first, last):
    assert (period(text).first_day, period(text).last_day) == (first, last)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
@pytest.mark.parametrize("regime", ["ttcp", "local"])
def test_four_quarters_tile_the_year_exactly(year, regime):
    whole = period(f"{year}-NAM", regime)
    parts = [period(f"{year}-Q{number}", regime) for number in (1, 2, 3, 4)]
    assert list(quarters_within(whole)) == parts
    assert parts[0].first_day == whole.first_day
    assert parts[-1].last_day == whole.last_day
    for before, after in pairwise(parts):
        assert after.first_day == before.last_day + timedelta(days=1)


def test_three_months_tile_a_quarter():
    quarter = period("2026-Q1", "local")
    months = [period(f"2026-M{number:02}", "local") for number in (1, 2, 3)]
    assert months[0].first_day == quarter.first_day == date(2025, 12, 15)
    assert months[1].first_day == months[0].last_day + timedelta(days=1)
    assert months[2].last_day == quarter.last_day


def test_half_past_eleven_at_night_on_the_14th_belongs_to_the_closing_period():
    late = datetime(2026, 6, 14, 23, 30, tzinfo=CIVIL_ZONE)
    assert period("2026-Q2").covers_instant(late)
    assert not period("2026-Q3").covers_instant(late)
    midnight = late + timedelta(minutes=30)
    assert period("2026-Q3").covers_instant(midnight)
    assert midnight.astimezone(UTC).date() == date(2026, 6, 14)


def test_a_regime_without_cut_off_ends_on_the_last_full_day_before_drafting():
    drafted = period("2026-6T", "dan-van", today=date(2026, 6, 8))
    assert (drafted.first_day, drafted.last_day) == (date(2026, 1, 1), date(2026, 6, 7))
    assert drafted.cut_short
    assert drafted.nominal_last_day == date(2026, 6, 30)
    assert not period("2026-6T", "dan-van").cut_short


def test_the_same_period_of_last_year_keeps_regime_and_cut_offs():
    before = comparable_period(period("2026-6T"))
    assert (before.first_day, before.last_day) == (date(2024, 12, 15), date(2025, 6, 14))
    drafted = period("2026-6T", "dan-van", today=date(2026, 6, 8))
    assert comparable_period(drafted).last_day == date(2025, 6, 7)
    leap = period("2024-01-01..2024-02-29")
    assert comparable_period(leap).last_day == date(2023, 2, 28)


def test_due_days_are_those_of_the_sender():
    assert period("2026-Q3").due == {"unit": date(2026, 9, 17), "province": date(2026, 9, 20)}
    assert period("2026-Q4", "dan-van").due == {"unit": date(2026, 12, 10)}


def test_the_period_before_a_first_quarter_is_last_years_fourth():
    assert previous_period(period("2026-Q1")) == period("2025-Q4")
    assert previous_period(period("2026-M01", "local")).text == "2025-M12"
    assert previous_period(period("2026-6T")) is None


def test_an_interval_of_ones_own_is_taken_literally():
    own = period("2026-01-01..2026-03-31")
    assert (own.first_day, own.last_day, own.days) == (date(2026, 1, 1), date(2026, 3, 31), 90)


@pytest.mark.parametrize(
    ("text", "regime", "reason"),
    [
        ("2026-Q5", "ttcp", "unknown"),
        ("2026-M05", "ttcp", "unknown"),
        ("2026-Q4", "kstt", "unknown"),
        ("2027-Q1", "ttcp", "not_begun"),
        ("2027-Q1", "dan-van", "not_begun"),
        ("Q3", "ttcp", "malformed"),
        ("", "ttcp", "malformed"),
        ("9999-Q1", "ttcp", "malformed"),
        ("2026-03-31..2026-01-01", "ttcp", "out_of_range"),
        ("2026-02-30..2026-03-01", "ttcp", "malformed"),
        ("0001-01-01..2026-01-01", "ttcp", "out_of_range"),
        ("2026-Q3", "nope", "unknown"),
    ],
)
def test_an_impossible_period_is_refused_with_its_reason(text, regime, reason):
    with pytest.raises(InvalidInput) as refused:
        period(text, regime)
    assert refused.value.values["reason"] == reason


def test_every_regime_names_its_source():
    assert all(regime.source for regime in regimes().values())
    assert {"ttcp", "dan-van", "local"} <= set(regimes())


@pytest.mark.parametrize(
    ("today", "running", "closed"),
    [
        (date(2026, 11, 22), ["2026-NAM", "2026-Q4"], ["2026-9T", "2026-Q3"]),
        (date(2026, 12, 14), ["2026-NAM", "2026-Q4"], ["2026-9T", "2026-Q3"]),
        (
            date(2026, 12, 15),
            ["2027-NAM", "2027-9T", "2027-6T", "2027-Q1"],
            ["2026-NAM", "2026-Q4"],
        ),
    ],
)
def test_the_desk_holds_what_runs_and_what_closed_of_late(
    today: date, running: list[str], closed: list[str]
) -> None:
    found = [period for period in periods_around(today) if period.regime == "ttcp"]
    assert sorted(p.text for p in found if not p.is_over(today)) == sorted(running)
    assert sorted(p.text for p in found if p.is_over(today)) == sorted(closed)
