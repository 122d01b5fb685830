"""Reception register, statistics and reports over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from admin.context import Now, TheOffice, TheOfficer, Today
from admin.paths import Paths
from admin.reports.check import check_totals
from admin.reports.desk import (
    Asked,
    Paper,
    address_of,
    confirm,
    fix_numbers,
    forms_paper,
    opened,
    section_paper,
    written,
)
from admin.reports.drill import rows_behind
from admin.reports.links import from_address
from admin.reports.payload import finding_payload, head, numbers_payload, plain_value
from admin.reports.totals import read_totals
from intake import register
from intake.errors import NotFound
from intake.periods import regimes

router = Paths()

_Agency = Annotated[str, Query(max_length=80)]
_Period = Annotated[str, Query(max_length=30, description="2026-Q3, 2026-6T … or FROM..TO")]
_Regime = Annotated[str, Query(max_length=20)]
_Scope = Annotated[str, Query(max_length=10, description="own, or all bodies below")]


def _asked(
    agency: _Agency, period: _Period, regime: _Regime = "ttcp", scope: _Scope = "own",
    live: bool = False,
) -> Asked:  # fmt: skip
    return Asked(agency, period, regime, scope, live)


async def _body(request: Request) -> bytes:
    return await request.body()


TheReport = Annotated[Asked, Depends(_asked)]


class VisitIn(BaseModel):
    """One visit to enter. Either `petitions` or `cases` say what it was about; or a new case."""

    model_config = ConfigDict(extra="forbid")

    regime: Literal["regular", "periodic", "ad_hoc"]
    received_by: Literal["staff", "head", "delegate"]
    people: int = Field(1, ge=1, le=10_000)
    on: date | None = None
    at: datetime | None = None
    mode: Literal["in_person", "online"] = "in_person"
    receiver_name: str = Field("", max_length=120)
    result: str = Field("", max_length=30)
    petitions: list[str] = Field(default_factory=list, max_length=20)
    cases: list[str] = Field(default_factory=list, max_length=20)
    reception_day: str | None = None
    group_threshold: int | None = None
    group_note: str = Field("", max_length=200)
    visitor: dict[str, str] = Field(default_factory=dict, max_length=8)
    content: str = Field("", max_length=20_000)


class VisitOut(BaseModel):
    """A visit as registered; who came is not in it."""

    uid: str
    agency: str
    on: date
    at: datetime
    regime: str
    received_by: str
    mode: str
    people: int
    large_group: bool
    group_threshold: int
    status: str
    result: str
    cases: list[str]
    reception_day: str | None


class DayIn(BaseModel):
    """A reception day to announce."""

    model_config = ConfigDict(extra="forbid")

    on: date
    regime: Literal["periodic", "ad_hoc"] = "periodic"
    chair: Literal["head", "delegate"] = "head"
    chair_name: str = Field("", max_length=120)
    notice_number: str = Field("", max_length=80)
    notice_on: date | None = None
    posted_at: str = Field("", max_length=200)


class DayResult(BaseModel):
    """What became of an announced day."""

    model_config = ConfigDict(extra="forbid")

    held: bool
    nobody_came: bool = False
    reason: str = Field("", max_length=200)


class EntryIn(BaseModel):
    """A register entry; `values` as `data/reports/entries.toml` lists them for its kind."""

    model_config = ConfigDict(extra="forbid")

    entry: str = Field(max_length=30)
    on: date
    values: dict[str, Any]


class VoidIn(BaseModel):
    """Why something entered is void."""

    model_config = ConfigDict(extra="forbid")

    reason: Literal["entered_twice", "wrong_data", "not_held"]


class ReportIn(BaseModel):
    """Which report a statement is about."""

    model_config = ConfigDict(extra="forbid")

    agency: str = Field(max_length=80)
    period: str = Field(max_length=30)
    regime: str = Field("ttcp", max_length=20)
    scope: str = Field("own", max_length=10)
    note: str = Field("", max_length=500)

    @property
    def asked(self) -> Asked:
        """The report meant."""
        return Asked(self.agency, self.period, self.regime, self.scope)


# ---- the register ---------------------------------------------------------------------------


@router.get("/receptions", tags=["receptions"], summary="Visits of the caller's agency")
def visits(
    office: TheOffice,
    officer: TheOfficer,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[VisitOut]:
    """Newest first, void ones included; both days inside."""
    register.check_can_register(officer, officer.agency)
    with office.store.read() as tx:
        found = register.list_visits(tx, officer.agency, first=first, last=last, limit=limit)
    return [_visit_out(visit) for visit in found]


@router.post("/receptions", tags=["receptions"], summary="Enter a visit", status_code=201)
def enter_visit(given: VisitIn, office: TheOffice, officer: TheOfficer, now: Now) -> VisitOut:
    """One visit at the caller's agency; what the visitor said is sealed."""
    values = given.model_dump()
    for name in ("petitions", "cases"):
        values[name] = tuple(values[name])
    form = register.VisitForm(**values)
    with office.store.write() as tx:
        return _visit_out(register.record_visit(office, tx, officer, form, now=now))


