"""The figures of one report: numbers, their baseline, what was confirmed, what the rules found.

A period whose numbers were fixed (chốt số liệu) is read from its snapshot; records that came
later don't change it, and are listed as `late`. Everything a page, a document or the API shows
about a period comes from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from admin.reports.bodies import OWN, Body, body_of, units_of
from admin.reports.check import check_totals
from admin.reports.comparison import Change, change
from admin.reports.findings import Finding, finding, in_order
from admin.reports.numbers import day, grouped
from admin.reports.totals import BLOCKS, OUTCOMES, Reception, Totals
from intake.counting.rules import counting_rules
from intake.errors import InvalidInput
from intake.office import Office
from intake.periods import (
    CUSTOM,
    Period,
    comparable_period,
    previous_period,
    quarters_within,
    regime_of,
)
from intake.register import Snapshot, ZeroConfirmation, snapshot_of, zero_confirmation
from intake.report_forms import FormSet, form_set
from intake.statistics import (
    Indicator,
    Number,
    Record,
    Statistics,
    indicators,
    statistics_by_unit,
    statistics_of,
)
from intake.store.engine import Transaction

# Numbers whose zero a report states in words, and under which condition it does (the number that
# must not be zero itself, "" for always). Each needs an officer's confirmation.
_ZERO_STATEMENTS = (
    ("01/TCD.c1", ""),
    ("reception.regular.visits", "01/TCD.c1"),
    ("reception.periodic.visits", "01/TCD.c1"),
    ("reception.ad_hoc.visits", "01/TCD.c1"),
    ("01/TCD.c4", "01/TCD.c1"),
    ("02/XLD.c1", ""),
    ("02/XLD.c6", "02/XLD.c4"),
    ("02/XLD.c12", "02/XLD.c4"),
    ("02/XLD.c19", "02/XLD.c4"),
)
# Stated as none only where both are: no case and no decision.
_NONE_TOGETHER = (("03/GQKN.c2", "03/GQKN.c7"), ("04/GQTC.c2", "04/GQTC.c7"))
# No visit at all, no petition at all: unconfirmed, such a report is not sent. Where the register is
# in use, a single kind that is none only carries its mark until an officer confirms it.
_WHOLE = ("01/TCD.c1", "02/XLD.c1")
_MOST_NAMED = 8  # units named in one finding
_FLOWS = ("01/TCD.c1", "01/TCD.c2", "petitions.received", "02/XLD.c2")
_MEASURES = {"visits": "visits", "people": "people", "cases": "cases", "groups": "groups"}
_BY_RECEIVER = {
    "staff": (5, 6, 7, 8, 9),
    "head": (11, 12, 13, 14, 15),
    "delegate": (17, 18, 19, 20, 21),
}


@dataclass(frozen=True)
class Baseline:
    """The same period of last year: values by number id, or None with the reason why not."""

    period: Period
    values: Mapping[str, int | Decimal] | None


@dataclass(frozen=True)
class UnitRow:
    """One unit of a roll-up. `missing`: nothing on record and nothing confirmed."""

    code: str
    name: str
    numbers: Mapping[str, Number]
    missing: bool


@dataclass(frozen=True)
class Figures:
    """All a report may say. `missing`: no record and no confirmation, so no number is known."""

    body: Body
    scope: str
    period: Period
    today: date
    forms: FormSet
    numbers: Mapping[str, Number]
    units: tuple[UnitRow, ...]
    quarters: tuple[tuple[Period, Mapping[str, int | Decimal]], ...]
    baseline: Baseline
    snapshot: Snapshot | None
    late: tuple[str, ...]
    confirmation: ZeroConfirmation | None
    missing: bool
    zeros: tuple[str, ...]
    unconfirmed: tuple[str, ...]
    findings: tuple[Finding, ...]

    def value(self, number: str) -> int | Decimal:
        """A number's value by its id."""
        return self.numbers[number].value

    def change(self, number: str) -> Change | None:
        """The number beside the same period of last year; None where nothing is comparable."""
        if self.baseline.values is None:
            return None
        return change(self.value(number), self.baseline.values.get(number))

    @property
    def indicators(self) -> Mapping[str, Indicator]:
        """Label, unit and definition of every number."""
        return indicators(self.forms.code)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What keeps the report from being sent."""
        return tuple(found for found in self.findings if found.blocks)


def figures_of(
    office: Office,
    tx: Transaction,
    agency: str,
    period: Period,
    *,
    today: date,
    scope: str = OWN,
    live: bool = False,
) -> Figures:
    """Gather the figures of an agency's period.

    Args:
        scope: "own", or "all" for a roll-up of the bodies below.
        live: count now although the numbers were fixed.

    Raises:
        UnknownAgency: no such agency.
        InvalidInput: unknown scope.
    """
    if scope not in ("own", "all"):
        raise InvalidInput(field="scope", reason="unknown")
    body = body_of(office.directory, agency, today)
    forms = form_set(regime_of(period.regime).form_set)
    codes = units_of(office.directory, agency, scope, today)
    counted = _count(office, tx, codes, period)
    snapshot = snapshot_of(tx, agency, scope, period)
    numbers = counted.numbers
    late: tuple[str, ...] = ()
    if snapshot is not None and not live:
        period = replace(period, last_day=snapshot.last_day)
        numbers = _fixed(snapshot)
        now = _count(office, tx, codes, period).numbers
        late = tuple(name for name, number in now.items() if number.value != numbers[name].value)
    confirmation = zero_confirmation(tx, agency, period)
    missing = not counted.has_records and confirmation is None and snapshot is None
    zeros = _zeros(numbers)
    stated = confirmation.statements if confirmation else ()
    unconfirmed = () if snapshot and not live else tuple(z for z in zeros if z not in stated)
    found = Figures(
        body=body,
        scope=scope,
        period=period,
        today=today,
        forms=forms,
        numbers=numbers,
        units=_units(office, tx, codes, period) if len(codes) > 1 else (),
        quarters=_quarters(office, tx, codes, period),
        baseline=_baseline(office, tx, body, scope, codes, period),
        snapshot=None if live else snapshot,
        late=late,
        confirmation=confirmation,
        missing=missing,
        zeros=zeros,
        unconfirmed=unconfirmed,
        findings=(),
    )
    previous = _previous(office, tx, agency, scope, codes, period)
    return replace(found, findings=tuple(in_order(_findings(found, counted, previous))))


def stored_records(numbers: Mapping[str, Number]) -> dict[str, list[list[Any]]]:
    """Records behind every number, in the form a snapshot keeps."""
    return {
        name: [[row.kind, row.ref, row.agency, _stored(row.amount)] for row in number.records]
        for name, number in numbers.items()
    }


def stored_cells(numbers: Mapping[str, Number]) -> dict[str, Any]:
    """Values by number id, in the form a snapshot keeps."""
    return {name: _stored(number.value) for name, number in numbers.items()}


def _stored(value: int | Decimal) -> int | str:
    return value if isinstance(value, int) else format(value, "f")


def _fixed(snapshot: Snapshot) -> dict[str, Number]:
    return {
        name: Number(name, tuple(_record(row) for row in rows))
        for name, rows in snapshot.records.items()
    }


def _record(row: Sequence[Any]) -> Record:
    kind, ref, agency, amount = row
    return Record(kind, ref, agency, amount if isinstance(amount, int) else Decimal(str(amount)))


def _count(office: Office, tx: Transaction, codes: Sequence[str], period: Period) -> Statistics:
    return statistics_of(office, tx, codes, period.first_day, period.last_day)


def _zeros(numbers: Mapping[str, Number]) -> tuple[str, ...]:
    stated = [
        name
        for name, unless_zero in _ZERO_STATEMENTS
        if not numbers[name].value and (not unless_zero or numbers[unless_zero].value)
    ]
    stated += [
        issued
        for open_cases, issued in _NONE_TOGETHER
        if not numbers[open_cases].value and not numbers[issued].value
    ]
    return tuple(stated)


def _units(
    office: Office, tx: Transaction, codes: Sequence[str], period: Period
) -> tuple[UnitRow, ...]:
    by_unit = statistics_by_unit(office, tx, codes, period.first_day, period.last_day)
    rows = []
    for code in codes:
        counted = by_unit[code]
        known = counted.has_records or zero_confirmation(tx, code, period) is not None
        name = office.directory.get(code).short_name
        rows.append(UnitRow(code, name, counted.numbers, missing=not known))
    return tuple(rows)


def _quarters(
    office: Office, tx: Transaction, codes: Sequence[str], period: Period
) -> tuple[tuple[Period, Mapping[str, int | Decimal]], ...]:
    """Quarter by quarter, for the yearly report's trend; quarters to come are left out."""
    if period.code != "NAM":
        return ()
    return tuple(
        (quarter, _count(office, tx, codes, quarter).cells)
        for quarter in quarters_within(period)
        if quarter.first_day <= period.last_day
    )


