"""The console's pages of the reception register and the reports."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response

from admin.console.forms import NOTHING_TYPED, TheForm, Typed
from admin.console.pages import page
from admin.context import Now, TheOffice, TheOfficer, Today
from admin.errors import problem_of
from admin.paths import Paths
from admin.reports.api import download
from admin.reports.bodies import can_roll_up
from admin.reports.desk import (
    Asked,
    address_of,
    confirm,
    fix_numbers,
    forms_paper,
    opened,
    section_paper,
    written,
)
from admin.reports.drill import rows_behind
from admin.reports.links import from_address, number_path
from admin.reports.numbers import grouped
from admin.reports.phrases import phrase
from intake import register
from intake.clock import local_date
from intake.errors import IntakeError, InvalidInput, NotFound
from intake.office import Office
from intake.officers import Officer
from intake.periods import Period, Regime, periods_around, regimes
from intake.status import Role

router = Paths()

_WORDS = Path(__file__).parent / "words.toml"
_SHOWN_DAYS = 45
_PLANNED_DAYS = 120
_REPORT = "/reports/{agency}/{regime}/{period}"
_Scope = Annotated[str, Query(max_length=10)]


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Vietnamese words for the register's codes."""
    with _WORDS.open("rb") as file:
        return tomllib.load(file)


# ---- the register ---------------------------------------------------------------------------


@router.get("/receptions")
def receptions(
    request: Request, office: TheOffice, officer: TheOfficer, today: Today,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
) -> Response:  # fmt: skip
    """The visits of the officer's agency, and a short form for the next one."""
    return _register(request, office, officer, today, first=first, last=last)