@router.get("/receptions/{uid}", tags=["receptions"], summary="One visit")
def one_visit(uid: str, office: TheOffice, officer: TheOfficer) -> VisitOut:
    """A visit of the caller's agency."""
    register.check_can_register(officer, officer.agency)
    with office.store.read() as tx:
        return _visit_out(register.get_visit(tx, officer, uid))


@router.post("/receptions/{uid}/void", tags=["receptions"], summary="Void a visit")
def void_visit(
    uid: str, given: VoidIn, office: TheOffice, officer: TheOfficer, now: Now
) -> VisitOut:
    """The visit stays on record and is not counted any more."""
    with office.store.write() as tx:
        return _visit_out(
            register.void_visit(office, tx, officer, uid, reason=given.reason, now=now)
        )


@router.get("/reception-days", tags=["receptions"], summary="Reception days of an agency")
def days(
    office: TheOffice,
    officer: TheOfficer,
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date, Query(alias="to")],
) -> list[register.ReceptionDay]:
    """The announced days of the caller's agency, both days inside."""
    register.check_can_register(officer, officer.agency)
    with office.store.read() as tx:
        return register.list_days(tx, officer.agency, first=first, last=last)


@router.post(
    "/reception-days", tags=["receptions"], summary="Announce a reception day", status_code=201
)
def announce_day(
    given: DayIn, office: TheOffice, officer: TheOfficer, now: Now
) -> register.ReceptionDay:
    """A day of the caller's agency."""
    form = register.DayForm(**given.model_dump())
    with office.store.write() as tx:
        return register.schedule_day(office, tx, officer, form, now=now)


@router.post("/reception-days/{uid}/record", tags=["receptions"], summary="Record a day")
def record_day(
    uid: str, given: DayResult, office: TheOffice, officer: TheOfficer, now: Now
) -> register.ReceptionDay:
    """Whether it took place and whether anybody came."""
    with office.store.write() as tx:
        return register.record_day(
            office, tx, officer, uid, held=given.held, nobody_came=given.nobody_came,
            reason=given.reason, now=now,
        )  # fmt: skip


@router.get("/register-entries", tags=["receptions"], summary="Documents, dialogues, training …")
def entries(
    office: TheOffice,
    officer: TheOfficer,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
) -> list[register.Entry]:
    """Entries of the caller's agency, newest first, void ones included."""
    register.check_can_enter(officer, officer.agency)
    with office.store.read() as tx:
        return register.list_entries(tx, officer.agency, first=first, last=last)


@router.post("/register-entries", tags=["receptions"], summary="Enter it", status_code=201)
def enter_entry(given: EntryIn, office: TheOffice, officer: TheOfficer, now: Now) -> register.Entry:
    """An entry of the caller's agency."""
    with office.store.write() as tx:
        return register.record_entry(
            office, tx, officer, given.entry, given.values, on=given.on, now=now
        )


@router.post("/register-entries/{uid}/void", tags=["receptions"], summary="Void an entry")
def void_entry(
    uid: str, given: VoidIn, office: TheOffice, officer: TheOfficer, now: Now
) -> register.Entry:
    """The entry stays on record and is not counted any more."""
    with office.store.write() as tx:
        return register.void_entry(office, tx, officer, uid, reason=given.reason, now=now)


# ---- numbers --------------------------------------------------------------------------------


@router.get("/statistics", tags=["statistics"], summary="All numbers of a period")
def statistics(
    asked: TheReport,
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    today: Today,
    now: Now,
) -> dict[str, Any]:
    """Every number with its definition, its records and the same period of last year."""
    with office.store.read() as tx:
        figures = opened(office, tx, officer, asked, today=today)
    numbers = numbers_payload(figures, address_of(request, office))
    return {**head(figures, now), "numbers": numbers}


