"""One report on the officer's desk: resolved, permitted, gathered, and written in any format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import Request

from admin.reports.figures import Figures, figures_of, stored_cells, stored_records
from admin.reports.findings import wording
from admin.reports.forms import build_forms, forms_payload
from admin.reports.markdown import to_markdown
from admin.reports.payload import section_payload
from admin.reports.section import Section, build_section
from admin.reports.sending import ReportBlocked, check_may_be_sent
from intake.errors import InvalidInput, UnknownAgency
from intake.office import Office
from intake.officers import Officer
from intake.periods import Period, resolve_period
from intake.register import (
    Snapshot,
    ZeroConfirmation,
    check_can_view_statistics,
    confirm_zero,
    list_days,
    take_snapshot,
)
from intake.store.engine import Transaction

MEDIA: Mapping[str, str] = {
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ZERO = wording()["subject"]["zero"]
SECTION_FORMATS = ("docx", "md", "json")
FORM_FORMATS = ("xlsx", "json")


@dataclass(frozen=True)
class Asked:
    """Which report: agency, period, regime and scope as typed; `live` passes a snapshot by."""

    agency: str
    period: str
    regime: str = "ttcp"
    scope: str = "own"
    live: bool = False


@dataclass(frozen=True)
class Paper:
    """A finished file."""

    content: bytes
    media_type: str
    name: str


def opened(
    office: Office, tx: Transaction, officer: Officer, asked: Asked, *, today: date
) -> Figures:
    """The figures, if the officer may see them.

    Raises:
        NotFound: the officer may not know of them, or there is no such agency.
        InvalidInput: no such period, regime or scope.
    """
    try:
        office.directory.get(asked.agency)
    except UnknownAgency as error:
        raise InvalidInput(field="agency", reason="unknown") from error
    check_can_view_statistics(officer, asked.agency, office.directory)
    period = resolve_period(asked.period, asked.regime, today=today)
    return figures_of(
        office, tx, asked.agency, period, today=today, scope=asked.scope, live=asked.live
    )


def written(tx: Transaction, figures: Figures, *, now: datetime) -> Section:
    """The section for these figures."""
    period: Period = figures.period
    days = list_days(tx, figures.body.agency.code, first=period.first_day, last=period.last_day)
    return build_section(figures, days, now=now)


def section_paper(section: Section, form: str, *, draft: bool, address: str) -> Paper:
    """The section as a file.

    Raises:
        ReportBlocked: it may not be sent and no draft was asked for.
        InvalidInput: unknown format.
    """
    _check_format(form, SECTION_FORMATS)
    check_may_be_sent(section.figures, working_copy=form == "json", draft=draft)
    if form == "json":
        content = _json(section_payload(section, public_url=address))
    elif form == "md":
        content = to_markdown(section).encode()
    else:
        # Imported when a document is asked for: the library would double the server's start.
        from admin.reports.docx import to_docx

        content = to_docx(section, public_url=address)
    return Paper(content, MEDIA[form], f"{_name(section.figures)}.{form}")


def forms_paper(figures: Figures, form: str, *, draft: bool, address: str, now: datetime) -> Paper:
    """The forms as a file.

    Raises:
        ReportBlocked: they may not be sent and no draft was asked for.
        InvalidInput: unknown format.
    """
    _check_format(form, FORM_FORMATS)
    check_may_be_sent(figures, working_copy=form == "json", draft=draft)
    book = build_forms(figures, now=now)
    if form == "json":
        content = _json(forms_payload(book, public_url=address))
    else:
        # Imported when a document is asked for: the library would double the server's start.
        from admin.reports.xlsx import to_xlsx

        content = to_xlsx(book)
    return Paper(content, MEDIA[form], f"{_name(figures)}-forms.{form}")


def confirm(
    office: Office, tx: Transaction, officer: Officer, asked: Asked, *, now: datetime, today: date
) -> ZeroConfirmation:
    """State that every zero of the report is a fact.

    Raises:
        NotAllowed, InvalidInput: see `intake.register.confirm_zero`.
    """
    figures = opened(office, tx, officer, asked, today=today)
    if officer.agency != asked.agency:
        raise InvalidInput(field="agency", reason="other_agency")
    return confirm_zero(office, tx, officer, figures.period, figures.zeros, now=now)


def fix_numbers(
    office: Office,
    tx: Transaction,
    officer: Officer,
    asked: Asked,
    *,
    note: str,
    now: datetime,
    today: date,
) -> Snapshot:
    """Fix the period's numbers (chốt số liệu), counted at this moment.

    Raises:
        ReportBlocked: a rule is broken or a zero unconfirmed.
        NotAllowed, InvalidInput: see `intake.register.take_snapshot`.
    """
    live = Asked(asked.agency, asked.period, asked.regime, asked.scope, live=True)
    figures = opened(office, tx, officer, live, today=today)
    if officer.agency != asked.agency:
        raise InvalidInput(field="agency", reason="other_agency")
    if figures.blocking or figures.unconfirmed:
        open_points = [row.line for row in figures.findings if row.blocks or row.subject == _ZERO]
        raise ReportBlocked(reasons="; ".join(open_points))
    return take_snapshot(
        office,
        tx,
        officer,
        figures.period,
        scope=asked.scope,
        form_set=figures.forms.code,
        cells=stored_cells(figures.numbers),
        records=stored_records(figures.numbers),
        note=note,
        now=now,
    )


def address_of(request: Request, office: Office) -> str:
    """What links in documents begin with: the address set, or the one this request came to."""
    return (office.settings.public_url or str(request.base_url)).rstrip("/")


def _check_format(form: str, known: tuple[str, ...]) -> None:
    if form not in known:
        raise InvalidInput(field="format", reason="unknown")


def _name(figures: Figures) -> str:
    return f"{figures.body.agency.code}-{figures.period.regime}-{figures.period.text}"


def _json(payload: object) -> bytes:
    return (json.dumps(payload, ensure_ascii=False, indent=1) + "\n").encode()