@router.post("/receptions")
def enter_visit(
    request: Request, typed: TheForm, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Enter a visit; the same page follows, ready for the next one."""
    try:
        form = _visit_form(typed)
        with office.store.write() as tx:
            register.record_visit(office, tx, officer, form, now=now)
    except IntakeError as error:
        return _register(request, office, officer, local_date(now), typed=typed, error=error)
    return RedirectResponse("/console/receptions", 303)


@router.post("/receptions/{uid}/void")
def void_visit(
    uid: str, typed: TheForm, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Void a visit."""
    with office.store.write() as tx:
        register.void_visit(office, tx, officer, uid, reason=typed.one("reason"), now=now)
    return RedirectResponse("/console/receptions", 303)


@router.get("/receptions/days")
def schedule(request: Request, office: TheOffice, officer: TheOfficer, today: Today) -> Response:
    """The announced days, and what became of them."""
    return _schedule(request, office, officer, today)


@router.post("/receptions/days")
def announce_day(
    request: Request, typed: TheForm, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Announce a day."""
    try:
        form = register.DayForm(
            on=_day(typed, "on"), regime=typed.one("regime"), chair=typed.one("chair"),
            chair_name=typed.one("chair_name"), notice_number=typed.one("notice_number"),
            notice_on=_day(typed, "notice_on") if typed.one("notice_on") else None,
            posted_at=typed.one("posted_at"),
        )  # fmt: skip
        with office.store.write() as tx:
            register.schedule_day(office, tx, officer, form, now=now)
    except IntakeError as error:
        return _schedule(request, office, officer, local_date(now), typed=typed, error=error)
    return RedirectResponse("/console/receptions/days", 303)


@router.post("/receptions/days/{uid}")
def record_day(
    uid: str, request: Request, typed: TheForm, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Record whether the day took place and whether anybody came."""
    outcome = typed.one("outcome")
    try:
        with office.store.write() as tx:
            register.record_day(
                office, tx, officer, uid, held=outcome in ("held", "nobody_came"),
                nobody_came=outcome == "nobody_came", reason=typed.one("reason"), now=now,
            )  # fmt: skip
    except IntakeError as error:
        return _schedule(request, office, officer, local_date(now), typed=typed, error=error)
    return RedirectResponse("/console/receptions/days", 303)


@router.get("/receptions/entries")
def entries(
    request: Request, office: TheOffice, officer: TheOfficer, today: Today,
    kind: Annotated[str, Query(max_length=30)] = "reception_document",
) -> Response:  # fmt: skip
    """Documents, dialogues, training, inspections, enforcement; one kind's form at a time."""
    return _entries(request, office, officer, today, kind)


@router.post("/receptions/entries")
def enter_entry(
    request: Request, typed: TheForm, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Enter one of them."""
    kind = typed.one("entry")
    try:
        values = _entry_values(kind, typed)
        with office.store.write() as tx:
            register.record_entry(office, tx, officer, kind, values, on=_day(typed, "on"), now=now)
    except IntakeError as error:
        return _entries(request, office, officer, local_date(now), kind, typed=typed, error=error)
    return RedirectResponse(f"/console/receptions/entries?kind={quote(kind)}", 303)


@router.post("/receptions/entries/{uid}/void")
def void_entry(
    uid: str, typed: TheForm, office: TheOffice, officer: TheOfficer, now: Now
) -> Response:
    """Void an entry."""
    with office.store.write() as tx:
        register.void_entry(office, tx, officer, uid, reason=typed.one("reason"), now=now)
    return RedirectResponse("/console/receptions/entries", 303)


# ---- reports --------------------------------------------------------------------------------


@router.get("/reports")
def reports(
    request: Request, office: TheOffice, officer: TheOfficer, today: Today,
    agency: Annotated[str, Query(max_length=80)] = "",
    regime: Annotated[str, Query(max_length=20)] = "",
    period: Annotated[str, Query(max_length=12)] = "",
    year: Annotated[int | None, Query(ge=2014, le=2100)] = None,
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
    scope: _Scope = "own",
) -> Response:  # fmt: skip
    """Choose agency, regime and period; a complete choice opens the report."""
    chosen = agency or officer.agency
    if regime and (period or (first and last)):
        label = f"{first}..{last}" if first and last else f"{year or today.year}-{period}"
        return RedirectResponse(_address(Asked(chosen, label, regime, scope)), 303)
    agencies = _agencies(office, officer, today)
    if chosen not in dict(agencies):
        chosen = officer.agency
    return page(
        request, "reports/choose.html", agencies=agencies, chosen=chosen,
        chosen_name=dict(agencies)[chosen],
        regimes=tuple(regimes().values()), year=today.year,
        rolls_up=any(can_roll_up(office.directory, code, today) for code, _ in agencies[:200]),
        near=_near(chosen, today),
    )  # fmt: skip


def _near(agency: str, today: date) -> tuple[tuple[Regime, tuple[tuple[Period, str], ...]], ...]:
    """By regime, the periods on the desk now, each with the address of its report."""
    around = periods_around(today)
    return tuple(
        (
            regime,
            tuple(
                (period, _address(Asked(agency, period.text, regime.code, "own")))
                for period in around
                if period.regime == regime.code
            ),
        )
        for regime in regimes().values()
    )


@router.get(_REPORT)
def report(
    agency: str, regime: str, period: str, request: Request, office: TheOffice,
    officer: TheOfficer, today: Today, now: Now, scope: _Scope = "own", live: bool = False,
) -> Response:  # fmt: skip
    """Counts, preview, downloads, confirmation and snapshot of one report."""
    asked = Asked(agency, period, regime, scope, live)
    return _report(request, office, officer, asked, today, now)


@router.get(_REPORT + "/section.{form}")
def section_file(
    agency: str, regime: str, period: str, form: str, request: Request, office: TheOffice,
    officer: TheOfficer, today: Today, now: Now, scope: _Scope = "own", draft: bool = False,
) -> Response:  # fmt: skip
    """The section as docx, md or json."""
    with office.store.read() as tx:
        asked = Asked(agency, period, regime, scope)
        section = written(tx, opened(office, tx, officer, asked, today=today), now=now)
    return download(section_paper(section, form, draft=draft, address=address_of(request, office)))


@router.get(_REPORT + "/forms.{form}")
def forms_file(
    agency: str, regime: str, period: str, form: str, request: Request, office: TheOffice,
    officer: TheOfficer, today: Today, now: Now, scope: _Scope = "own", draft: bool = False,
) -> Response:  # fmt: skip
    """The forms as xlsx or json."""
    with office.store.read() as tx:
        figures = opened(office, tx, officer, Asked(agency, period, regime, scope), today=today)
    address = address_of(request, office)
    return download(forms_paper(figures, form, draft=draft, address=address, now=now))


@router.get(_REPORT + "/numbers/{number}")
def number(
    agency: str, regime: str, period: str, number: str, request: Request, office: TheOffice,
    officer: TheOfficer, today: Today, scope: _Scope = "own",
) -> Response:  # fmt: skip
    """The records behind one number."""
    asked = Asked(agency, period, regime, scope)
    with office.store.read() as tx:
        figures = opened(office, tx, officer, asked, today=today)
        found = figures.numbers.get(from_address(number))
        if found is None:
            raise NotFound(what="number")
        rows = rows_behind(office, tx, officer, figures, found)
    return page(
        request, "reports/number.html", figures=figures, number=found, rows=rows,
        indicator=figures.indicators[found.id], back=_address(asked), grouped=grouped,
        labels=words(), entry_labels=_entry_labels(), choice_labels=register.choice_labels(),
        report_period=asked.period,
    )  # fmt: skip


@router.post(_REPORT + "/confirm")
def confirm_zeros(
    agency: str, regime: str, period: str, request: Request, typed: TheForm, office: TheOffice,
    officer: TheOfficer, today: Today, now: Now, scope: _Scope = "own",
) -> Response:  # fmt: skip
    """State that the report's zeros are facts."""
    asked = Asked(agency, period, regime, scope)
    try:
        with office.store.write() as tx:
            confirm(office, tx, officer, asked, now=now, today=today)
    except InvalidInput as error:
        return _report(request, office, officer, asked, today, now, error=error)
    return RedirectResponse(_address(asked), 303)


@router.post(_REPORT + "/snapshot")
def snapshot(
    agency: str, regime: str, period: str, request: Request, typed: TheForm, office: TheOffice,
    officer: TheOfficer, today: Today, now: Now, scope: _Scope = "own",
) -> Response:  # fmt: skip
    """Fix the period's numbers."""
    asked = Asked(agency, period, regime, scope)
    try:
        with office.store.write() as tx:
            note = typed.one("note")
            fix_numbers(office, tx, officer, asked, note=note, now=now, today=today)
    except IntakeError as error:
        return _report(request, office, officer, asked, today, now, error=error)
    return RedirectResponse(_address(asked), 303)


# ---- shown pages ----------------------------------------------------------------------------


def _register(
    request: Request, office: Office, officer: Officer, today: date, *,
    first: date | None = None, last: date | None = None, typed: Typed = NOTHING_TYPED,
    error: IntakeError | None = None,
) -> Response:  # fmt: skip
    register.check_can_register(officer, officer.agency)
    problem = problem_of(error) if error else None
    starts = first or today - timedelta(days=_SHOWN_DAYS)
    with office.store.read() as tx:
        visits = register.list_visits(tx, officer.agency, first=starts, last=last or today)
    return page(
        request, "reports/register.html", status_code=problem.status if problem else 200,
        visits=visits, first=starts, last=last or today, typed=typed, problem=problem,
        labels=words(), modes=register.MODES, results=register.RESULTS,
        void_reasons=register.VOID_REASONS,
    )  # fmt: skip


def _schedule(
    request: Request, office: Office, officer: Officer, today: date, *,
    typed: Typed = NOTHING_TYPED, error: IntakeError | None = None,
) -> Response:  # fmt: skip
    register.check_can_register(officer, officer.agency)
    problem = problem_of(error) if error else None
    with office.store.read() as tx:
        days = register.list_days(
            tx, officer.agency, first=today - timedelta(days=_PLANNED_DAYS),
            last=today + timedelta(days=_PLANNED_DAYS),
        )  # fmt: skip
    return page(
        request, "reports/days.html", status_code=problem.status if problem else 200,
        days=days, typed=typed, problem=problem, labels=words(),
    )  # fmt: skip


def _entries(
    request: Request, office: Office, officer: Officer, today: date, kind: str, *,
    typed: Typed = NOTHING_TYPED, error: IntakeError | None = None,
) -> Response:  # fmt: skip
    register.check_can_enter(officer, officer.agency)
    problem = problem_of(error) if error else None
    kinds = register.entry_kinds()
    definition = kinds.get(kind)
    if definition is None:
        raise NotFound(what="entry")
    with office.store.read() as tx:
        found = register.list_entries(
            tx, officer.agency, first=today - timedelta(days=400), last=today
        )
    return page(
        request, "reports/entries.html", status_code=problem.status if problem else 200,
        entries=found, kinds=tuple(kinds.values()), kind=definition, typed=typed, problem=problem,
        labels=words(), entry_labels=_entry_labels(), choice_labels=register.choice_labels(),
        void_reasons=register.VOID_REASONS,
    )  # fmt: skip


def _report(
    request: Request, office: Office, officer: Officer, asked: Asked, today: date, now: Any, *,
    error: IntakeError | None = None,
) -> Response:  # fmt: skip
    problem = problem_of(error) if error else None
    with office.store.read() as tx:
        figures = opened(office, tx, officer, asked, today=today)
        section = written(tx, figures, now=now)
    return page(
        request, "reports/report.html", status_code=problem.status if problem else 200,
        figures=figures, section=section, address=_address(asked), asked=asked, problem=problem,
        may_state=register.can_state(officer, asked.agency), over=figures.period.is_over(today),
        to_number=lambda name: number_path(figures, name), grouped=grouped,
        rolls_up=can_roll_up(office.directory, asked.agency, today),
        missing_text=phrase("missing").format(agency=figures.body.name),
    )  # fmt: skip


def _agencies(office: Office, officer: Officer, today: date) -> list[tuple[str, str]]:
    """Code and name of every agency whose numbers the officer may see; the own one first."""
    if officer.role not in (Role.REPORTING, Role.HEAD):
        return [(officer.agency, office.directory.get(officer.agency).short_name)]
    found = [
        (agency.code, agency.short_name)
        for agency in office.directory.on(today)
        if agency.competent and register.can_view_statistics(officer, agency.code, office.directory)
    ]
    return sorted(found, key=lambda row: (row[0] != officer.agency, row[1]))


def _address(asked: Asked) -> str:
    parts = "/".join(quote(part, safe="") for part in (asked.agency, asked.regime, asked.period))
    return f"/console/reports/{parts}" + ("" if asked.scope == "own" else "?scope=all")


def _visit_form(typed: Typed) -> register.VisitForm:
    visitor = {
        name: typed.one(name) for name in ("name", "address", "identity_number") if typed.one(name)
    }
    references = typed.one("petitions").replace(",", " ").split()
    threshold = typed.one("group_threshold")
    return register.VisitForm(
        regime=typed.one("regime"), received_by=typed.one("received_by"),
        people=_count(typed, "people"), on=_day(typed, "on"), mode=typed.one("mode"),
        receiver_name=typed.one("receiver_name"), result=typed.one("result"),
        petitions=tuple(references),
        group_threshold=_count(typed, "group_threshold") if threshold else None,
        group_note=typed.one("group_note"), visitor=visitor, content=typed.one("content"),
    )  # fmt: skip


def _entry_values(kind: str, typed: Typed) -> dict[str, object]:
    definition = register.entry_kinds().get(kind)
    if definition is None:
        raise InvalidInput(field="entry", reason="unknown")
    values: dict[str, object] = {}
    for value in definition.values:
        text = typed.one(value.name)
        if value.type == "flag":
            values[value.name] = typed.ticked(value.name)
        elif not text:
            continue
        elif value.type == "count":
            values[value.name] = _count(typed, value.name)
        elif value.type == "amount":
            values[value.name] = _amount(typed, value.name)
        else:
            values[value.name] = text
    return values


def _count(typed: Typed, name: str) -> int:
    text = typed.one(name)
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidInput(field=name, reason="malformed")
    return int(text)


def _amount(typed: Typed, name: str) -> float:
    """`1.234,5` as Vietnamese write it."""
    text = typed.one(name).replace(".", "").replace(",", ".")
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
        raise InvalidInput(field=name, reason="malformed")
    return float(text)


def _day(typed: Typed, name: str) -> date:
    try:
        return date.fromisoformat(typed.one(name))
    except ValueError as error:
        raise InvalidInput(field=name, reason="malformed") from error


def _entry_labels() -> dict[str, str]:
    return {kind.code: kind.label for kind in register.entry_kinds().values()}
