"""`tiepdan calendar …` that writes, and `tiepdan retention due`: decisions on days and years.

Both are the console's own rules at the command line; nothing is ever destroyed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from typing import TextIO

import click

from intake.calendar_days import decide_day, decide_year, take_back_day, take_back_year
from intake.calendar_plan import read_days_off, read_days_worked
from intake.clock import local_date, utc_now
from intake.errors import IntakeError
from intake.office import Office, open_office
from intake.officers import SYSTEM
from intake.recompute import recompute_open
from intake.retention import kept_long_enough
from intake.settings import load_settings

_DAY = click.DateTime(["%Y-%m-%d"])


def register(group: click.Group) -> None:
    """Add what writes to the group `calendar`, and the group `retention`."""
    calendar = group.commands["calendar"]
    if not isinstance(calendar, click.Group):
        raise click.UsageError("calendar is no group")
    for command in (set_day, unset_day, enter_year, confirm_year, forget_year):
        calendar.add_command(command)
    group.add_command(retention)


@click.command("set")
@click.argument("day", type=_DAY)
@click.argument("what", type=click.Choice(["off", "work"]))
@click.option("--reason", required=True, help="Why, such as a swapped working day.")
@click.option("--decision", required=True, help="The decision's number and date.")
def set_day(day: datetime, what: str, reason: str, decision: str) -> None:
    """Make DAY a day off or a working day, and list the petitions whose date moved."""
    with _opened() as office:
        with office.store.write() as tx:
            decide_day(
                office, tx, day.date(), working=what == "work", reason=reason,
                decision=decision, by=SYSTEM, now=utc_now(),
            )  # fmt: skip
        _recompute(office)


@click.command("unset")
@click.argument("day", type=_DAY)
def unset_day(day: datetime) -> None:
    """Take the decision about DAY back, and list the petitions whose date moved."""
    with _opened() as office:
        with office.store.write() as tx:
            take_back_day(office, tx, day.date(), by=SYSTEM, now=utc_now())
        _recompute(office)


@click.command("enter")
@click.argument("year", type=int)
@click.option("--decision", required=True, help="The document's number and date.")
@click.option("--off", multiple=True, help="A day or stretch off: '04/02 - 10/02 NAME'.")
@click.option("--work", multiple=True, help="A weekend day worked instead. Repeatable.")
@click.option("--off-file", type=click.File(encoding="utf-8"), help="The same, a line each.")
@click.option("--work-file", type=click.File(encoding="utf-8"), help="The same, a line each.")
@click.option("--unconfirmed", is_flag=True, help="More is still to be decided for this year.")
def enter_year(
    year: int,
    decision: str,
    off: tuple[str, ...],
    work: tuple[str, ...],
    off_file: TextIO | None,
    work_file: TextIO | None,
    unconfirmed: bool,
) -> None:
    """Enter the plan of YEAR, and list the petitions whose date moved.

    Days already known stay; a single one is taken out by `set`.
    """
    with _opened() as office:
        with office.store.write() as tx:
            decide_year(
                office, tx, year,
                days_off=read_days_off(_lines(off, off_file), year),
                days_worked=read_days_worked(_lines(work, work_file), year),
                confirmed=not unconfirmed, decision=decision, by=SYSTEM, now=utc_now(),
            )  # fmt: skip
        _recompute(office)


@click.command("confirm")
@click.argument("year", type=int)
@click.option("--decision", required=True, help="The document's number and date.")
def confirm_year(year: int, decision: str) -> None:
    """Say that the plan of YEAR is published and entered: its dates lose their mark."""
    with _opened() as office:
        with office.store.write() as tx:
            decide_year(
                office, tx, year, days_off=(), days_worked=(), confirmed=True,
                decision=decision, by=SYSTEM, now=utc_now(),
            )  # fmt: skip
        _recompute(office)


@click.command("forget")
@click.argument("year", type=int)
def forget_year(year: int) -> None:
    """Take the decision about YEAR back; days decided singly stay on record."""
    with _opened() as office:
        with office.store.write() as tx:
            take_back_year(office, tx, year, by=SYSTEM, now=utc_now())
        _recompute(office)


def _lines(given: tuple[str, ...], file: TextIO | None) -> str:
    return "\n".join([*given, file.read() if file else ""])


@click.group("retention")
def retention() -> None:
    """How long files are kept."""


@retention.command("due")
def due() -> None:
    """List files whose term of keeping is over; the head decides, nothing is destroyed."""
    today = local_date(utc_now())
    with _opened() as office:
        with office.store.read() as tx:
            found = kept_long_enough(office, tx, today=today)
        for row in found:
            mark = "verified" if row.verified else "unverified"
            click.echo(
                f"{row.reference}\t{row.rule}\tarchived {row.archived_on}\t"
                f"kept until {row.kept_until}\t{row.citation} ({mark})"
            )
        click.echo(f"{len(found)} files may be destroyed if the head so decides", err=True)


def _recompute(office: Office) -> None:
    now = utc_now()
    with office.store.read() as tx:
        office.refresh_calendar(tx)
    moved = 0
    for row in recompute_open(office, now=now, slot=f"calendar:{now.isoformat()}"):
        moved += 1
        click.echo(
            f"{row.reference}\t{row.rule or '-'}\t{_shown(row.before)} -> {_shown(row.after)}"
        )
    click.echo(f"{moved} petitions moved; running servers follow at their next round", err=True)


def _shown(day: date | None) -> str:
    return day.isoformat() if day else "-"


@contextmanager
def _opened() -> Iterator[Office]:
    office = open_office(load_settings())
    with closing(office.store):
        try:
            yield office
        except IntakeError as error:
            raise click.ClickException(str(error)) from None
