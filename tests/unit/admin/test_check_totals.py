"""The check of typed totals: which rules fire, which stay silent, what is unreadable."""

import io
import json
from datetime import date

import pytest
from openpyxl import Workbook

from admin.reports.check import check_totals
from admin.reports.totals import read_totals
from intake.errors import InvalidInput

TODAY = date(2026, 11, 21)


def rules(table, today=TODAY):
    content = table if isinstance(table, bytes) else json.dumps(table).encode()
    return check_totals(read_totals(content), today=today)


def lines(table):
    return [found.line for found in rules(table)]


def reception(**blocks):
    return {"reception": blocks}


SEED_2022 = {
    "period": {"from": "2022-01-01", "to": "2022-12-31"},
    "reception": {
        "total": {"visits": 419, "people": 622, "cases": 136},
        "periodic": {"visits": 342, "people": 534},
        "regular": {"visits": 78, "people": 88},
        "ad_hoc": {"visits": 0, "people": 0},
    },
}


def test_the_2022_totals_break_e01_on_visits_and_nothing_on_people():
    found = rules(SEED_2022)
    assert [(each.rule, each.subject) for each in found] == [("E01", "lượt")]
    assert "420" in found[0].text
    assert "419" in found[0].text
    assert found[0].blocks


def test_parts_that_exceed_the_total_break_it_although_one_part_is_not_stated():
    table = json.loads(json.dumps(SEED_2022))
    del table["reception"]["ad_hoc"]
    assert [each.rule for each in rules(table)] == ["E01"]


def test_parts_that_fall_short_decide_nothing_while_one_is_not_stated():
    assert lines(reception(total={"visits": 500}, regular={"visits": 78})) == []


def test_the_2023_totals_are_consistent():
    assert (
        lines(
            reception(
                total={"visits": 352, "people": 679, "cases": 124},
                periodic={"visits": 289, "people": 596},
                regular={"visits": 63, "people": 83},
                ad_hoc={"visits": 0, "people": 0},
            )
        )
        == []
    )


def test_98_denunciations_with_54_true_and_9_partly_true_leave_35_unexplained():
    found = rules({"denunciations": {"total": 98, "true": 54, "partly_true": 9, "false": None}})
    assert [each.rule for each in found] == ["E07"]
    assert "35" in found[0].text


def test_denunciations_that_add_up_are_silent_and_too_many_outcomes_are_not():
    whole = {"total": 98, "true": 54, "partly_true": 9, "false": 20, "pending": 10, "withdrawn": 5}
    assert lines({"denunciations": whole}) == []
    assert [f.rule for f in rules({"denunciations": {**whole, "false": 30}})] == ["E07"]
    assert lines({"denunciations": {"total": 98}}) == []


def test_fewer_people_than_visits_break_e03():
    found = rules(reception(total={"visits": 622, "people": 419}))
    assert [each.rule for each in found] == ["E03"]
    assert [f.rule for f in rules(reception(total={"visits": 0, "people": 3}))] == ["E03"]
    assert lines(reception(total={"visits": 3, "people": 3})) == []


def test_more_cases_than_visits_only_warn():
    found = rules(reception(total={"visits": 176, "cases": 192}))
    assert [(each.rule, each.blocks) for each in found] == [("W-E04", False)]


def test_distinct_cases_are_never_added_up():
    assert (
        lines(
            reception(
                total={"cases": 5}, regular={"cases": 3}, periodic={"cases": 4}, ad_hoc={"cases": 0}
            )
        )
        == []
    )
    found = rules(reception(total={"cases": 3}, periodic={"cases": 4}))
    assert [(each.rule, each.blocks) for each in found] == [("W-E01", False)]


def test_a_large_group_has_at_least_five_people():
    assert (
        lines(reception(total={"visits": 9, "people": 30, "groups": 2, "group_people": 10})) == []
    )
    found = rules(reception(total={"visits": 9, "people": 30, "groups": 2, "group_people": 9}))
    assert [each.rule for each in found] == ["E05"]
    assert [f.rule for f in rules(reception(total={"visits": 1, "groups": 2}))] == ["E05"]


def test_another_threshold_is_refused_unless_a_note_says_why():
    assert [f.rule for f in rules({"reception": {"group_threshold": 4}})] == ["E05"]
    assert lines({"reception": {"group_threshold": 4, "threshold_note": "Quy chế tỉnh"}}) == []


def test_the_view_by_receiver_is_checked_like_the_view_by_regime():
    found = rules(
        reception(
            total={"visits": 10}, staff={"visits": 6}, head={"visits": 3}, delegate={"visits": 0}
        )
    )
    assert [each.rule for each in found] == ["E01"]


def test_two_periods_of_different_length_or_threshold_are_not_compared():
    found = rules(
        {
            "period": {"from": "2023-01-01", "to": "2023-10-31"},
            "reception": {"group_threshold": 4, "threshold_note": "x"},
            "comparison": {"period": {"from": "2022-01-01", "to": "2022-12-31"}},
        }
    )
    assert [(each.rule, each.blocks) for each in found] == [("W01", False), ("W01", False)]


