"""`tiepdan deadlines`, `workdays`, `calendar`, `law`: the legal clock at the command line.

Lines in, lines out, dates in ISO; a bad line is answered with its error and the others are still
answered. Exit 0 good, 1 refused, 2 bad usage.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import date, time
from pathlib import Path

import click
from sqlalchemy import inspect, make_url

from intake.clock import local_date, utc_now
from intake.deadlines import ClockCase, ClockEvent, Deadline, ImpossibleEvents, derive_deadlines
from intake.errors import IntakeError
from intake.office import working_calendar
from intake.petition import PetitionKind
from intake.rules import Rules, rule_table
from intake.settings import load_settings
from intake.store.engine import Store
from intake.store.tables import calendar_years
from intake.workdays import WorkCalendar

_FLAGS = {"complex": False, "remote": False, "several_places": False, "own_competence": True}
_PLAIN_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KINDS = frozenset(kind.value for kind in PetitionKind)


def register(group: click.Group) -> None:
    """Plug the clock's commands into `group`."""
    group.add_command(deadlines)
    group.add_command(workdays)
    group.add_command(law)
    existing = group.commands.get("calendar")
    if isinstance(existing, click.Group):
        for command in calendar.commands.values():
            existing.add_command(command)
    else:
        group.add_command(calendar)


@click.command()
@click.option("--jsonl", is_flag=True, help="One JSON object a line in, one a line out.")
def deadlines(jsonl: bool) -> None:
    """Legal dates of petitions: events on standard input, dates and their derivation out."""
    if not jsonl:
        raise click.UsageError("say --jsonl: one JSON object a line")
    rules, work_calendar = Rules.load(), effective_calendar()
    today = local_date(utc_now())
    refused = 0
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        answer = _answer(line, rules, work_calendar, today)
        refused += "error" in answer
        click.echo(_written(answer))
    if refused:
        sys.exit(1)


