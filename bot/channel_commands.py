"""Operators' commands for the channels: Zalo's token pair, and messages that were parked."""

from __future__ import annotations

import json
import sys

import click

from bot import inbox, zalo_tokens
from intake.clock import utc_now
from intake.office import open_office
from intake.settings import load_settings


def register(group: click.Group) -> None:
    """Add the commands to `tiepdan`."""
    group.add_command(zalo)
    group.add_command(inbox_group)


@click.group("zalo")
def zalo() -> None:
    """The Zalo Official Account."""


@zalo.command("token")
def token() -> None:
    """Store a token pair pasted on standard input, from Zalo's API explorer.

    JSON as shown there, or two lines: access token, refresh token. The pair is stored sealed and
    renews itself from then on; do not use it anywhere else.
    """
    now = utc_now()
    pair = zalo_tokens.pasted_pair(sys.stdin.read(), now=now)
    office = open_office(load_settings())
    try:
        zalo_tokens.store_pair(office, pair, now=now)
    finally:
        office.store.close()
    click.echo("stored; it is renewed at its first use")


@click.group("inbox")
def inbox_group() -> None:
    """Messages of the platforms that could not be worked on."""


@inbox_group.command("parked")
def parked() -> None:
    """List parked messages, a line each: number, channel, when it came, kind of fault."""
    office = open_office(load_settings())
    with office.store.read() as tx:
        rows = inbox.parked_rows(tx)
    office.store.close()
    for row in rows:
        click.echo(json.dumps({**row, "received_at": row["received_at"].isoformat()}))


@inbox_group.command("replay")
@click.argument("number", type=int)
def replay(number: int) -> None:
    """Give the parked message NUMBER another set of tries."""
    office = open_office(load_settings())
    try:
        with office.store.write() as tx:
            inbox.replay(tx, number, now=utc_now())
    finally:
        office.store.close()
