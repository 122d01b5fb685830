"""The report as JSON: every number with its value, its records and the page that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from admin.reports.figures import Figures
from admin.reports.findings import Finding
from admin.reports.links import number_path
from admin.reports.phrases import plain
from admin.reports.section import Grid, Section
from intake.statistics import Number


def section_payload(section: Section, *, public_url: str = "") -> dict[str, Any]:
    """The section: text by paragraph, numbers, findings, tables.

    Args:
        public_url: what links begin with; "" leaves them relative to the server.
    """
    figures = section.figures
    return {
        "report": "section",
        **head(figures, section.generated_at),
        "subject": section.subject,
        "numbers": numbers_payload(figures, public_url),
        "paragraphs": [
            {
                "kind": paragraph.kind,
                "text": plain(paragraph.runs),
                "numbers": [run.number for run in paragraph.runs if run.number],
                "blanks": [run.text for run in paragraph.runs if run.style == "blank"],
            }
            for paragraph in section.paragraphs
        ],
        "table": _grid(section.summary),
        "trend": _grid(section.trend) if section.trend else None,
    }


def head(figures: Figures, now: datetime) -> dict[str, Any]:
    """Whose figures they are, of which days, how sure, and what the rules found."""
    period, baseline = figures.period, figures.baseline
    agency = figures.body.agency
    return {
        "agency": {"code": agency.code, "name": agency.name, "level": agency.level},
        "scope": figures.scope,
        "period": {
            "text": period.text,
            "regime": period.regime,
            "from": period.first_day.isoformat(),
            "to": period.last_day.isoformat(),
            "nominal_to": period.nominal_last_day.isoformat(),
            "due": {who: day.isoformat() for who, day in period.due.items()},
        },
        "comparison": {
            "from": baseline.period.first_day.isoformat(),
            "to": baseline.period.last_day.isoformat(),
            "comparable": baseline.values is not None,
        },
        "form_set": figures.forms.code,
        "generated_at": now.isoformat(),
        "source": _source(figures),
        "state": "missing" if figures.missing else "recorded",
        "ready": not figures.blocking,
        "zero": {
            "stated": list(figures.zeros),
            "unconfirmed": list(figures.unconfirmed),
            "confirmed_by": figures.confirmation.by if figures.confirmation else None,
            "confirmed_at": (figures.confirmation.at.isoformat() if figures.confirmation else None),
        },
        "findings": [finding_payload(found) for found in figures.findings],
    }


def numbers_payload(figures: Figures, public_url: str) -> dict[str, Any]:
    """All numbers by id. In a period without any record values are null, not zero."""
    found = {}
    for name, number in figures.numbers.items():
        indicator = figures.indicators[name]
        compared = None if figures.missing else figures.change(name)
        found[name] = {
            "value": None if figures.missing else plain_value(number.value),
            "label": indicator.label,
            "unit": indicator.unit,
            "definition": indicator.definition,
            "state": _state(figures, name),
            "before": plain_value(compared.before) if compared else None,
            "difference": plain_value(compared.difference) if compared else None,
            "percent": compared.percent if compared else None,
            "records": records_payload(number),
            "link": public_url + number_path(figures, name),
        }
    return found


def records_payload(number: Number) -> list[dict[str, Any]]:
    """The records behind a number; their amounts add up to its value."""
    return [
        {
            "kind": row.kind, "ref": row.ref, "agency": row.agency,
            "amount": plain_value(row.amount),
        }
        for row in number.records
    ]  # fmt: skip


def finding_payload(found: Finding) -> dict[str, Any]:
    """One broken rule."""
    return {
        "rule": found.rule, "subject": found.subject, "text": found.text, "blocks": found.blocks,
    }  # fmt: skip


def plain_value(value: int | Decimal) -> int | float:
    """A number as JSON has it."""
    return value if isinstance(value, int) else float(value)


def _source(figures: Figures) -> Mapping[str, Any]:
    snapshot = figures.snapshot
    if snapshot is None:
        return {"kind": "live"}
    return {
        "kind": "snapshot",
        "uid": snapshot.uid,
        "taken_at": snapshot.taken_at.isoformat(),
        "taken_by": snapshot.taken_by,
        "changed_since": list(figures.late),
    }


def _state(figures: Figures, name: str) -> str:
    if figures.missing:
        return "missing"
    return "unconfirmed_zero" if name in figures.unconfirmed else "recorded"


def _grid(grid: Grid) -> dict[str, Any]:
    return {
        "caption": grid.caption,
        "head": list(grid.head),
        "rows": [[cell.text for cell in row] for row in grid.rows],
        "footer": grid.footer,
    }
