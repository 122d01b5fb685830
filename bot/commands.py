"""The citizens' command: the chat at the terminal."""

from __future__ import annotations

import getpass
import io
import secrets
import sys
from collections.abc import Iterable, Iterator

import click

from bot import channel_commands
from bot.console_channel import TerminalChat
from intake.clock import utc_now
from intake.office import open_office
from intake.settings import load_settings
from intake.store import schema
from intake.store.engine import Store


def register(group: click.Group) -> None:
    """Add the commands to `tiepdan`."""
    group.add_command(chat)
    channel_commands.register(group)


def _prompted(stream: Iterable[str], typed: bool) -> Iterator[str]:
    """The lines of a stream; somebody who types sees where to."""
    lines = iter(stream)
    while True:
        if typed:
            click.echo("\n> ", nl=False)
        line = next(lines, None)
        if line is None:
            return
        yield line


@click.command("chat")
@click.option("--session", default="", help="Go on with a named conversation.")
def chat(session: str) -> None:
    """Talk with the bot here; the same dialogue as on every channel.

    Lines may also be piped in. Whoever sits at a terminal finds the conversation where they left
    it; piped lines begin a new one, unless --session names one.
    """
    settings = load_settings()
    store = Store(settings.effective_database_url)
    try:
        schema.ensure_newest(store)
    finally:
        store.close()
    typed = sys.stdin.isatty()
    name = session or (getpass.getuser() if typed else secrets.token_hex(16))
    office = open_office(settings)
    stream = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
    try:
        TerminalChat(office, name, show=click.echo, clock=utc_now).run(_prompted(stream, typed))
    except KeyboardInterrupt:
        click.echo()
    finally:
        office.store.close()