def _baseline(
    office: Office, tx: Transaction, body: Body, scope: str, codes: Sequence[str], period: Period
) -> Baseline:
    before = comparable_period(period)
    snapshot = snapshot_of(tx, body.agency.code, scope, before)
    if snapshot is not None and (snapshot.first_day, snapshot.last_day) == (
        before.first_day,
        before.last_day,
    ):
        return Baseline(before, {name: n.value for name, n in _fixed(snapshot).items()})
    if body.agency.valid_from > before.first_day:
        return Baseline(before, None)
    counted = _count(office, tx, codes, before)
    known = counted.has_records or zero_confirmation(tx, body.agency.code, before) is not None
    return Baseline(before, counted.cells if known else None)


@dataclass(frozen=True)
class _Previous:
    period: Period
    values: Mapping[str, int | Decimal]
    fixed: bool


def _previous(
    office: Office, tx: Transaction, agency: str, scope: str, codes: Sequence[str], period: Period
) -> _Previous | None:
    before = previous_period(period)
    if before is None:
        return None
    snapshot = snapshot_of(tx, agency, scope, before)
    if snapshot is not None:
        return _Previous(before, {k: n.value for k, n in _fixed(snapshot).items()}, True)
    counted = _count(office, tx, codes, before)
    return _Previous(before, counted.cells, False) if counted.has_records else None


