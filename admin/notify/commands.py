"""`tiepdan jobs run` and `tiepdan user contact`: due work by hand, and where mails go."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime

import click

from admin.notify import mail
from admin.notify.mails import send_mails
from intake.accounts import get_officer
from intake.clock import utc_now
from intake.office import Office, open_office
from intake.officer_contacts import set_email
from intake.schedule import run_due_jobs
from intake.settings import load_settings

# Whose lease a mail is under; a lease of a process that died runs out by itself.
_OWNER = f"mail:{os.getpid()}:{secrets.token_hex(4)}"


def register(group: click.Group, user: click.Group) -> None:
    """Add `jobs` to `tiepdan` and `contact` to `tiepdan user`."""
    group.add_command(jobs)
    user.add_command(contact)


@click.group("jobs")
def jobs() -> None:
    """What is done from time to time; `serve` and `worker` do it by themselves."""


@jobs.command("run")
def run() -> None:
    """Do what is due now, once; prints what was done. For a timer of the system, or by hand."""
    office = open_office(load_settings())
    with closing(office.store):
        click.echo(json.dumps(do_due_work(office, now=utc_now())))


@click.command("contact")
@click.argument("username")
@click.option("--email", required=True, help="Where digests go; empty: no digests.")
def contact(username: str, *, email: str) -> None:
    """Say where an officer's digests go."""
    office = open_office(load_settings())
    with closing(office.store) as store, store.write() as tx:
        set_email(office, tx, get_officer(tx, username), email, now=utc_now())
    click.echo(f"{username}: {'digests by e-mail' if email.strip() else 'no digests'}")


def do_due_work(
    office: Office, *, now: datetime, post: Callable[..., None] = mail.send
) -> dict[str, int | None]:
    """Everything periodic: the jobs of `intake.schedule`, then mails where mail is configured.

    Returns:
        Counts by name; None where nothing was due.
    """
    done: dict[str, int | None] = asdict(run_due_jobs(office, now=now))
    done["mails"] = deliver_mails(office, now=now, post=post)
    return done


def deliver_mails(
    office: Office, *, now: datetime, post: Callable[..., None] = mail.send
) -> int | None:
    """Send the officers' mails that are due; None where no mail server is set."""
    settings = office.settings
    if not mail.is_configured(settings):
        return None
    return send_mails(office, lambda message: post(settings, message), owner=_OWNER, now=now)
