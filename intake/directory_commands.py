"""`tiepdan agencies`: the directory at the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import click

from intake.actions import (
    Rehoming,
    officers_at_closed_bodies,
    planned_rehomings,
    rehome_petitions,
)
from intake.clock import local_date, utc_now
from intake.directory import ALWAYS, Agency, Directory
from intake.directory_import import clashing_names, plan_import, write_overlay
from intake.errors import UnknownAgency
from intake.office import Office, open_office
from intake.places import Gazetteer
from intake.settings import Settings, load_settings

OVERLAY = "directory"
"""Folder below the data folder that holds the customer's rows."""

_ON = click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Day to look at (default: today)."
)


def register(group: click.Group) -> None:
    """Add `agencies` to `tiepdan`."""
    group.add_command(agencies)


@click.group()
def agencies() -> None:
    """The agency directory of the province."""


@agencies.command("list")
@_ON
@click.option("--class", "agency_class", help="Only this class, such as so-xay-dung.")
@click.option("--all", "everything", is_flag=True, help="Closed bodies too.")
def list_agencies(day: datetime | None, agency_class: str | None, *, everything: bool) -> None:
    """One body a line: code, class, name, dates, mark; tabs between."""
    directory, today = _open(), _day(day)
    rows = [directory.get(c) for c in directory.codes()] if everything else directory.on(today)
    if agency_class is not None and agency_class not in directory.classes:
        raise click.UsageError(f"no class {agency_class}")
    for agency in rows:
        if agency_class in (None, agency.agency_class):
            mark = "" if agency.verified else "unverified"
            cells = (agency.code, agency.agency_class, agency.name, _dates(agency), mark)
            click.echo("\t".join(cells).rstrip())


@agencies.command("show")
@_ON
@click.argument("code")
def show(code: str, day: datetime | None) -> None:
    """Everything known of one body, whoever is above it and whoever took over."""
    directory, today = _open(), _day(day)
    agency = directory.get(code)
    superior = directory.superior_of(code, today)
    lines = {
        "code": agency.code,
        "name": agency.name,
        "short": agency.short_name,
        "aliases": ", ".join(agency.aliases),
        "class": agency.agency_class,
        "level": agency.level,
        "side": agency.side,
        "receives": "yes" if agency.competent else "no, people are guided there",
        "valid": _dates(agency),
        "above": superior.code if superior else "",
        "today": ", ".join(a.code for a in directory.current(code, today) if a is not agency),
        "verified": "yes" if agency.verified else "no",
        "source": agency.source,
        "note": agency.note,
        "address": agency.address or "",
        "phone": agency.phone or "",
    }
    for key, text in lines.items():
        if text:
            click.echo(f"{key}: {text}")


@agencies.command("find")
@_ON
@click.argument("text")
def find(text: str, day: datetime | None) -> None:
    """Bodies whose name, short form or old name stands in TEXT, best first."""
    matches = _open().by_name(text, _day(day))
    if not matches:
        raise UnknownAgency(agency="of that name")
    for match in matches:
        click.echo(f"{match.score:5.1f}\t{match.agency.code}\t{match.agency.name}\t{match.alias}")


@agencies.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show every change and every fault, write nothing.")
def import_agencies(file: Path, *, dry_run: bool) -> None:
    """Add and correct bodies from an XLSX or CSV list; closed bodies name their successors.

    Nothing is written while any row has a fault.
    """
    settings = load_settings()
    gazetteer = Gazetteer.load()
    directory = _open(settings, gazetteer)
    plan = plan_import(file, directory, gazetteer)
    for change in plan.changes:
        click.echo(f"{file.name}:{change.line}: {change.kind} {change.code}")
        for column, before, after in change.fields:
            click.echo(f"    {column}: {before or '-'} -> {after or '-'}")
    for closed, successors in plan.moves:
        click.echo(f"cases of {closed} go to {', '.join(successors)}")
    for line, fault in plan.faults:
        click.echo(f"{file.name}:{line}: fault: {fault}")
    if plan.faults:
        click.echo(f"refused: {len(plan.faults)} rows with faults, nothing written", err=True)
        sys.exit(1)
    if dry_run:
        click.echo("dry run: nothing written")
        return
    path = write_overlay(plan, settings.data_dir / OVERLAY, directory.province)
    click.echo(f"{len(plan.rows)} rows in {path}; a running server reads them at its next start")
    if plan.moves:
        click.echo("then `tiepdan agencies rehome` moves the open petitions of closed bodies")


@agencies.command("rehome")
@click.option("--dry-run", is_flag=True, help="Show what would move, change nothing.")
def rehome(*, dry_run: bool) -> None:
    """Move open petitions of closed bodies to whoever took over; citizens are told.

    Where several bodies took over, the reception centre decides. May be interrupted and repeated.
    """
    office, now = open_office(load_settings()), utc_now()
    moved = 0
    with closing(office.store):
        ways = _planned(office, now) if dry_run else rehome_petitions(office, now=now)
        for way in ways:
            click.echo(f"{way.reference}: {way.before} -> {way.after}")
            moved += 1
        with office.store.read() as tx:
            left = officers_at_closed_bodies(office, tx, now=now)
    for username, agency in left:
        click.echo(f"officer {username} still belongs to {agency}", err=True)
    click.echo(f"dry run: {moved} would move" if dry_run else f"{moved} moved")


@agencies.command("lint")
@_ON
@click.option("--strict", is_flag=True, help="Exit 1 when a name leads to several bodies.")
def lint(day: datetime | None, *, strict: bool) -> None:
    """Names that lead to more than one body, and bodies that are not confirmed."""
    directory, today = _open(), _day(day)
    clashes = clashing_names(directory, today)
    for clash in clashes:
        click.echo(f"{clash.name}: {', '.join(clash.codes)}")
    unverified = sum(not agency.verified for agency in directory.on(today))
    click.echo(f"{len(clashes)} names lead to several bodies; {unverified} bodies unverified")
    if strict and clashes:
        sys.exit(1)


def _open(settings: Settings | None = None, gazetteer: Gazetteer | None = None) -> Directory:
    settings = settings or load_settings()
    overlay = settings.data_dir / OVERLAY
    return Directory.load(settings.province, overlay=overlay, gazetteer=gazetteer)


def _planned(office: Office, now: datetime) -> Iterator[Rehoming]:
    with office.store.read() as tx:
        yield from planned_rehomings(office, tx, now=now)


def _day(chosen: datetime | None) -> date:
    return chosen.date() if chosen else local_date(utc_now())


def _dates(agency: Agency) -> str:
    start = "" if agency.valid_from == ALWAYS else agency.valid_from.isoformat()
    end = agency.valid_until.isoformat() if agency.valid_until else ""
    return f"{start}..{end}"
