"""`tiepdan calendar set|unset` and `tiepdan retention due`: decisions on days, and what is over.

Both are the console's own rules at the command line; nothing is ever destroyed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime

import click

from intake.calendar_days import decide_day, take_back_day
from intake.clock import local_date, utc_now
from intake.errors import IntakeError
from intake.office import Office, open_office
from intake.officers import SYSTEM
from intake.recompute import recompute_open
from intake.retention import kept_long_enough
from intake.settings import load_settings

_DAY = click.DateTime(["%Y-%m-%d"])


def register(group: click.Group) -> None:
    """Add `set` and `unset` to the group `calendar`, and the group `retention`."""
    calendar = group.commands["calendar"]
    if not isinstance(calendar, click.Group):
        raise click.UsageError("calendar is no group")
    calendar.add_command(set_day)
    calendar.add_command(unset_day)
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