@router.get("/statistics/{number}", tags=["statistics"], summary="The records behind a number")
def behind(
    number: str, asked: TheReport, office: TheOffice, officer: TheOfficer, today: Today
) -> dict[str, Any]:
    """References, kinds, days, states; no names, no texts. `number` as in links (`01-TCD.c5`)."""
    with office.store.read() as tx:
        figures = opened(office, tx, officer, asked, today=today)
        found = figures.numbers.get(from_address(number))
        if found is None:
            raise NotFound(what="number")
        rows = rows_behind(office, tx, officer, figures, found)
    return {
        "id": found.id,
        "value": None if figures.missing else plain_value(found.value),
        "rows": [
            {
                "kind": row.kind, "ref": row.ref, "agency": row.agency,
                "amount": plain_value(row.amount), "what": row.what, "on": row.on,
                "state": row.state, "document": row.document, "parts": list(row.parts),
            }
            for row in rows
        ],
    }  # fmt: skip


# ---- reports --------------------------------------------------------------------------------


@router.get("/reports", tags=["reports"], summary="Regimes and their periods")
def known_regimes() -> list[dict[str, Any]]:
    """What `regime` and `period` may be; a year goes before a period's code (`2026-Q3`)."""
    return [
        {
            "regime": regime.code, "label": regime.label, "source": regime.source,
            "verified": regime.verified, "form_set": regime.form_set,
            "periods": [period.code for period in regime.periods],
            "months": regime.months is not None,
        }
        for regime in regimes().values()
    ]  # fmt: skip


@router.get("/reports/section", tags=["reports"], summary="The citizen-reception section")
def section(
    asked: TheReport,
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    today: Today,
    now: Now,
    form: Annotated[str, Query(alias="format", max_length=8)] = "json",
    draft: bool = False,
) -> Response:
    """As `json`, `docx` or `md`; 409 where it may not be sent and `draft` is not asked for."""
    with office.store.read() as tx:
        figures = opened(office, tx, officer, asked, today=today)
        made = written(tx, figures, now=now)
    return download(section_paper(made, form, draft=draft, address=address_of(request, office)))


@router.get("/reports/forms", tags=["reports"], summary="The six statistical forms")
def forms(
    asked: TheReport,
    request: Request,
    office: TheOffice,
    officer: TheOfficer,
    today: Today,
    now: Now,
    form: Annotated[str, Query(alias="format", max_length=8)] = "json",
    draft: bool = False,
) -> Response:
    """As `json` or `xlsx`; 409 where they may not be sent and `draft` is not asked for."""
    with office.store.read() as tx:
        figures = opened(office, tx, officer, asked, today=today)
    address = address_of(request, office)
    return download(forms_paper(figures, form, draft=draft, address=address, now=now))


@router.post("/reports/check", tags=["reports"], summary="Check typed totals")
def check(content: Annotated[bytes, Depends(_body)], today: Today) -> list[dict[str, Any]]:
    """The rules typed totals break; the body is JSON or XLSX as for `tiepdan report check`."""
    found = check_totals(read_totals(content), today=today)
    return [finding_payload(each) for each in found]


@router.post("/reports/confirmations", tags=["reports"], summary="State that zeros are facts")
def confirmations(
    given: ReportIn, office: TheOffice, officer: TheOfficer, now: Now, today: Today
) -> register.ZeroConfirmation:
    """For the caller's own agency, once the period is over."""
    with office.store.write() as tx:
        return confirm(office, tx, officer, given.asked, now=now, today=today)


@router.post("/reports/snapshots", tags=["reports"], summary="Fix a period's numbers")
def snapshots(
    given: ReportIn, office: TheOffice, officer: TheOfficer, now: Now, today: Today
) -> dict[str, Any]:
    """Later records don't change them; a correction needs a note."""
    with office.store.write() as tx:
        made = fix_numbers(office, tx, officer, given.asked, note=given.note, now=now, today=today)
    return {
        "uid": made.uid, "agency": made.agency, "period": made.period, "regime": made.regime,
        "taken_at": made.taken_at, "taken_by": made.taken_by, "cells": made.cells,
    }  # fmt: skip


def download(paper: Paper) -> Response:
    """A file to be saved, under a name of codes only."""
    headers = {"Content-Disposition": f'attachment; filename="{paper.name}"'}
    return Response(paper.content, media_type=paper.media_type, headers=headers)


def _visit_out(visit: register.Visit) -> VisitOut:
    return VisitOut(
        uid=visit.uid, agency=visit.agency, on=visit.on, at=visit.at, regime=visit.regime,
        received_by=visit.received_by, mode=visit.mode, people=visit.people,
        large_group=visit.large_group, group_threshold=visit.group_threshold,
        status=visit.status, result=visit.result, cases=list(visit.cases),
        reception_day=visit.reception_day,
    )  # fmt: skip
