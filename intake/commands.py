"""Commands of the rules: database, audit, backup, and those of clock, directory and routing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from intake import (
    attachment_commands,
    calendar_commands,
    clock_commands,
    directory_commands,
    petition_commands,
    routing_commands,
)
from intake.backup import back_up, restore_backup
from intake.errors import SetupRefused
from intake.settings import load_settings
from intake.store import schema
from intake.store.engine import Store
from intake.timeline import verify


def register(group: click.Group) -> None:
    """Add the commands to `tiepdan`."""
    group.add_command(database)
    group.add_command(audit)
    group.add_command(backup)
    group.add_command(restore)
    for module in (
        attachment_commands,
        clock_commands,
        calendar_commands,
        directory_commands,
        petition_commands,
        routing_commands,
    ):
        module.register(group)


@click.group("db")
def database() -> None:
    """The database's schema."""


@database.command("upgrade")
def upgrade() -> None:
    """Bring the database to this program's schema."""
    from intake.store.upgrading import upgrade  # large, and no other command needs it

    click.echo(upgrade(_store()))


@database.command("check")
def check() -> None:
    """Compare the database with the schema this program needs."""
    from intake.store.upgrading import differences

    store = _store()
    found, wanted = schema.current_revision(store), schema.newest_revision()
    if found != wanted:
        raise SetupRefused(reason=f"the schema is at {found or 'nothing'}, needed is {wanted}")
    differing = differences(store)
    if differing:
        raise SetupRefused(reason=f"the schema differs: {differing[0]}")
    click.echo(json.dumps({"revision": found, **store.facts()}))


@click.group("audit")
def audit() -> None:
    """The timeline's chain."""


@audit.command("verify")
def audit_verify() -> None:
    """Recompute the chain of all timeline entries; exit 1 at the first broken one."""
    with _store().read() as tx:
        report = verify(tx)
    if report.broken_at is not None:
        raise SetupRefused(reason=f"entry {report.broken_at} does not fit the chain")
    click.echo(json.dumps({"entries": report.entries, "head": report.head}))


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
def backup(target: Path) -> None:
    """Write a consistent copy of the database and attachments to TARGET (a new .tar file).

    The sealing keys are not in it: keep a copy of the key file in another place.
    """
    report = back_up(load_settings(), target, now=datetime.now(UTC))
    click.echo(json.dumps(report, ensure_ascii=False))


@click.command("restore")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(source: Path) -> None:
    """Restore a backup into an empty data folder."""
    click.echo(json.dumps(restore_backup(load_settings(), source), ensure_ascii=False))


def _store() -> Store:
    return Store(load_settings().effective_database_url)
