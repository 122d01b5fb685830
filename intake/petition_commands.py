"""`tiepdan petitions import`: the papers an office already has."""

from __future__ import annotations

from pathlib import Path

import click

from intake.clock import utc_now
from intake.errors import SetupRefused
from intake.office import open_office
from intake.petition_import import import_petitions, plan_petitions
from intake.settings import load_settings


def register(group: click.Group) -> None:
    """Add the commands to `tiepdan`."""
    group.add_command(petitions)


@click.group("petitions")
def petitions() -> None:
    """Petitions in bulk."""


@petitions.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check only; file nothing.")
def import_list(path: Path, *, dry_run: bool) -> None:
    """File the petitions of an XLSX or CSV list; nothing is filed while a row has a fault."""
    office = open_office(load_settings())
    try:
        now = utc_now()
        plan = plan_petitions(office, path, now=now)
        for line, reason in plan.faults:
            click.echo(f"line {line}: {reason}", err=True)
        if plan.faults:
            raise SetupRefused(reason=f"{len(plan.faults)} rows have a fault; nothing was filed")
        if dry_run:
            click.echo(f"{len(plan.petitions)} to file, {plan.known} known already")
            return
        click.echo(f"{len(plan.petitions)} petitions …", err=True)
        references = import_petitions(office, plan, now=now)
        for reference in references:
            click.echo(reference)
    finally:
        office.store.close()
