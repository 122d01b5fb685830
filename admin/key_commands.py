"""`tiepdan user key`: API keys for machines."""

from __future__ import annotations

from contextlib import closing

import click

from intake.accounts import Purpose, create_key
from intake.clock import utc_now
from intake.office import open_office
from intake.officers import SYSTEM
from intake.settings import load_settings


def register(user: click.Group) -> None:
    """Add `key` to `tiepdan user`."""
    user.add_command(key)


@click.command("key")
@click.argument("username")
@click.option("--label", required=True, help="What the key is for, such as the app's name.")
@click.option("--open311", is_flag=True, help="Files feedback for a civic app, opens nothing else.")
def key(username: str, *, label: str, open311: bool) -> None:
    """Make an API key of an account and print it, this once; the console takes keys back."""
    office = open_office(load_settings())
    purpose = Purpose.OPEN311 if open311 else Purpose.KEY
    with closing(office.store) as store, store.write() as tx:
        made = create_key(office, tx, username, label, by=SYSTEM, now=utc_now(), purpose=purpose)
    click.echo(made)
