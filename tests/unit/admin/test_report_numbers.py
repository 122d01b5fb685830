"""Numbers and days as Vietnamese reports print them; what a comparison may say."""

import json
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from admin.reports.check import check_totals
from admin.reports.comparison import change
from admin.reports.links import from_address, in_address
from admin.reports.numbers import day, day_parts, grouped, n, percent, signed
from admin.reports.totals import read_totals
from intake.report_forms import form_set

SCENARIOS = Path(__file__).parents[2] / "scenarios" / "reports" / "typed-totals.toml"
CASES = tomllib.loads(SCENARIOS.read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_published_totals_break_exactly_the_rules_they_break(case):
    totals = read_totals(json.dumps(case["totals"]).encode())
    assert [found.rule for found in check_totals(totals, today=date(2026, 11, 21))] == case["rules"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1, "01"),
        (9, "09"),
        (10, "10"),
        (419, "419"),
        (2799, "2.799"),
        (10_200_000, "10.200.000"),
        (Decimal("1234.50"), "1.234,5"),
        (Decimal("0.5"), "0,5"),
    ],
)
def test_counts_below_ten_get_a_leading_zero_and_decimals_none(value, shown):
    assert n(value) == shown


def test_table_cells_are_never_padded():
    assert [grouped(value) for value in (0, 5, 1234)] == ["0", "5", "1.234"]
    assert [signed(value) for value in (7, -7, 0)] == ["+7", "-7", "0"]


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (24, 96, "25"),
        (46, 76, "60,53"),
        (23, 26, "88,46"),
        (7, 240, "2,92"),
        (9, 53, "16,98"),
        (1, 3, "33,33"),
        (1, 8, "12,5"),
        (1, 800, "0,13"),
        (5, 1000, "0,5"),
        (2, 3, "66,67"),
    ],
)
def test_a_percentage_is_computed_from_integers_half_up(part, whole, shown):
    assert percent(part, whole) == shown


def test_there_is_no_percentage_of_nothing():
    with pytest.raises(ZeroDivisionError):
        percent(1, 0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (date(2023, 6, 7), "07/6/2023"),
        (date(2026, 2, 5), "05/02/2026"),
        (date(2026, 3, 14), "14/3/2026"),
        (date(2025, 12, 15), "15/12/2025"),
        (date(2026, 1, 31), "31/01/2026"),
        (date(2026, 10, 1), "01/10/2026"),
    ],
)
def test_days_below_ten_and_months_one_and_two_are_padded(value, shown):
    assert day(value) == shown
    assert "/".join(day_parts(value)) == shown


@pytest.mark.parametrize(
    ("now", "before", "phrase", "share"),
    [
        (0, 0, "none", ""),
        (5, 0, "from_zero", ""),
        (12, 12, "equal", "0"),
        (233, 240, "less", "2,92"),
        (20, 10, "more", "100"),
        (9, 3, "more", ""),
        (0, 4, "to_zero", ""),
        (0, 40, "to_zero", "100"),
    ],
)
def test_a_comparison_says_no_percentage_on_a_small_base(now, before, phrase, share):
    found = change(now, before)
    assert found is not None
    assert (found.phrase, found.percent) == (phrase, share)


def test_without_a_baseline_there_is_no_comparison():
    assert change(5, None) is None


def test_a_numbers_address_leads_back_to_it():
    cells = [column.cell for form in form_set("TT06-2025").forms for column in form.columns]
    for name in [*cells, "petitions.received", "reception.days.periodic"]:
        assert from_address(in_address(name)) == name
        assert "/" not in in_address(name)
