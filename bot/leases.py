"""Whose lease a row is under, and taking back at once what a dead process of this machine held."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import datetime

import structlog
from sqlalchemy import Table, select, update

from intake.office import Office
from intake.store.tables import inbox, notices, officer_messages, outbox

_log = structlog.get_logger()
_LONGEST_HOST = 30
_LEASED: tuple[Table, ...] = (inbox, outbox, notices, officer_messages)


def owner_name() -> str:
    """This process among all that share the database: machine, process number, random part."""
    return f"{_host()}:{os.getpid()}:{secrets.token_hex(4)}"


def release_dead(office: Office, *, now: datetime) -> int:
    """End the leases of processes of this machine that are gone; returns how many rows.

    Without it a restart after a crash would wait for them to run out. Leases of other machines
    run out by themselves: from here nobody can tell whether they live.

    Raises:
        StorageAway: the database does not answer.
    """
    released = 0
    for table in _LEASED:
        held = table.c.lease_until > now
        with office.store.read() as tx:
            owners = list(tx.execute(select(table.c.lease_owner).where(held).distinct()).scalars())
        dead = [owner for owner in owners if owner and _is_dead(owner)]
        if dead:
            with office.store.write() as tx:
                ended = tx.execute(
                    update(table).where(held, table.c.lease_owner.in_(dead)).values(lease_until=now)
                )
            released += ended.rowcount
    if released:
        _log.warning("leases_of_dead_processes_ended", rows=released)
    return released


def _is_dead(owner: str) -> bool:
    host, _, rest = owner.partition(":")
    number = rest.partition(":")[0]
    if host != _host() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def _host() -> str:
    return socket.gethostname().replace(":", "-")[:_LONGEST_HOST]