def effective_calendar() -> WorkCalendar:
    """The calendar this machine's office counts by; the shipped one where no office was set up.

    Raises:
        StorageAway: there is an office, but its database does not answer.
        SetupRefused: a setting is wrong.
    """
    settings = load_settings()
    url = make_url(settings.effective_database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        return WorkCalendar.load()
    with closing(Store(settings.effective_database_url)) as store, store.read() as tx:
        if not inspect(tx).has_table(calendar_years.name):
            return WorkCalendar.load()
        return working_calendar(tx)


def _written(answer: Mapping[str, object]) -> bytes:
    """One line of JSON in UTF-8; half a surrogate pair in a caller's id goes back escaped."""
    try:
        return json.dumps(answer, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(answer).encode()


def _answer(
    line: bytes, rules: Rules, work_calendar: WorkCalendar, today: date
) -> dict[str, object]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return {"id": None, "error": "the line is no JSON"}
    if not isinstance(asked, dict):
        return {"id": None, "error": "the line is no JSON object"}
    try:
        case, as_of = _read_case(asked, rules, today)
        found = derive_deadlines(case, as_of=as_of, rules=rules, calendar=work_calendar)
        return {"id": asked.get("id"), "deadlines": [_shown(row) for row in found]}
    except IntakeError as error:
        return {"id": asked.get("id"), "error": str(error)}


def _read_case(asked: Mapping[str, object], rules: Rules, today: date) -> tuple[ClockCase, date]:
    kind = asked.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ImpossibleEvents(fault=f"unknown kind {kind!r}")
    instance = asked.get("instance", 1)
    if isinstance(instance, bool) or instance not in (1, 2):
        raise ImpossibleEvents(fault="instance must be 1 or 2")
    flags: dict[str, bool] = {}
    for name, default in _FLAGS.items():
        value = asked.get(name, default)
        if not isinstance(value, bool):
            raise ImpossibleEvents(fault=f"{name} must be true or false")
        flags[name] = value
    facts = asked.get("facts", [])
    if not isinstance(facts, list) or not all(
        isinstance(fact, str) and fact in rules.fact_bits for fact in facts
    ):
        raise ImpossibleEvents(fault=f"facts must list some of: {', '.join(rules.fact_bits)}")
    events = asked.get("events", [])
    if not isinstance(events, list):
        raise ImpossibleEvents(fault="events must be a list")
    case = ClockCase(
        kind=kind,
        instance=1 if instance == 1 else 2,
        complex=flags["complex"],
        remote=flags["remote"],
        several_places=flags["several_places"],
        own_competence=flags["own_competence"],
        events=tuple(_read_event(item) for item in events),
        facts=frozenset(facts),
    )
    as_of = asked.get("as_of")
    return case, today if as_of is None else _read_day(as_of, "as_of")


def _read_event(item: object) -> ClockEvent:
    if not isinstance(item, dict) or not isinstance(item.get("event"), str):
        raise ImpossibleEvents(fault='an event must look like {"event": NAME, "on": DATE}')
    at = item.get("at")
    moment = None
    if at is not None:
        try:
            moment = time.fromisoformat(at)
        except (TypeError, ValueError):
            raise ImpossibleEvents(fault="at must be a time of day, HH:MM") from None
    return ClockEvent(item["event"], _read_day(item.get("on"), "on"), moment)


def _read_day(value: object, name: str) -> date:
    """An ISO date, and only in its plain form: a date with a time would hide a time zone."""
    if isinstance(value, str) and _PLAIN_DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ImpossibleEvents(fault=f"{name} must be a date YYYY-MM-DD")


def _shown(row: Deadline) -> dict[str, object]:
    return {
        "rule": row.rule,
        "stage": row.stage,
        "stage_name": row.stage_name,
        "start": row.start.isoformat(),
        "nominal": row.nominal.isoformat(),
        "due": row.due.isoformat(),
        "state": row.state,
        "citation": row.citation,
        "verified": row.verified,
        "amount": row.amount,
        "unit": row.unit,
        "mode": row.mode,
        "owed_by": row.owed_by,
        "governs": row.governs,
        "binding_rule": row.binding_rule,
        "closed_on": row.closed_on.isoformat() if row.closed_on else None,
        "due_at": f"{row.due_at:%H:%M}" if row.due_at else None,
        "marks": list(row.marks),
        "steps": list(row.steps),
    }


class _IsoDay(click.ParamType[date]):
    """A plain ISO date."""

    name = "YYYY-MM-DD"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        """The date, or bad usage."""
        if isinstance(value, date):
            return value
        try:
            return _read_day(value, "DATE")
        except ImpossibleEvents as error:
            self.fail(str(error.values["fault"]), param, ctx)


@click.group()
def workdays() -> None:
    """Working-day arithmetic on the official calendar."""


@workdays.command("add", context_settings={"ignore_unknown_options": True})
@click.argument("day", type=_IsoDay())
@click.argument("n", type=int)
def add(day: date, n: int) -> None:
    """The N-th working day after DAY (before it, if N is negative)."""
    try:
        work_calendar = effective_calendar()
        end = work_calendar.add_working_days(day, n)
        doubts = work_calendar.doubts(min(day, end), max(day, end))
    except IntakeError as error:
        raise click.ClickException(str(error)) from None
    click.echo(end.isoformat())
    for doubt in doubts:
        click.echo(f"{doubt.about}: {doubt.text}", err=True)


@workdays.command("is")
@click.argument("day", type=_IsoDay())
def is_working_day(day: date) -> None:
    """Whether DAY is a working day, and why."""
    try:
        work_calendar = effective_calendar()
        answer = "yes" if work_calendar.is_working_day(day) else "no"
        click.echo(f"{answer} {work_calendar.explain(day)}")
    except IntakeError as error:
        raise click.ClickException(str(error)) from None


@click.group()
def calendar() -> None:
    """The working calendar: years and their special days."""


@calendar.command("years")
def years() -> None:
    """The years there is data for, and whether their plan is published."""
    for year in effective_calendar().years:
        mark = "confirmed" if year.confirmed else "unconfirmed"
        click.echo(f"{year.year} {mark} {len(year.days)} special days, {len(year.pending)} pending")


@calendar.command("show")
@click.argument("year", type=int)
def show(year: int) -> None:
    """The special days of YEAR with the decision behind each."""
    try:
        found = effective_calendar().year(year)
    except IntakeError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{found.year} {'confirmed' if found.confirmed else 'unconfirmed'}")
    for day in found.days:
        works = "yes" if day.working else "no"
        mark = "verified" if day.verified else "unverified"
        click.echo(f"{day.day.isoformat()} {works} {day.kind} {mark} {day.name} ({day.decision})")
    for pending in found.pending:
        click.echo(f"{pending.first}..{pending.last} pending {pending.note}")


@click.group()
def law() -> None:
    """The rules of the legal clock."""


@law.command("table")
def table() -> None:
    """Every rule as a Markdown table."""
    click.echo(rule_table(Rules.load()), nl=False)
