"""The forms as a workbook: a sheet a form, and a sheet that shows every relation checked.

Cells hold values, not formulas: a formula would be recomputed by whoever opens the file, and the
figures must stay those that were checked. Texts never become formulas or links.
"""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from admin.reports.forms import FormBook
from admin.reports.numbers import day
from admin.reports.phrases import table
from intake.report_forms import Column, Form

_FONT = "Times New Roman"
_UNIT_WIDTH, _COLUMN_WIDTH = 26, 9
_HEAD_ROW = 5


def to_xlsx(book: FormBook) -> bytes:
    """The workbook's bytes."""
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    workbook.set_properties(
        {
            "title": book.figures.body.name,
            "author": book.figures.body.name,
            "created": book.generated_at.replace(tzinfo=None),
        }
    )
    writer = _Writer(workbook, book)
    for form in book.forms.forms:
        writer.form(form)
    writer.checks()
    workbook.close()
    return buffer.getvalue()


class _Writer:
    def __init__(self, workbook: Any, book: FormBook) -> None:
        self.workbook = workbook
        self.book = book
        self.words = book.forms.words
        plain = {"font_name": _FONT, "font_size": 11, "valign": "vcenter"}
        boxed = {**plain, "border": 1}
        self.formats = {
            name: workbook.add_format(properties)
            for name, properties in {
                "title": {**plain, "bold": True, "font_size": 13, "align": "center"},
                "note": {**plain, "italic": True, "align": "center"},
                "draft": {**plain, "bold": True, "font_color": "#C00000", "align": "center"},
                "head": {**boxed, "bold": True, "align": "center", "text_wrap": True},
                "number": {**boxed, "italic": True, "align": "center"},
                "unit": {**boxed, "text_wrap": True},
                "total_unit": {**boxed, "bold": True},
                "cell": {**boxed, "num_format": "#,##0.##;-#,##0.##;0"},
                "whole": {**boxed, "num_format": "#,##0"},
                "total": {**boxed, "bold": True, "num_format": "#,##0"},
                "total_cell": {**boxed, "bold": True, "num_format": "#,##0.##;-#,##0.##;0"},
                "missing": {**boxed, "bg_color": "#FFC7CE"},
                "footer": {**plain, "text_wrap": True},
                "broken": {**boxed, "bold": True, "font_color": "#C00000"},
                "text": boxed,
            }.items()
        }

    def form(self, form: Form) -> None:
        """One form on one landscape sheet."""
        sheet = self.workbook.add_worksheet(form.code.replace("/", "-"))
        last = len(form.columns)
        self._title(sheet, form, last)
        depth = max(len(column.headings) for column in form.columns)
        self._headings(sheet, form, depth)
        marks = _HEAD_ROW + depth
        sheet.write_string(marks, 0, self.words["number_row"], self.formats["number"])
        for column in form.columns:
            sheet.write_number(marks, column.number, column.number, self.formats["number"])
        at = marks + 1
        for row in self.book.rows:
            style = "total_unit" if row.is_total and len(self.book.rows) > 1 else "unit"
            sheet.write_string(at, 0, row.name, self.formats[style])
            for column in form.columns:
                self._cell(sheet, at, column, row.value(column), total=style == "total_unit")
            at += 1
        note = self.words["note_heading"] + ": "
        if len(self.book.rows) > 1:
            note += self.words["note_rollup"]
        sheet.merge_range(at + 1, 0, at + 1, last, note, self.formats["footer"])
        sheet.set_column(0, 0, _UNIT_WIDTH)
        sheet.set_column(1, last, _COLUMN_WIDTH)
        sheet.freeze_panes(marks + 1, 1)
        sheet.set_landscape()
        sheet.set_paper(9 if last < 24 else 8)  # A4, or A3 for the widest
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEAD_ROW, marks)

    def checks(self) -> None:
        """Every relation of the forms with both sides, row by row."""
        sheet = self.workbook.add_worksheet(self.words["check_sheet"])
        for index, title in enumerate(self.book.forms.check_columns):
            sheet.write_string(0, index, title, self.formats["head"])
        for at, checked in enumerate(self.book.checks, start=1):
            outcome = checked.outcome
            relation = outcome.relation
            result = self.words["check_ok" if outcome.holds else "check_broken"]
            strict = self.words["check_strict" if relation.strict else "check_soft"]
            style = self.formats["text" if outcome.holds else "broken"]
            sheet.write_string(at, 0, relation.form, style)
            sheet.write_string(at, 1, checked.row.name, style)
            sheet.write_string(at, 2, relation.text, style)
            sheet.write_number(at, 3, float(outcome.left), style)
            sheet.write_number(at, 4, float(outcome.right), style)
            sheet.write_string(at, 5, strict, style)
            sheet.write_string(at, 6, result, style)
        for index, width in enumerate((12, 28, 36, 12, 12, 12, 14)):
            sheet.set_column(index, index, width)
        sheet.freeze_panes(1, 0)

    def _title(self, sheet: Any, form: Form, last: int) -> None:
        period = self.book.figures.period
        body = self.book.figures.body
        sheet.merge_range(0, 0, 0, last, form.code, self.formats["note"])
        sheet.merge_range(1, 0, 1, last, form.title, self.formats["title"])
        days = self.words["header_days"].format(
            first=day(period.first_day), last=day(period.last_day)
        )
        sheet.merge_range(2, 0, 2, last, days, self.formats["note"])
        annex = self.words["header_annex"].format(agency=body.name)
        sheet.merge_range(3, 0, 3, last, annex, self.formats["note"])
        if self.book.figures.blocking:
            sheet.merge_range(4, 0, 4, last, table()["title"]["draft"], self.formats["draft"])

    def _headings(self, sheet: Any, form: Form, depth: int) -> None:
        """Headings merged over what they cover, and down to the row of numbers."""
        style = self.formats["head"]
        unit = self.words["unit_heading"]
        self._merge(sheet, _HEAD_ROW, 0, _HEAD_ROW + depth - 1, 0, unit, style)
        columns = form.columns
        for level in range(depth):
            at = 0
            while at < len(columns):
                path = columns[at].headings
                if len(path) <= level:
                    at += 1
                    continue
                end = at
                while (
                    end + 1 < len(columns)
                    and columns[end + 1].headings[: level + 1] == path[: level + 1]
                ):
                    end += 1
                down = depth - 1 if len(path) == level + 1 else level
                self._merge(
                    sheet, _HEAD_ROW + level, columns[at].number, _HEAD_ROW + down,
                    columns[end].number, path[level], style,
                )  # fmt: skip
                at = end + 1
        for row in range(_HEAD_ROW, _HEAD_ROW + depth):
            sheet.set_row(row, 48 if row == _HEAD_ROW + depth - 1 else 30)

    def _cell(self, sheet: Any, at: int, column: Column, value: Any, *, total: bool) -> None:
        if value is None:
            sheet.write_blank(at, column.number, None, self.formats["missing"])
            return
        whole = isinstance(value, int)
        style = ("total" if total else "whole") if whole else ("total_cell" if total else "cell")
        sheet.write_number(at, column.number, float(value), self.formats[style])

    def _merge(
        self, sheet: Any, top: int, left: int, bottom: int, right: int, text: str, style: Any
    ) -> None:
        if (top, left) == (bottom, right):
            sheet.write_string(top, left, text, style)
        else:
            sheet.merge_range(top, left, bottom, right, text, style)
