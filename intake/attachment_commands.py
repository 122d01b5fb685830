"""`tiepdan attachments original`: what a citizen sent, as it came, for whoever must prove it."""

from __future__ import annotations

import click
from sqlalchemy import select

from intake.attachments import read_stored
from intake.clock import utc_now
from intake.errors import NotFound
from intake.office import open_office
from intake.officers import SYSTEM
from intake.settings import load_settings
from intake.store.tables import attachments
from intake.timeline import record


def register(group: click.Group) -> None:
    """Add the commands to `tiepdan`."""
    group.add_command(attachment_group)


@click.group("attachments")
def attachment_group() -> None:
    """Files that citizens sent."""


@attachment_group.command("original")
@click.argument("uid")
def original(uid: str) -> None:
    """Write the file UID as it came to standard output, with all it says about place and device.

    Taking it is recorded in the petition's timeline. No antivirus program stands in between.
    """
    office = open_office(load_settings())
    try:
        with office.store.read() as tx:
            row = tx.execute(select(attachments).where(attachments.c.uid == uid)).mappings().first()
        if row is None:
            raise NotFound(what="attachment")
        content = read_stored(office, row["original_sha256"] or row["sha256"])
        with office.store.write() as tx:
            record(
                office.store, tx,
                petition_id=row["petition_id"], event="original_file_taken", actor=SYSTEM,
                now=utc_now(),
            )  # fmt: skip
    finally:
        office.store.close()
    click.echo(content, nl=False)