def test_a_leap_day_is_no_difference_in_length():
    assert (
        lines(
            {
                "period": {"from": "2023-12-15", "to": "2024-03-14"},
                "comparison": {"period": {"from": "2022-12-15", "to": "2023-03-14"}},
            }
        )
        == []
    )


@pytest.mark.parametrize(
    ("now", "before", "given", "expected"),
    [
        (233, 240, 3.9, ["E09"]),
        (233, 240, 2.92, []),
        (44, 53, 16.9, ["E09"]),
        (44, 53, 17, []),
        (44, 53, 17.0, []),
        (44, 53, 16.98, []),
        (7, 5, 40, ["W02"]),
        (3, 0, 100, ["W02"]),
    ],
)
def test_a_published_percentage_is_computed_again(now, before, given, expected):
    claims = [{"name": "lượt", "now": now, "before": before, "percent": given}]
    assert [each.rule for each in rules({"claims": claims})] == expected


def test_a_period_that_is_not_over_or_upside_down_is_noticed():
    assert [f.rule for f in rules({"period": {"from": "2026-09-15", "to": "2026-12-14"}})] == [
        "W06"
    ]
    assert [f.rule for f in rules({"period": {"from": "2026-06-14", "to": "2026-03-15"}})] == [
        "E09"
    ]


def test_a_vague_word_is_no_count():
    found = rules(reception(total={"visits": "hơn 12", "people": "2.799"}))
    assert [each.rule for each in found] == ["W04"]


def test_words_for_nothing_are_zero():
    assert [
        f.rule
        for f in rules(
            reception(
                total={"visits": 5},
                regular={"visits": 4},
                periodic={"visits": "Không có"},
                ad_hoc={"visits": "không phát sinh"},
            )
        )
    ] == ["E01"]


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"reception": None, "denunciations": None, "period": None},
        reception(total=None),
        reception(total={"visits": None, "people": None, "cases": None}),
    ],
)
def test_what_is_not_stated_breaks_nothing(table):
    assert lines(table) == []
    assert read_totals(json.dumps(table).encode()).states_nothing


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"12",
        b"\xff\xfe\x00",
        b"PK\x03\x04nonsense",
        b"[" * 100_000,
        b'{"reception": 5}',
        b'{"reception": {"total": [1]}}',
        b'{"reception": {"total": {"visits": -1}}}',
        b'{"reception": {"total": {"visits": 1.5}}}',
        b'{"reception": {"total": {"visits": true}}}',
        b'{"reception": {"total": {"visits": NaN}}}',
        b'{"reception": {"total": {"visits": 1e400}}}',
        b'{"reception": {"total": {"visits": "mot hai"}}}',
        b'{"period": {"from": "2026-13-01"}}',
        b'{"period": {"from": 5}}',
        b'{"claims": 4}',
        b'{"claims": [3]}',
        b'{"forms": [3]}',
        b'{"cells": {"01/TCD.c1": -5}}',
        b'{"denunciations": {"total": 99999999999999}}',
    ],
)
def test_an_unreadable_file_is_refused_as_a_whole(content):
    with pytest.raises(InvalidInput):
        rules(content)


def test_unknown_keys_are_named_and_ignored():
    totals = read_totals(json.dumps({"recption": {}, "reception": {"totl": {}}}).encode())
    assert set(totals.unknown_keys) == {"recption", "reception.totl"}


def workbook(*sheets):
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_spreadsheet_with_dotted_names_says_the_same_as_json():
    content = workbook(
        (
            "Sheet1",
            [
                ["period.from", date(2022, 1, 1)],
                ["period.to", "2022-12-31"],
                ["reception.total.visits", 419],
                ["reception.regular.visits", 78],
                ["reception.periodic.visits", 342],
                ["reception.ad_hoc.visits", 0],
                ["denunciations.total", 98],
                ["denunciations.true", 54],
                ["denunciations.partly_true", 9],
            ],
        )
    )
    assert [each.rule for each in rules(content)] == ["E01", "E07"]


def test_a_spreadsheet_with_vietnamese_tables_says_the_same_too():
    content = workbook(
        ("Kỳ", [["Từ ngày", "01/01/2022"], ["Đến ngày", "31/12/2022"]]),
        (
            "Tiếp công dân",
            [
                ["", "Số lượt", "Số người", "Vụ việc"],
                ["Tổng số", 419, 622, 136],
                ["Thường xuyên", 78, 88],
                ["Định kỳ", 342, 534],
                ["Đột xuất", "không có", "không có"],
            ],
        ),
        ("Tố cáo", [["Tổng số", 98], ["Đúng", 54], ["Có đúng có sai", 9]]),
    )
    assert [each.rule for each in rules(content)] == ["E01", "E07"]


def test_cells_of_forms_are_held_to_the_forms_own_relations():
    found = rules(
        {
            "cells": {
                "01/TCD.c1": 3,
                "01/TCD.c5": 1,
                "01/TCD.c11": 1,
                "01/TCD.c17": 0,
                "02/XLD.c6": 2,
                "03/GQKN.c1": 1,
                "02/XLD.c1": 3,
                "02/XLD.c2": 4,
            }
        }
    )
    assert [each.rule for each in found] == ["E01", "E06", "E06"]
