"""`tiepdan serve`, `worker`, `user …`: running the server and opening accounts."""

from __future__ import annotations

import getpass
import signal
import sys
import threading
from collections.abc import Sequence

import click

from admin import key_commands, report_commands
from admin.notify import commands as notify_commands
from intake.accounts import (
    OFFICER_ROLES,
    NewAccount,
    change_officer,
    create_officer,
    end_sessions,
    get_officer,
    hash_password,
    list_officers,
    new_password,
    set_password,
)
from intake.clock import utc_now
from intake.demo import Login, demo_logins, is_empty, load_demo
from intake.errors import SetupRefused
from intake.office import Office, open_office
from intake.officers import SYSTEM
from intake.second_factor import remove_second_factor
from intake.settings import load_settings
from intake.status import Role
from intake.store import schema
from intake.store.engine import Store


def register(group: click.Group) -> None:
    """Add the commands to `tiepdan`."""
    for command in (serve, worker, user):
        group.add_command(command)
    key_commands.register(user)
    notify_commands.register(group, user)
    report_commands.register(group)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65_535))
@click.option("--demo", is_flag=True, help="Load demonstration data into an empty database.")
@click.option("--no-worker", is_flag=True, help="Leave background work to `tiepdan worker`.")
def serve(host: str, port: int, *, demo: bool, no_worker: bool) -> None:
    """Migrate, open the office and serve until Ctrl-C."""
    # Imported here: the other commands need no web server and start sooner without it.
    from admin.serving import run

    office = _opened(demo=demo)
    if office.settings.demo:
        _demonstrated(office)
    run(office, host=host, port=port, work=not no_worker)


@click.command("worker")
def worker() -> None:
    """Background work alone (deliveries, periodic work), for several machines."""
    from admin.serving import background

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    workers = background(_opened())
    for each in workers:
        each.start()
    click.echo("ready", err=True)
    stopped.wait()
    for each in workers:
        each.stop()


@click.group("user")
def user() -> None:
    """Officers' accounts."""


@user.command("add")
@click.argument("username")
@click.option("--name", "display_name", required=True, help="Name shown to colleagues.")
@click.option("--role", required=True, type=click.Choice([str(role) for role in OFFICER_ROLES]))
@click.option("--agency", required=True, help="Agency code.")
@click.option("--denunciations", is_flag=True, help="Cleared for denunciations.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
def add(
    username: str,
    display_name: str,
    role: str,
    agency: str,
    *,
    denunciations: bool,
    password_stdin: bool,
) -> None:
    """Open an account; without --password-stdin a random password is printed once."""
    office = _opened()
    password = _password(given=password_stdin)
    hashed = hash_password(password)
    account = NewAccount(username, display_name, Role(role), agency, denunciations)
    with office.store.write() as tx:
        create_officer(office, tx, account, hashed, by=SYSTEM, now=utc_now())
    _tell(username, password, given=password_stdin)


@user.command("list")
def show() -> None:
    """All accounts, a line each."""
    with _opened().store.read() as tx:
        for row in list_officers(tx):
            state = "" if row.active else "  (disabled)"
            click.echo(f"{row.username}\t{row.role}\t{row.agency}\t{row.display_name}{state}")


@user.command("disable")
@click.argument("username")
def disable(username: str) -> None:
    """Close an account; its sessions and keys end at once."""
    office = _opened()
    with office.store.write() as tx:
        row = get_officer(tx, username)
        account = NewAccount(
            row.username, row.display_name, row.role, row.agency, row.handles_denunciations
        )
        change_officer(office, tx, account, active=False, by=SYSTEM, now=utc_now())
    click.echo(f"{username} is disabled")


@user.command("password")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
def password_of(username: str, *, password_stdin: bool) -> None:
    """Set a new password; every session of the account ends."""
    office = _opened()
    password = _password(given=password_stdin)
    hashed = hash_password(password)
    with office.store.write() as tx:
        set_password(office, tx, username, hashed, by=SYSTEM, now=utc_now())
    _tell(username, password, given=password_stdin)


@user.command("totp-reset")
@click.argument("username")
def totp_reset(username: str) -> None:
    """Take away a lost second factor; every session of the account ends."""
    office = _opened()
    with office.store.write() as tx:
        row = get_officer(tx, username)
        removed = remove_second_factor(office, tx, row, by=SYSTEM, now=utc_now())
        if removed:
            end_sessions(tx, username)
    state = "the second factor is removed" if removed else "there was no second factor"
    click.echo(f"{username}: {state}")


def _opened(*, demo: bool = False) -> Office:
    """The office on a migrated database."""
    settings = load_settings()
    if demo:
        settings = settings.model_copy(update={"demo": True})
    store = Store(settings.effective_database_url)
    schema.ensure_newest(store)
    store.close()
    return open_office(settings)


def _demonstrated(office: Office) -> None:
    """Load the demonstration into an empty database and show its logins."""
    if is_empty(office):
        load_demo(office, now=utc_now())
    _print_logins(office, demo_logins(office))


def _print_logins(office: Office, logins: Sequence[Login]) -> None:
    """The demonstration logins that are really there."""
    with office.store.read() as tx:
        present = {row.username for row in list_officers(tx)}
    for login in logins:
        if login.username in present:
            click.echo(f"login: {login.username} / {login.password}  ({login.role})")


def _password(*, given: bool) -> str:
    if not given:
        return new_password() if not sys.stdin.isatty() else _asked()
    return sys.stdin.readline().rstrip("\n")


def _asked() -> str:
    typed = getpass.getpass("Password (empty: a random one): ")
    if typed and typed != getpass.getpass("Once more: "):
        raise SetupRefused(reason="the two passwords differ")
    return typed or new_password()


def _tell(username: str, password: str, *, given: bool) -> None:
    click.echo(f"{username} / {password}" if not given else f"{username} is ready")