# ---- rules ------------------------------------------------------------------------------------


def _findings(
    figures: Figures, counted: Statistics, previous: _Previous | None
) -> Iterable[Finding]:
    if figures.missing:
        yield finding("Z4", "zero", agency=figures.body.name)
        return
    silent = [unit.name for unit in figures.units if unit.missing]
    if silent:
        shown = ", ".join(silent[:_MOST_NAMED])
        message = "Z4-units-more" if len(silent) > _MOST_NAMED else "Z4-units"
        yield finding(message, "zero", count=len(silent), names=shown)
    totals = _as_totals(figures, counted.group_threshold)
    yield from check_totals(totals, today=figures.today, forms=figures.forms.code)
    whole = [name for name in figures.unconfirmed if name in _WHOLE]
    partial = [name for name in figures.unconfirmed if name not in _WHOLE]
    for message, names in (("Z-unconfirmed", whole), ("W-Z3", partial)):
        if names:
            labels = "; ".join(figures.indicators[name].label for name in names)
            yield finding(message, "zero", names=labels)
    if figures.period.cut_short:
        yield finding(
            "W06-short",
            "period",
            last=day(figures.period.last_day),
            nominal=day(figures.period.nominal_last_day),
        )
    yield from _comparable(figures)
    yield from _duties(figures)
    if previous is not None:
        yield from _against(figures, previous)


def _as_totals(figures: Figures, threshold: int) -> Totals:
    """The figures in the shape of typed totals, so that one set of rules judges both."""
    cells = {name: Decimal(number.value) for name, number in figures.numbers.items()}
    counts = {name: int(value) for name, value in cells.items()}
    blocks: dict[str, dict[str, int | None]] = {block: {} for block in BLOCKS}
    for block, columns in _BY_RECEIVER.items():
        names = ("visits", "people", "cases", "groups", "group_people")
        for name, column in zip(names, columns, strict=True):
            blocks[block][name] = counts[f"01/TCD.c{column}"]
    for block in ("regular", "periodic", "ad_hoc"):
        for name in _MEASURES:
            blocks[block][name] = counts[f"reception.{block}.{name}"]
    for name, column in (("visits", 1), ("people", 2), ("cases", 3), ("groups", 4)):
        blocks["total"][name] = counts[f"01/TCD.c{column}"]
    blocks["total"]["group_people"] = counts["reception.groups.people"]
    form_cells = {name: value for name, value in cells.items() if figures.forms.column(name)}
    return Totals(
        first=figures.period.first_day,
        last=figures.period.last_day,
        reception=Reception(blocks, threshold, threshold_noted=True),
        denunciations=dict.fromkeys(("total", *OUTCOMES)),
        claims=(),
        cells=form_cells,
        comparison=None,
        findings=(),
        unknown_keys=(),
    )


def _comparable(figures: Figures) -> Iterable[Finding]:
    before = figures.baseline.period
    if figures.baseline.values is not None:
        return
    since = figures.body.agency.valid_from
    if since > before.first_day:
        yield finding("W01-scope", "comparison", since=day(since))
    else:
        yield finding(
            "W01-missing", "comparison", first=day(before.first_day), last=day(before.last_day)
        )


def _duties(figures: Figures) -> Iterable[Finding]:
    period = figures.period
    until = min(period.last_day, figures.today - timedelta(days=1))
    if figures.scope == OWN and until >= period.first_day:
        least, duty = counting_rules().least_days(figures.body.type, period.first_day, until)
        held = figures.value("01/TCD.c10")
        if duty is not None and held < least:
            yield finding(
                "W03",
                "days",
                title=figures.body.head,
                held=grouped(held),
                least=least,
                source=duty.source,
            )
    if figures.value("01/TCD.c16"):
        yield finding("W03-delegate", "days", days=grouped(figures.value("01/TCD.c16")))
    if figures.value("reception.days.unrecorded"):
        yield finding(
            "W03-unrecorded", "days", days=grouped(figures.value("reception.days.unrecorded"))
        )


def _against(figures: Figures, previous: _Previous) -> Iterable[Finding]:
    rules = counting_rules()
    if previous.fixed:
        left = previous.values["02/XLD.c1"] - previous.values["02/XLD.c2"]
        carried = figures.value("petitions.carried")
        if left != carried:
            yield finding("E08", "petitions", carried=grouped(carried), left=grouped(left))
    now = [figures.value(name) for name in _FLOWS]
    before = [previous.values.get(name, 0) for name in _FLOWS]
    if now == before and any(now):
        yield finding("W07-same", "period", other=previous.period.text)
        return
    if figures.period.is_over(figures.today) and figures.period.code != CUSTOM:
        for name, one, other in zip(_FLOWS, now, before, strict=True):
            small, large = sorted((one, other))
            if large >= rules.smallest_base and large > rules.jump * small:
                yield finding(
                    "W07-jump",
                    "number",
                    name=figures.indicators[name].label,
                    now=grouped(one),
                    before=grouped(other),
                    other=previous.period.text,
                    factor=rules.jump,
                )
