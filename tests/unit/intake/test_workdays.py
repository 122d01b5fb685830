"""The working calendar: what it knows, what officers add, and what it refuses to guess."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy
import pytest

from intake.errors import DataFault
from intake.workdays import (
    CALENDAR_FOLDER,
    CalendarYearMissing,
    DayOverride,
    WorkCalendar,
    YearDecision,
)
from tests.unit.intake import clock_oracle

CALENDAR = WorkCalendar.load()
DAY = timedelta(days=1)
FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)
ALL_DAYS = [FIRST + n * DAY for n in range((LAST - FIRST).days + 1)]


def test_every_day_of_the_shipped_years_agrees_with_the_oracle() -> None:
    differing = [day for day in ALL_DAYS if CALENDAR.is_working_day(day) != clock_oracle.works(day)]
    assert differing == []


def test_rolling_goes_to_the_next_working_day_and_back_to_the_one_before() -> None:
    for day in ALL_DAYS[7:-7]:
        assert CALENDAR.roll_forward(day) == clock_oracle.next_working(day)
        assert CALENDAR.roll_back(day) == clock_oracle.last_working(day)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 10, 20])
def test_numpy_counts_the_same_where_no_saturday_was_swapped_in(n: int) -> None:
    holidays = [day for day in ALL_DAYS if day.isoweekday() <= 5 and not clock_oracle.works(day)]
    starts = [day for day in ALL_DAYS if day < LAST - 60 * DAY]
    theirs = numpy.busday_offset(
        numpy.array(starts, dtype="datetime64[D]"), n, roll="backward", holidays=holidays
    ).astype(object)
    compared = 0
    for start, end in zip(starts, theirs, strict=True):
        if not any(start <= day <= end for day in clock_oracle.ON):
            assert CALENDAR.add_working_days(start, n) == end
            compared += 1
    assert compared > 1000


def test_elapsed_working_days_undo_adding_them() -> None:
    for start in ALL_DAYS[::11]:
        for n in (1, 5, 10, 23):
            if start < LAST - 60 * DAY:
                end = CALENDAR.add_working_days(start, n)
                assert CALENDAR.working_days_between(start, end) == n
                assert len(CALENDAR.working_days(start + DAY, end)) == n


def test_adding_no_working_day_gives_the_day_itself() -> None:
    assert CALENDAR.add_working_days(date(2026, 11, 22), 0) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("year", "ask"),
    [
        (2023, lambda c: c.is_working_day(date(2023, 12, 31))),
        (2028, lambda c: c.is_working_day(date(2028, 1, 1))),
        (2028, lambda c: c.add_working_days(date(2027, 12, 30), 5)),
        (2023, lambda c: c.add_working_days(date(2024, 1, 3), -5)),
        (2028, lambda c: c.roll_forward(date(2028, 1, 1))),
        (2031, lambda c: c.explain(date(2031, 5, 5))),
        (2028, lambda c: c.confirmed(2028)),
        (2028, lambda c: c.working_days_between(date(2027, 12, 1), date(2028, 1, 5))),
        (2028, lambda c: c.doubts(date(2027, 12, 1), date(2028, 1, 5))),
        (2028, lambda c: c.special_days(date(2027, 12, 1), date(2028, 1, 5))),
    ],
)
def test_a_missing_year_is_an_error_and_not_a_guess(
    year: int, ask: Callable[[WorkCalendar], object]
) -> None:
    with pytest.raises(CalendarYearMissing) as raised:
        ask(CALENDAR)
    assert raised.value.values["year"] == year


def test_the_first_and_the_last_day_of_the_calendar_can_be_reached() -> None:
    # 01/01/2024 is a holiday, 31/12/2027 a Friday.
    assert CALENDAR.add_working_days(date(2024, 1, 3), -1) == date(2024, 1, 2)
    assert CALENDAR.add_working_days(date(2027, 12, 30), 1) == date(2027, 12, 31)
    assert CALENDAR.roll_forward(date(2027, 12, 31)) == date(2027, 12, 31)
    with pytest.raises(CalendarYearMissing):
        CALENDAR.add_working_days(date(2024, 1, 2), -1)


def test_special_days_and_doubts_include_both_ends_of_the_stretch() -> None:
    holiday, eve = date(2026, 11, 24), date(2026, 11, 23)
    assert [day.day for day in CALENDAR.special_days(holiday, holiday)] == [holiday]
    assert CALENDAR.special_days(holiday, eve) == ()
    assert [doubt.about for doubt in CALENDAR.doubts(eve, eve)] == ["pending"]
    assert [doubt.about for doubt in CALENDAR.doubts(date(2026, 8, 22), date(2026, 8, 22))] == [
        "day"
    ]
    years = CALENDAR.doubts(date(2026, 12, 1), date(2027, 1, 8))
    assert [(doubt.about, doubt.day) for doubt in years] == [("year", date(2027, 1, 1))]
    within = CALENDAR.doubts(date(2027, 3, 8), date(2027, 3, 9))
    assert [(doubt.about, doubt.day) for doubt in within] == [("year", date(2027, 3, 8))]


def test_the_last_days_of_the_calendar_do_not_roll_into_nothing() -> None:
    until_saturday = WorkCalendar.load(
        day_overrides=[DayOverride(date(2027, 12, 31), False, "thử", "QĐ thử")]
    )
    with pytest.raises(CalendarYearMissing) as raised:
        until_saturday.roll_forward(date(2027, 12, 31))
    assert raised.value.values["year"] == 2028


def test_a_year_without_a_published_plan_is_shown_as_such() -> None:
    assert CALENDAR.confirmed(2026)
    assert not CALENDAR.confirmed(2027)
    assert "chưa được xác nhận" in CALENDAR.explain(date(2027, 3, 8))
    assert "chưa được xác nhận" not in CALENDAR.explain(date(2026, 3, 9))


def test_an_unverified_swap_is_named_where_its_day_counts() -> None:
    doubts = CALENDAR.doubts(date(2026, 8, 24), date(2026, 8, 31))
    assert [(doubt.about, doubt.day) for doubt in doubts] == [("day", date(2026, 8, 31))]
    assert CALENDAR.doubts(date(2026, 3, 2), date(2026, 3, 31)) == ()


def test_a_reason_names_the_holiday_and_the_decision() -> None:
    assert CALENDAR.explain(date(2026, 11, 24)) == (
        "thứ Ba, ngày nghỉ lễ: Ngày Văn hóa Việt Nam (Nghị quyết 28/2026/QH16)"
    )
    assert CALENDAR.explain(date(2026, 11, 22)) == "Chủ nhật, ngày nghỉ hằng tuần"


def test_an_officers_decision_goes_before_the_file() -> None:
    swap = [
        DayOverride(date(2026, 11, 23), False, "nghỉ hoán đổi", "QĐ 1"),
        DayOverride(date(2026, 11, 28), True, "làm bù cho ngày 23/11/2026", "QĐ 1"),
    ]
    changed = WorkCalendar.load(day_overrides=swap)
    assert not changed.is_working_day(date(2026, 11, 23))
    assert changed.is_working_day(date(2026, 11, 28))
    assert "QĐ 1" in changed.explain(date(2026, 11, 28))
    assert changed.differences(CALENDAR) == (date(2026, 11, 23), date(2026, 11, 28))
    assert CALENDAR.is_working_day(date(2026, 11, 23))


def test_a_holiday_may_be_taken_back_by_a_decision() -> None:
    back = WorkCalendar.load(day_overrides=[DayOverride(date(2026, 8, 31), True, "làm", "QĐ 2")])
    assert back.is_working_day(date(2026, 8, 31))


def test_officers_open_and_confirm_years() -> None:
    opened = WorkCalendar.load(
        year_decisions=[YearDecision(2028, False, "mở năm"), YearDecision(2027, True, "TB 1")],
        day_overrides=[DayOverride(date(2028, 1, 3), False, "nghỉ bù", "BLLĐ")],
    )
    assert opened.confirmed(2027)
    assert not opened.confirmed(2028)
    assert not opened.is_working_day(date(2028, 1, 3))
    assert opened.add_working_days(date(2027, 12, 31), 1) == date(2028, 1, 4)
    assert opened.doubts(date(2027, 2, 1), date(2027, 2, 19)) == ()
    assert date(2028, 2, 29) in opened.working_days(date(2028, 2, 1), date(2028, 3, 1))


def test_who_confirms_a_year_confirms_its_expected_days_too() -> None:
    assert not CALENDAR.year(2026).settled  # a swap was never read, another may still come
    decided = WorkCalendar.load(year_decisions=[YearDecision(2026, True, "TB 3")])
    assert decided.year(2026).settled
    assert decided.doubts(date(2026, 8, 20), date(2026, 11, 25)) == ()
    assert decided.differences(CALENDAR) == ()


def test_an_override_in_a_year_without_data_does_not_open_it() -> None:
    alone = WorkCalendar.load(day_overrides=[DayOverride(date(2028, 1, 3), False, "nghỉ", "QĐ")])
    with pytest.raises(CalendarYearMissing):
        alone.is_working_day(date(2028, 1, 3))


def test_years_must_follow_each_other() -> None:
    with pytest.raises(ValueError, match="gap"):
        WorkCalendar.load(year_decisions=[YearDecision(2030, True, "xa quá")])
    with pytest.raises(ValueError, match="at least one"):
        WorkCalendar([])


def test_every_special_day_says_what_decided_it() -> None:
    for year in CALENDAR.years:
        assert year.published is not None
        assert all(len(day.decision) > 5 and len(day.name) > 3 for day in year.days)
        # A swapped-in day would otherwise be a day of rest, and the other way round.
        for day in year.days:
            assert day.working == (day.day.isoweekday() > 5)


GOOD_DAY = """
[[day]]
on = 2030-01-01
kind = "holiday"
name = "Tết Dương lịch"
decision = "BLLĐ"
status = "verified"
"""


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("year = 2030\nweekly_rest = [6, 7]\nconfirmed = maybe\n", 3, "Invalid"),
        ("year = 2029\nweekly_rest = [6, 7]\n", 1, "named after"),
        ("year = 2030\nweekly_rest = [6, 9]\n", 2, "ISO weekdays"),
        ("year = 2030\nweekly_rest = [6, 7]\nconfirmed = 1\n", 3, "true or false"),
        ("year = 2030\nweekly_rest = [6, 7]\ncolour = 1\n", 3, "unknown key"),
        ("year = 2030\nweekly_rest = [6, 7]\n" + GOOD_DAY.replace("2030-", "2031-"), 5, "not in"),
        ("year = 2030\nweekly_rest = [6, 7]\n" + GOOD_DAY.replace("holiday", "party"), 6, "party"),
        ("year = 2030\nweekly_rest = [6, 7]\n" + GOOD_DAY + GOOD_DAY, 12, "each day once"),
        (
            "year = 2030\nweekly_rest = [6, 7]\n" + GOOD_DAY.replace("holiday", "swap_out"),
            4,
            "swapped with",
        ),
        ("year = 2030\nweekly_rest = [6, 7]\n" + GOOD_DAY.replace("verified", "sure"), 9, "sure"),
        (
            (
                "year = 2030\nweekly_rest = [6, 7]\n"
                '[[pending]]\nfrom = 2030-02-02\nto = 2030-02-01\nnote = "Tết"\n'
            ),
            4,
            "after to",
        ),
    ],
)
def test_a_faulty_calendar_file_is_refused_with_file_and_line(
    tmp_path: Path, text: str, line: int, fault: str
) -> None:
    (tmp_path / "2030.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataFault, match=fault) as raised:
        WorkCalendar.load(folder=tmp_path)
    assert raised.value.values["file"] == "2030.toml"
    assert raised.value.values["line"] == line


def test_a_calendar_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "2030.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataFault, match="cannot be read"):
        WorkCalendar.load(folder=tmp_path)


def test_the_shipped_calendars_are_files_named_by_year() -> None:
    assert [path.stem for path in sorted(CALENDAR_FOLDER.glob("*.toml"))] == [
        str(year.year) for year in CALENDAR.years
    ]
