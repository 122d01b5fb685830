"""`tiepdan jobs run` and `tiepdan user contact`: due work by hand, and where digests go."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime

import click

from admin.notify import mail
from admin.notify.digests import send_digests
from intake.accounts import get_officer
from intake.clock import utc_now
from intake.office import Office, open_office
from intake.officer_notices import set_email
from intake.schedule import run_due_jobs
from intake.settings import load_settings


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
    """Everything periodic: the jobs of `intake.schedule`, then digests where mail is configured.

    Returns:
        Counts by name; None where nothing was due.
    """
    done: dict[str, int | None] = asdict(run_due_jobs(office, now=now))
    done["digests"] = None
    if mail.is_configured(office.settings):
        settings = office.settings
        done["digests"] = send_digests(office, lambda message: post(settings, message), now=now)
    return done
