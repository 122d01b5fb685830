"""The statistical forms of a period: one row a unit, a total over all, relations checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from admin.reports.figures import Figures
from admin.reports.links import number_path
from admin.reports.payload import head, plain_value, records_payload
from intake.report_forms import Column, Form, FormSet, Outcome, evaluate
from intake.statistics import Number


@dataclass(frozen=True)
class FormRow:
    """One unit's row, or the total. `missing`: nothing recorded, nothing confirmed: no zeros."""

    code: str
    name: str
    numbers: Mapping[str, Number]
    missing: bool
    is_total: bool

    def value(self, column: Column) -> int | Decimal | None:
        """The cell's value; None where the unit has no data."""
        return None if self.missing else self.numbers[column.cell].value


@dataclass(frozen=True)
class Checked:
    """One relation evaluated on one row."""

    row: FormRow
    outcome: Outcome


@dataclass(frozen=True)
class FormBook:
    """All forms of one report. The total of a roll-up is counted anew over all units, so that a
    case at two units stands once; it may be less than the sum of the rows."""

    figures: Figures
    rows: tuple[FormRow, ...]
    generated_at: datetime

    @property
    def forms(self) -> FormSet:
        """The edition."""
        return self.figures.forms

    @property
    def checks(self) -> tuple[Checked, ...]:
        """Every relation on every row that has data."""
        found = []
        for row in self.rows:
            if row.missing:
                continue
            cells = {name: number.value for name, number in row.numbers.items()}
            for relation in self.forms.relations:
                outcome = evaluate(relation, cells)
                if outcome is not None:
                    found.append(Checked(row, outcome))
        return tuple(found)


def build_forms(figures: Figures, *, now: datetime) -> FormBook:
    """Lay the figures out as rows."""
    words = figures.forms.words
    agency = figures.body.agency
    if not figures.units:
        row = FormRow(
            agency.code, figures.body.name, figures.numbers, figures.missing, is_total=True
        )
        return FormBook(figures, (row,), now)
    rows = [
        FormRow(unit.code, unit.name, unit.numbers, unit.missing, is_total=False)
        for unit in figures.units
    ]
    total = FormRow(
        agency.code, words["total_row"], figures.numbers, figures.missing, is_total=True
    )
    return FormBook(figures, (*rows, total), now)


def forms_payload(book: FormBook, *, public_url: str = "") -> dict[str, Any]:
    """The forms as JSON; `report check` reads it back."""
    figures = book.figures
    return {
        "report": "forms",
        **head(figures, book.generated_at),
        "forms": [_form(book, form, public_url) for form in book.forms.forms],
        "checks": [
            {
                "unit": checked.row.code,
                "form": checked.outcome.relation.form,
                "relation": checked.outcome.relation.text,
                "left": plain_value(_whole(checked.outcome.left)),
                "right": plain_value(_whole(checked.outcome.right)),
                "strict": checked.outcome.relation.strict,
                "holds": checked.outcome.holds,
            }
            for checked in book.checks
        ],
    }


def _form(book: FormBook, form: Form, public_url: str) -> dict[str, Any]:
    return {
        "code": form.code,
        "title": form.title,
        "columns": [
            {
                "number": column.number, "headings": list(column.headings), "unit": column.unit,
                "additive": column.additive,
            }
            for column in form.columns
        ],
        "rows": [_row(book, form, row, public_url) for row in book.rows],
    }  # fmt: skip


def _row(book: FormBook, form: Form, row: FormRow, public_url: str) -> dict[str, Any]:
    cells = {}
    for column in form.columns:
        value = row.value(column)
        cell: dict[str, Any] = {"value": None if value is None else plain_value(value)}
        if row.is_total:
            cell["records"] = records_payload(row.numbers[column.cell])
            cell["link"] = public_url + number_path(book.figures, column.cell)
        cells[f"c{column.number}"] = cell
    return {
        "unit": row.code, "name": row.name, "total": row.is_total,
        "state": "missing" if row.missing else "recorded", "cells": cells,
    }  # fmt: skip


def _whole(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else value
