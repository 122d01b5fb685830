"""A year's plan as officers paste it."""

from __future__ import annotations

from datetime import date

import pytest

from intake.calendar_plan import PlanFault, read_days_off, read_days_worked


def days(text: str) -> list[str]:
    return [row.day.isoformat() for row in read_days_off(text, 2027)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("04/02/2027 Tết Nguyên đán", ["2027-02-04"]),
        ("4/2 Tết", ["2027-02-04"]),
        ("2027-02-04: Tết", ["2027-02-04"]),
        ("- 04/02 Tết", ["2027-02-04"]),
        # 6 and 7 February 2027 are a weekend, which needs no entry.
        ("04/02 - 08/02 Tết", ["2027-02-04", "2027-02-05", "2027-02-08"]),
        ("04/02–05/02/2027 Tết", ["2027-02-04", "2027-02-05"]),
        ("2027-02-04..2027-02-05 Tết", ["2027-02-04", "2027-02-05"]),
        ("04/02 đến hết ngày 05/02 Tết", ["2027-02-04", "2027-02-05"]),
        ("30/4", ["2027-04-30"]),
        ("", []),
    ],
)
def test_a_line_names_a_day_or_a_stretch(line: str, found: list[str]) -> None:
    assert days(line) == found


def test_a_day_keeps_its_name_and_line_and_has_one_where_none_is_written() -> None:
    first, second = read_days_off("\n04/02 Tết Nguyên đán\n\n03/09", 2027)
    assert (first.name, first.line) == ("Tết Nguyên đán", 2)
    assert (second.line, bool(second.name)) == (4, True)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("04/02 Tết\nmùng hai Tết", 2, "malformed"),
        ("31/02 Tết", 1, "malformed"),
        ("04/02/2026 Tết", 1, "other_year"),
        ("31/12/2026 - 02/01/2027", 1, "other_year"),
        ("05/02 - 04/02", 1, "out_of_range"),
        ("04/02 Tết\n03/02 - 05/02 Tết", 2, "twice"),
        ("06/02 Tết", 1, "weekend"),
    ],
)
def test_a_faulty_line_is_refused_by_its_number(text: str, line: int, reason: str) -> None:
    with pytest.raises(PlanFault) as refused:
        read_days_off(text, 2027)
    assert (refused.value.values["line"], refused.value.values["reason"]) == (line, reason)


def test_only_a_day_of_the_weekend_can_be_worked_instead() -> None:
    (row,) = read_days_worked("20/02 làm bù cho ngày 11/02", 2027)
    assert (row.day, row.name) == (date(2027, 2, 20), "làm bù cho ngày 11/02")
    with pytest.raises(PlanFault) as refused:
        read_days_worked("19/02", 2027)
    assert refused.value.values["reason"] == "weekday"
